"""`bot propose` and `bot takedown` as the workflows run them, on a GitHub on loopback."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fleets import Fleet
from github_server import GitHubServer

from bot.__main__ import main
from bot.store import Store

REGISTRY = """\
version: 1
namespace: org
contact: https://example.org/removal
models:
  # Ada came first.
  - handles: [ada_example]
    consent: self
x: {terms_acknowledged: true}
"""


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with GitHubServer({"registry.yaml": REGISTRY}) as running:
        yield running


@pytest.fixture
def workflow(github: GitHubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Puts the process into a workflow's step; give it the event."""
    for name, value in {
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(tmp_path),
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GITHUB_TOKEN": "t",
        "GITHUB_REPOSITORY": "org/fleet",
        "GITHUB_API_URL": github.url,
        "GITHUB_RUN_ID": "77",
    }.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "registry.yaml").write_text(REGISTRY)

    def event(value: Any) -> None:
        (tmp_path / "event.json").write_text(json.dumps(value))

    return event


@pytest.fixture(scope="module")
def once_published(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Fleet:
    """A published fleet of a person alone, another alone, and both together, with their posts in the store."""
    fleet = Fleet(tmp_path_factory.mktemp("fleet"), tiny_base)
    for seed, handle in enumerate(("ada", "bob"), 1):
        fleet.posts(handle, 300, seed=seed)
        fleet.entry(handle)
    fleet.entry("ada", "bob")
    fleet.write()
    code, _ = fleet.run("apply")
    assert code == 0
    return fleet


@pytest.fixture
def published(
    tmp_path: Path, github: GitHubServer, once_published: Fleet, workflow: Callable[[Any], None]
) -> Fleet:
    """A copy of it for one test, whose registry also stands on GitHub."""
    shutil.copytree(once_published.folder, tmp_path, dirs_exist_ok=True)
    fleet = Fleet(tmp_path, once_published.base)
    fleet.models = list(once_published.models)
    github.branches["main"]["registry.yaml"] = (tmp_path / "registry.yaml").read_text()
    return fleet


@pytest.fixture
def at_home(published: Fleet, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """The same copy, and no workflow."""
    monkeypatch.delenv("GITHUB_ACTIONS")
    return published


def take_down(fleet: Fleet, *args: str) -> int:
    where = ["--registry", str(fleet.folder / "registry.yaml"), "--hub", f"dir:{fleet.folder / 'hub'}"]
    return main(["takedown", *where, *args])


def states(fleet: Fleet) -> dict[str, str]:
    """Every published model: private or public; what was deleted is missing."""
    from bot.hub import open_hub

    listing = open_hub(f"dir:{fleet.folder / 'hub'}", "org").listing()
    return {name: "private" if repo.private else "public" for name, repo in listing.repos.items()}


def test_a_person_is_gone_everywhere_and_it_is_proven_without_naming_them(
    published: Fleet,
    github: GitHubServer,
    workflow: Callable[[Any], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    workflow({"inputs": {"handle": "@Ada", "reason": "asked to"}})
    assert take_down(published) == 0
    assert states(published) == {"ada": "private", "ada-bob": "private", "bob": "public"}
    main_registry = github.branches["main"]["registry.yaml"]
    assert "sha256:" in main_registry
    assert "[ada]" not in main_registry
    assert "asked to" in main_registry
    store = Store(f"file://{published.folder / '.bot/store'}")
    assert {handle for _, handle in store.all_facts()} == {"bob"}
    summary = (published.folder / "summary.md").read_text()
    assert "2 models of this person" in summary
    assert "run this again when it has ended" in summary
    assert "ada" not in summary
    said = capsys.readouterr()
    assert "::add-mask::ada" in said.err
    assert "ada" not in said.out
    code, _ = published.run("apply", "--allow-removals", "5")
    assert code == 0
    assert states(published) == {"ada": "private", "ada-bob": "private", "bob": "public"}


def test_doing_it_again_does_no_harm(
    published: Fleet, github: GitHubServer, workflow: Callable[[Any], None]
) -> None:
    workflow({"inputs": {"handle": "ada", "reason": "asked to"}})
    assert take_down(published) == 0
    once = github.branches["main"]["registry.yaml"]
    assert take_down(published) == 0
    assert github.branches["main"]["registry.yaml"] == once
    assert len(github.messages) == 1


def test_where_main_takes_no_commit_it_is_proposed_and_nothing_is_deleted_yet(
    published: Fleet, github: GitHubServer, workflow: Callable[[Any], None]
) -> None:
    published.top = "policy: {removal: delete}\n"
    published.write()
    github.branches["main"]["registry.yaml"] = (published.folder / "registry.yaml").read_text()
    github.refuse["PUT /contents/registry.yaml"] = 409
    github.refuse["PUT /contents/registry"] = 409
    github.refuse["PUT /contents"] = 409
    workflow({"inputs": {"handle": "ada", "reason": "asked to"}})
    assert take_down(published, "--named") == 0
    (pull,) = github.pulls
    assert "ada" not in pull["head"]["ref"] + pull["title"] + pull["body"]
    assert states(published)["ada"] == "private"
    assert "NOT FINAL" in (published.folder / "summary.md").read_text()
    github.branches["main"] = github.branches[pull["head"]["ref"]]
    assert take_down(published, "--named") == 0
    assert states(published) == {"bob": "public"}


def test_it_takes_a_handle_and_a_reason(
    published: Fleet, workflow: Callable[[Any], None], capsys: pytest.CaptureFixture[str]
) -> None:
    for inputs in ({"handle": "ada"}, {"reason": "x"}, {"handle": "$(id)\n", "reason": "x"}):
        workflow({"inputs": inputs})
        assert take_down(published) == 2
    assert set(states(published).values()) == {"public"}


def test_at_home_it_works_without_github(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "registry.yaml"
    path.write_text(REGISTRY)
    args = [
        "--registry",
        str(path),
        "--hub",
        f"dir:{tmp_path / 'hub'}",
        "--handle",
        "ada_example",
        "--reason",
        "x",
    ]
    assert main(["takedown", *args]) == 0
    said = capsys.readouterr().out
    assert "Models: no repo in the listing names this person by its card, manifest or name" in said
    assert "was read again: it holds one, and no entry of theirs" in said
    assert "sha256:" in path.read_text()


def damage(fleet: Fleet, name: str, *, card: bool = False) -> None:
    """Cuts the manifest of a published model short before it names anybody, and takes its card away if asked."""
    folder = fleet.published(name)
    (folder / "bot.json").write_bytes((folder / "bot.json").read_bytes()[:20])
    if card:
        (folder / "README.md").write_text("# nothing")


@pytest.mark.parametrize("gone", [False, True], ids=["cut short", "deleted"])
def test_a_model_whose_manifest_is_lost_is_found_by_its_card(
    at_home: Fleet, capsys: pytest.CaptureFixture[str], gone: bool
) -> None:
    damage(at_home, "ada")
    if gone:
        (at_home.published("ada") / "bot.json").unlink()
    assert take_down(at_home, "--handle", "ada", "--reason", "x") == 0
    assert states(at_home) == {"ada": "private", "ada-bob": "private", "bob": "public"}
    assert "2 models of this person made private" in capsys.readouterr().out
    code, out = at_home.run("apply", "--allow-removals", "5")
    assert code == 0
    assert "unlisted" not in out


@pytest.mark.parametrize("removal", ["private", "delete"])
def test_a_repo_that_cannot_be_read_is_hidden_by_its_name_and_no_proof(
    at_home: Fleet,
    capsys: pytest.CaptureFixture[str],
    removal: str,
) -> None:
    at_home.top = f"policy: {{removal: {removal}}}\n"
    at_home.write()
    for name in ("ada", "ada-bob", "bob"):
        damage(at_home, name, card=True)
    assert take_down(at_home, "--handle", "ada", "--reason", "x") == 1
    assert states(at_home) == {"ada": "private", "ada-bob": "private", "bob": "public"}
    said = capsys.readouterr().out
    assert "3 repos of ours cannot be read" in said
    assert "bob" in said.split("is not known: ")[1]


def test_what_cannot_be_read_is_reported_in_public_without_the_person(
    published: Fleet,
    github: GitHubServer,
    workflow: Callable[[Any], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("ada", "ada-bob", "bob"):
        damage(published, name, card=True)
    workflow({"inputs": {"handle": "ada", "reason": "x"}})
    assert take_down(published) == 1
    summary = (published.folder / "summary.md").read_text()
    assert "is not known: one whose name may be theirs, one whose name may be theirs, bob" in summary
    assert "ada" not in summary + capsys.readouterr().out


def test_a_tombstone_covers_what_cannot_be_read_in_plan_and_apply_too(at_home: Fleet) -> None:
    for name in ("ada", "ada-bob"):
        damage(at_home, name, card=True)
    at_home.models = at_home.models[1:2]
    at_home.top = "removed: [{handles: [ada]}]\npolicy: {removal: delete}\n"
    at_home.write()
    assert at_home.actions() == {"ada": "remove", "ada-bob": "remove", "bob": "ok"}
    code, outcomes = at_home.outcomes("--allow-removals", "5")
    assert (code, outcomes["ada"]["result"], outcomes["ada-bob"]["result"]) == (0, "done", "done")
    assert states(at_home) == {"ada": "private", "ada-bob": "private", "bob": "public"}
    assert at_home.actions() == {"ada": "ok", "ada-bob": "ok", "bob": "ok"}


def test_a_store_that_fails_leaves_the_models_removed_and_the_takedown_unfinished(
    at_home: Fleet, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.errors import SourceError

    def refuse(*_: object) -> None:
        raise SourceError("store x: it cannot be written")

    monkeypatch.setattr(Store, "purge", refuse)
    assert take_down(at_home, "--handle", "ada", "--reason", "x") == 1
    assert states(at_home)["ada"] == "private"
    said = capsys.readouterr().out
    assert "Posts: NOT DONE: store x: it cannot be written" in said
    assert "docs/removal.md" in said


def test_the_persons_account_under_another_handle_is_purged_too(at_home: Fleet) -> None:
    from bot.sources.posts import Post, Profile, Timeline

    store, when = Store(f"file://{at_home.folder / '.bot/store'}"), datetime(2026, 1, 1, tzinfo=UTC)
    for handle in ("dave", "dave_new", "eve"):
        profile = Profile(handle, handle, "x", id="7" if handle != "eve" else "8")
        store.merge(Timeline(profile, [Post("1", "words", when)]), "x", now=when)
    assert take_down(at_home, "--handle", "dave", "--reason", "x") == 0
    assert {handle for _, handle in store.all_facts()} == {"ada", "bob", "eve"}


def test_what_the_bot_keeps_on_this_machine_goes(
    at_home: Fleet,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    place = tmp_path / "temporary"
    (place / "bot-killed").mkdir(parents=True)
    (place / "bot-killed" / ".lock").touch()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    runs = at_home.folder / ".bot" / "wandb"
    for name, text in (("offline-run-1-abc", "name: ada"), ("offline-run-1-def", "name: canada")):
        (runs / name / "logs").mkdir(parents=True)
        (runs / name / "logs" / "debug.log").write_text(text)
    assert take_down(at_home, "--handle", "ada", "--reason", "x") == 0
    assert list(place.iterdir()) == []
    assert [path.name for path in runs.iterdir()] == ["offline-run-1-def"]
    said = capsys.readouterr().out
    assert "This machine: 1 folder of a run that was killed was removed" in said
    assert "This machine: 1 tracked run kept on this machine was removed" in said


def test_an_offline_run_of_a_tracker_is_found_by_its_id(
    at_home: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(f"file://{at_home.folder / '.bot/store'}")
    store.remember("ada", handles=["ada"], runs=[{"service": "wandb", "run": "abc123"}])
    run = at_home.folder / ".bot" / "wandb" / "offline-run-20260101_000000-abc123"
    run.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(at_home.folder)
        assert take_down(at_home, "--handle", "ada", "--reason", "x") == 0
    assert not run.exists()
    assert "Trackers: Weights & Biases: the run kept in .bot/wandb was deleted" in capsys.readouterr().out
    assert store.notes("ada") == {}
