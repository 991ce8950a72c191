"""`bot init` as a user meets it: a fleet repository, a registry at home, an update, and every wrong folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from clones import clone, commit, git
from hub_server import HubServer

from bot import __version__, registry
from bot.__main__ import main
from bot.cli.commands.init import init
from bot.io import origin

pytest_plugins = ["hub_fixtures"]

SHA = "0123456789abcdef0123456789abcdef01234567"
ACTION = f"org/mynah@{SHA}"
PUBLISH = ".github/workflows/publish.yml"
Run = Callable[..., int]


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """GitHub is a folder, and no token is set."""
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setenv("GITHUB_SERVER_URL", (tmp_path / "github").as_uri())


def fleet(folder: Path, *flags: str) -> int:
    return main(["init", str(folder), "--yes", "--action", ACTION, *flags])


def contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


def test_an_empty_folder_becomes_a_fleet_repository_that_validates(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "fleet"
    assert fleet(folder, "--namespace", "acme", "--source", "bluesky") == 0
    loaded = registry.load(folder / "registry.yaml")
    assert (loaded.namespace, loaded.contact, loaded.problems) == ("acme", None, ())
    assert f"uses: {ACTION} # v{__version__}\n" in contents(folder)[PUBLISH]
    assert len(contents(folder)) <= 16


def test_what_to_do_next_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fleet(tmp_path / "fleet", "--gpu-runner", "big gpu") == 0
    said = capsys.readouterr().out
    assert "git init" in said
    assert "namespace:" in said
    assert "gh variable set GPU_RUNNER --body 'big gpu'" in said
    clone(tmp_path / "repository")
    assert fleet(tmp_path / "repository", "--namespace", "acme") == 0
    assert "git init" not in capsys.readouterr().out


def test_a_second_run_writes_nothing_and_overwrites_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet(tmp_path, "--namespace", "acme")
    (tmp_path / "README.md").write_text("ours\n")
    (tmp_path / PUBLISH).write_text("name: publish\n")
    before = contents(tmp_path)
    capsys.readouterr()
    assert fleet(tmp_path) == 0
    said = capsys.readouterr().out
    assert contents(tmp_path) == before
    assert "-name: publish\n" not in said  # an unchanged line is context
    assert f"+++ {PUBLISH}" in said
    assert "README.md" in said
    assert "+++ README.md" not in said
    assert "--update" in said


def test_a_registry_from_home_becomes_a_fleet_and_stays_as_it_is(tmp_path: Path) -> None:
    text = "version: 1\nnamespace: me\nmodels: []\n"
    (tmp_path / "registry.yaml").write_text(text)
    assert fleet(tmp_path) == 0
    assert (tmp_path / "registry.yaml").read_text() == text
    assert "huggingface.co/me" in (tmp_path / "README.md").read_text()
    assert fleet(tmp_path, "--namespace", "other") == 2


def test_a_registry_that_cannot_be_read_stops_it(tmp_path: Path) -> None:
    (tmp_path / "registry.yaml").write_text("models: [\n")
    assert fleet(tmp_path) == 2
    assert list(contents(tmp_path)) == ["registry.yaml"]


def test_update_brings_old_workflows_to_this_version_and_keeps_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = clone(tmp_path / "fleet")
    fleet(folder, "--namespace", "acme")
    now = contents(folder)
    old = f"uses: org/mynah@{'1' * 40} # v0.0.1"
    for path in folder.glob(".github/workflows/*.yml"):
        path.write_text(path.read_text().replace(f"uses: {ACTION} # v{__version__}", old) + "# old\n")
    (folder / ".github/workflows/add-handle.yml").unlink()
    (folder / "README.md").write_text("ours\n")
    commit(folder)
    capsys.readouterr()
    assert fleet(folder, "--update") == 0
    assert contents(folder) == {
        path: "ours\n" if path == "README.md" else text
        for path, text in now.items()
        if path != ".github/workflows/add-handle.yml"
    }
    assert "not there: .github/workflows/add-handle.yml" in capsys.readouterr().out
    commit(folder)
    assert fleet(folder, "--update") == 0
    assert git(folder, "status", "--porcelain") == ""


def test_update_loses_no_change_of_somebody(tmp_path: Path) -> None:
    folder = clone(tmp_path / "fleet")
    fleet(folder)
    commit(folder)
    (folder / PUBLISH).write_text("mine\n")
    assert fleet(folder, "--update") == 2
    assert (folder / PUBLISH).read_text() == "mine\n"


def test_update_never_goes_back_to_an_older_version(tmp_path: Path) -> None:
    folder = clone(tmp_path / "fleet")
    fleet(folder)
    text = (folder / PUBLISH).read_text().replace(f"# v{__version__}", "# v999.0.0")
    (folder / PUBLISH).write_text(text)
    commit(folder)
    assert fleet(folder, "--update") == 2
    assert (folder / PUBLISH).read_text() == text


def test_update_where_no_fleet_is_says_so(tmp_path: Path) -> None:
    assert fleet(tmp_path, "--update") == 2
    assert contents(tmp_path) == {}


def test_a_moved_tag_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    remote = tmp_path / "github" / "org" / "mynah"
    remote.mkdir(parents=True)
    git(remote, "init", "--quiet")
    elsewhere = commit(remote)
    git(remote, "tag", f"v{__version__}")
    fleet(tmp_path / "fleet")
    capsys.readouterr()
    assert fleet(tmp_path / "fleet") == 0
    said = capsys.readouterr().err
    assert SHA[:12] in said
    assert elsewhere[:12] in said


def test_a_bot_of_no_known_commit_writes_nothing_and_names_the_flag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(origin, "find", lambda: origin.UNKNOWN)
    assert main(["init", str(tmp_path), "--yes"]) == 2
    assert "--action OWNER/REPO@SHA" in capsys.readouterr().err
    assert contents(tmp_path) == {}
    found = origin.Origin("https://github.com/org/mynah", SHA)
    monkeypatch.setattr(origin, "find", lambda: found)
    monkeypatch.delenv("GITHUB_SERVER_URL")
    assert main(["init", str(tmp_path), "--yes"]) == 0
    assert f"uses: {ACTION} # v{__version__}" in contents(tmp_path)[PUBLISH]


def test_at_home_it_writes_a_registry_and_nothing_else(tmp_path: Path) -> None:
    assert main(["init", str(tmp_path), "--local", "--yes", "--namespace", "me", "--source", "archive"]) == 0
    assert list(contents(tmp_path)) == ["registry.yaml"]
    loaded = registry.load(tmp_path / "registry.yaml")
    assert (loaded.namespace, loaded.problems) == ("me", ())
    assert loaded.store.url == (tmp_path / ".bot" / "store").as_uri()
    assert main(["validate", "--registry", str(tmp_path / "registry.yaml")]) == 0
    before = contents(tmp_path)
    assert main(["init", str(tmp_path), "--local", "--yes"]) == 0
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "flag", [("--update",), ("--templates",), ("--action", ACTION), ("--gpu-runner", "x")]
)
def test_at_home_flags_of_a_repository_mean_nothing(flag: tuple[str, ...], tmp_path: Path) -> None:
    assert main(["init", str(tmp_path), "--local", "--yes", *flag]) == 2
    assert contents(tmp_path) == {}


def test_questions_are_asked_for_what_no_flag_gives(tmp_path: Path) -> None:
    answers = "acme\n\nfriendster\nmastodon, x\ngpu\n"
    ran = CliRunner().invoke(init, [str(tmp_path), "--action", ACTION], input=answers)
    assert ran.exit_code == 0, ran.output
    assert "friendster" in ran.output
    loaded = registry.load(tmp_path / "registry.yaml")
    assert (loaded.namespace, loaded.contact) == ("acme", None)
    assert "\n  source: mastodon " in (tmp_path / "registry.yaml").read_text()
    assert "`gpu`" in (tmp_path / "README.md").read_text()


def test_questions_that_nobody_answers_end_with_the_flags_that_do(tmp_path: Path) -> None:
    code = "import sys; from bot.__main__ import main; sys.exit(main())"
    ran = subprocess.run(
        [sys.executable, "-c", code, "init", str(tmp_path), "--action", ACTION],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2, ran.stderr
    assert "--yes" in ran.stderr
    assert contents(tmp_path) == {}


@pytest.mark.parametrize(
    "flags",
    [
        ("--namespace", "my org"),
        ("--contact", "nobody"),
        ("--action", "org/mynah@v1"),
        ("--source", "friend"),
    ],
)
def test_a_wrong_answer_writes_nothing(flags: tuple[str, ...], tmp_path: Path) -> None:
    assert fleet(tmp_path / "fleet", *flags) == 2
    assert not (tmp_path / "fleet").exists()


def test_the_wrong_folder_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("x")
    assert fleet(tmp_path / "file") == 2
    assert fleet(Path(__file__).parents[3]) == 2  # the bot's own repository
    top = clone(tmp_path / "repository")
    assert fleet(top / "below") == 2
    assert str(top) in capsys.readouterr().err
    assert contents(top) == {}
    assert main(["init", str(top / "below"), "--local", "--yes"]) == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert fleet(tmp_path) == 2


def test_a_file_where_a_folder_is_needed_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / ".github").write_text("x")
    assert fleet(tmp_path) == 2
    assert contents(tmp_path) == {".github": "x"}


def test_a_namespace_that_the_token_cannot_write_is_a_warning(
    server: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_TOKEN", HubServer.token)
    assert fleet(tmp_path / "fleet", "--namespace", "somebody-else") == 0
    said = capsys.readouterr().err
    assert "somebody-else" in said
    assert (tmp_path / "fleet" / "registry.yaml").is_file()
