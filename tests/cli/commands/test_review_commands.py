"""`bot review` on real git repositories and a folder hub."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from social_payloads import bluesky_profile, mastodon_account
from social_server import Feed, SocialServer

from bot import __version__
from bot.__main__ import main
from bot.github import new_handles
from bot.github.review import Review
from bot.github.upgrade import Upgrade
from bot.registry.asked import recipe_digest

PUBLISHED = Path(__file__).parents[2] / "data/formats/1/hub/org/ada"

BASE = """\
version: 1
namespace: org
contact: https://example.org/removal
defaults: {consent: self, source: archive}
models:
  - handles: [ada]
  - handles: [bob]
  - handles: [cleo]
removed:
  - handles: [dave]
x: {terms_acknowledged: true}
"""


class Repo:
    """A git repository with a registry, whose last commit is the pull request's merge."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "-q", "-b", "main")
        self.write("registry.yaml", BASE)
        self.commit()

    def git(self, *args: str) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
        done = subprocess.run(
            ["git", "-C", self.folder, *identity, *args], check=True, capture_output=True, text=True
        )
        return done.stdout

    def write(self, path: str, text: str) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)

    def commit(self) -> None:
        self.git("add", "-A", "-f")
        self.git("commit", "-q", "--allow-empty", "-m", "x")

    def change(self, old: str, new: str) -> None:
        text = (self.folder / "registry.yaml").read_text()
        assert old in text
        self.write("registry.yaml", text.replace(old, new))

    def review(self, *, code: int = 0) -> tuple[Review, str]:
        self.commit()
        out = self.folder.parent / "out"
        where = [
            "--registry",
            str(self.folder / "registry.yaml"),
            "--hub",
            f"dir:{self.folder.parent / 'hub'}",
        ]
        assert main(["review", "--out", str(out), *where]) == code
        return Review.model_validate_json((out / "review.json").read_bytes()), (out / "review.md").read_text()


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    (tmp_path / "repo").mkdir()
    return Repo(tmp_path / "repo")


def test_an_added_handle_is_reported_with_what_follows(repo: Repo) -> None:
    repo.change("removed:", "  - {handles: [eve], source: x}\nremoved:")
    made, text = repo.review()
    assert (made.added, made.changed, made.removed, made.faults) == (("eve",), (), (), ())
    assert made.rows is not None
    (row,) = made.rows
    assert (row.action, row.name) == ("train", "eve")
    assert row.reads > 0
    assert row.usd > 0
    assert "**1** model is trained" in text
    assert row.reason == "new: there is no public model of this name yet"
    assert "ada" not in text
    assert "`preview.html`" in text
    assert (repo.folder.parent / "out/preview.html").read_text().count("eve") > 1


def test_nothing_about_the_models_is_said_in_a_line(repo: Repo) -> None:
    repo.write("README.md", "hello")
    made, text = repo.review()
    assert not made.touches
    assert "Nothing about the models changes" in text
    assert "preview" not in text


def test_what_was_wrong_before_is_not_this_pull_requests(repo: Repo) -> None:
    repo.change("  - handles: [bob]\n", "  - {handles: [bob], archive: nowhere.zip}\n")
    repo.commit()
    repo.change("version: 1", "# one line more\nversion: 1")
    repo.change("removed:", "  - {handles: [eve]}\nremoved:")
    made, _ = repo.review()
    assert made.added == ("eve",)
    assert (made.changed, made.faults, made.elsewhere) == ((), (), 1)


def test_the_same_fault_in_an_entry_that_it_adds_is_its_own(repo: Repo) -> None:
    repo.change("  - handles: [bob]\n", "  - {handles: [bob], archive: nowhere.zip}\n")
    repo.commit()
    repo.change("removed:", "  - {handles: [eve], archive: nowhere.zip}\nremoved:")
    made, _ = repo.review(code=2)
    assert [fault.line for fault in made.faults] == [9]
    assert made.elsewhere == 1


def test_faults_of_what_it_touches_stop_it_with_their_lines(repo: Repo) -> None:
    repo.change("  - handles: [bob]\n", "  - {handles: [dave]}\n")
    made, text = repo.review(code=2)
    (fault,) = made.faults
    assert fault.line == 7
    assert "was removed" in fault.message
    assert "### 1 thing to fix" in text
    assert "After the merge" not in text


def test_a_registry_that_cannot_be_read_is_all_there_is_to_say(repo: Repo) -> None:
    repo.write("registry.yaml", "models: [\n")
    made, text = repo.review(code=2)
    assert made.faults
    assert "After the merge" not in text


def test_a_deleted_half_is_said_loudly(repo: Repo) -> None:
    repo.write("registry.yaml", BASE.replace("  - handles: [bob]\n", "").replace("  - handles: [cleo]\n", ""))
    made, _ = repo.review()
    assert made.removed == ("bob", "cleo")
    assert "takes 2 of 3 models out" in made.loud[0]
    more = "".join(f"  - handles: [m{number}]\n" for number in range(7))
    repo.write("registry.yaml", BASE.replace("removed:", more + "removed:"))
    repo.commit()
    repo.write("registry.yaml", BASE)
    made, text = repo.review()
    assert "takes 7 of 10 models out" in made.loud[0]
    assert "> [!CAUTION]" in text


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("removed:\n  - handles: [dave]\n", "", "tombstone of a person"),
        ("namespace: org", "namespace: other", "changes namespace"),
        ("https://example.org/removal", "https://evil.example", "changes contact"),
        ("contact:", "policy: {consent: off}\ncontact:", "changes policy"),
        ("contact:", "store: s3://evil\ncontact:", "changes store"),
    ],
)
def test_what_concerns_the_whole_fleet_is_said_loudly(repo: Repo, old: str, new: str, words: str) -> None:
    repo.change(old, new)
    made, _ = repo.review()
    assert any(words in sentence for sentence in made.loud)


def test_code_that_gets_the_tokens_is_said_loudly(repo: Repo) -> None:
    repo.write(".github/workflows/publish.yml", "on: push")
    made, _ = repo.review()
    assert made.loud == (
        "It changes what runs with the fleet's tokens after the merge: .github/workflows/publish.yml.",
    )


def test_what_installs_the_bot_is_code_too_and_so_is_what_was_moved_away(repo: Repo) -> None:
    repo.write("bot/old.py", "# code, and long enough to be found again where it is moved to\n" * 9)
    repo.commit()
    (repo.folder / "docs").mkdir()
    (repo.folder / "bot/old.py").rename(repo.folder / "docs/old.md")
    for path in ("pyproject.toml", "constraints.txt", "Makefile", "README.md"):
        repo.write(path, "x")
    made, _ = repo.review()
    (sentence,) = made.loud
    assert sentence.endswith(": Makefile, bot/old.py, constraints.txt, pyproject.toml.")


def test_a_template_that_changed_is_every_card_of_it(repo: Repo, tmp_path: Path) -> None:
    repo.write("templates/model_card.md.j2", "# {{ repo }}\n")
    made, _ = repo.review()
    assert (made.added, made.changed) == ((), ())
    assert made.rows == ()  # nothing is published yet, and new models are trained with or without it


@pytest.mark.parametrize(
    ("file", "text", "line", "words"),
    [
        ("model_card.md.j2", "# {{ repo }}\n\n{{ nothere }}\n", 3, "'nothere' is undefined"),
        ("model_card/header.md.j2", "{% if %}\n", 1, "Expected an expression"),
        ("model_card.md.j2", '# x\n{% include "model_card/gone.md.j2" %}\n', 2, "there is no template"),
        ("predictions.svg.j2", "<svg>\n{{ nothere }}</svg>\n", 2, "'nothere' is undefined"),
    ],
)
def test_a_template_that_breaks_is_a_fault_on_its_line(
    repo: Repo,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    file: str,
    text: str,
    line: int,
    words: str,
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(repo.folder))
    event = repo.folder.parent / "event.json"
    event.write_text("{}")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(event))
    repo.write(f"templates/{file}", text)
    made, told = repo.review(code=2)
    (fault,) = made.faults
    assert (Path(fault.path), fault.line) == (repo.folder / "templates" / file, line)
    assert words in fault.message
    assert "### 1 thing to fix" in told
    assert "The registry is sound" not in told
    errors = [one for one in capsys.readouterr().err.splitlines() if one.startswith("::error")]
    assert len(errors) == 1
    assert errors[0].startswith(f"::error file=templates/{file},line={line},col=1::")


def test_a_template_that_breaks_stops_it_without_a_hub_too(repo: Repo) -> None:
    repo.write("templates/other.md.j2", "{{ nothere }}\n")
    repo.change("removed:", "  - {handles: [eve], template: other}\nremoved:")
    repo.commit()
    out = repo.folder.parent / "out"
    where = ["--registry", str(repo.folder / "registry.yaml"), "--hub", "http://127.0.0.1:9"]
    assert main(["review", "--out", str(out), *where]) == 2
    made = Review.model_validate_json((out / "review.json").read_bytes())
    assert [(Path(fault.path).name, fault.line) for fault in made.faults] == [("other.md.j2", 1)]


def test_a_template_that_no_model_uses_stops_nothing(repo: Repo) -> None:
    repo.write("templates/draft.md.j2", "{{ nothere }}\n")
    made, _ = repo.review()
    assert made.faults == ()


def test_no_file_outside_of_the_repository_is_looked_at(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "secret.jsonl").write_text("not JSON: TOP SECRET\n")
    (repo.folder / "posts.jsonl").symlink_to(tmp_path / "secret.jsonl")
    repo.change(
        "removed:",
        "  - {handles: [eve], source: jsonl, jsonl: posts.jsonl}\n"
        "  - {handles: [fay], archive: /etc/passwd}\n"
        "  - {handles: [gus], base: ../}\nremoved:",
    )
    made, text = repo.review(code=2)
    assert [fault.message.count("outside of the repository") for fault in made.faults] == [1, 1, 1]
    assert "SECRET" not in text


def test_a_template_that_leads_out_of_the_repository_is_refused(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    (repo.folder / "templates").mkdir()
    (repo.folder / "templates/model_card.md.j2").symlink_to("/etc/passwd")
    repo.commit()
    where = ["--registry", str(repo.folder / "registry.yaml"), "--out", str(repo.folder.parent / "out")]
    assert main(["review", *where]) == 2
    assert "leads out of the repository" in capsys.readouterr().err


def test_a_model_that_is_blocked_is_said_above_the_table(repo: Repo) -> None:
    repo.change("x: {terms_acknowledged: true}\n", "")
    repo.change("removed:", "  - {handles: [eve], source: x}\nremoved:")
    made, text = repo.review()
    assert made.rows is not None
    assert [row.action for row in made.rows] == ["blocked"]
    assert "**1** model is blocked" in text
    assert "Nothing needs to be trained" not in text


def test_a_hub_that_is_down_stops_no_review(repo: Repo) -> None:
    repo.change("removed:", "  - {handles: [eve]}\nremoved:")
    repo.commit()
    out = repo.folder.parent / "out"
    where = ["--registry", str(repo.folder / "registry.yaml"), "--hub", "http://127.0.0.1:9"]
    assert main(["review", "--out", str(out), *where]) == 0
    made = Review.model_validate_json((out / "review.json").read_bytes())
    assert made.rows is None
    assert "the Hub could not be asked" in made.notes[0]


def test_what_is_loud_is_annotated_before_what_is_only_a_warning(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    event = repo.folder.parent / "event.json"
    event.write_text("{}")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(event))
    repo.change("contact: https://example.org/removal\n", "")
    repo.change("  - handles: [dave]\n", "  []\n")
    repo.review()
    warnings = [line for line in capsys.readouterr().err.splitlines() if line.startswith("::warning")]
    assert len(warnings) == 3
    assert "could be imitated again" in warnings[0]
    assert "contact is missing" in warnings[2]


def test_a_hostile_name_is_text_in_the_summary(repo: Repo) -> None:
    hostile = r'"$(id)`x`|<img src=x>\n::error::y [a](https://evil.example) @everyone"'
    repo.change("removed:", f"  - {{handles: [{hostile}]}}\nremoved:")
    _, text = repo.review(code=2)
    assert "<img" not in text
    assert "@everyone" not in text
    assert "\n::error" not in text


def test_a_base_that_is_not_here_is_said(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--registry", str(repo.folder / "registry.yaml"), "--out", str(repo.folder.parent / "out")]
    assert main(["review", "--base", "no-such-commit", *where]) == 2
    assert "fetch-depth" in capsys.readouterr().err


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Iterator[SocialServer]:
    with SocialServer() as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        running.bluesky["carol.example.social"] = Feed(bluesky_profile(), [])
        running.mastodon["carol@example.social"] = Feed(mastodon_account(), [])
        yield running


ADDED = """\
  - {handles: [carol.example.social, nobody.example.social], source: bluesky}
  - {handles: [carol@example.social], source: mastodon}
  - {handles: [nobody@example.social], source: mastodon}
  - {handles: [eve], source: x}
removed:"""


def test_a_new_handle_that_no_account_has_is_a_fault_on_its_line(repo: Repo, net: SocialServer) -> None:
    repo.change("removed:", ADDED)
    made, text = repo.review(code=2)
    assert [(fault.line, fault.message.partition(":")[0]) for fault in made.faults] == [
        (9, "there is no account nobody.example.social on Bluesky"),
        (11, "there is no account nobody@example.social on Mastodon"),
    ]
    assert net.count("") == 4  # one request a handle, and X is never asked
    assert "### 2 things to fix" in text
    assert [voice.handle for voice in made.voices if voice.model.startswith("carol.example.social-")] == [
        "carol.example.social",
        "nobody.example.social",
    ]


def test_a_handle_that_was_listed_before_is_not_asked_about(repo: Repo, net: SocialServer) -> None:
    repo.change("removed:", ADDED)
    repo.commit()
    repo.change(
        "source: mastodon}\n  - {handles: [nobody", "source: mastodon, tags: [a]}\n  - {handles: [nobody"
    )
    made, _ = repo.review()
    assert (len(made.changed), net.count("")) == (1, 0)


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_a_network_that_does_not_answer_is_no_finding(repo: Repo, net: SocialServer, status: int) -> None:
    net.fault(path="", status=status, times=99)
    repo.change("removed:", ADDED)
    made, _ = repo.review()
    assert made.faults == ()
    assert net.count("") == 4


def test_of_many_new_handles_a_bounded_number_is_asked_about(
    repo: Repo, net: SocialServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_handles, "MOST", 3)
    many = "".join(f"  - {{handles: [nobody{at}.example.social], source: bluesky}}\n" for at in range(9))
    repo.change("removed:", many + "removed:")
    made, _ = repo.review(code=2)
    assert (len(made.faults), net.count("")) == (3, 3)


UPGRADE = "steps:\n  - uses: org/mynah@0123456789abcdef0123456789abcdef01234567 # v0.3.0\n"


def published(repo: Repo, *names: str, **changes: Any) -> None:
    """Puts models into the hub that an earlier version published, with other facts where `changes` says so."""
    for name in names:
        shutil.copytree(PUBLISHED, repo.folder.parent / "hub" / "org" / name)
        path = repo.folder.parent / "hub" / "org" / name / "bot.json"
        value = json.loads(path.read_text())
        facts = {"handles": [name], "base": "openai-community/gpt2", "recipe": recipe_digest({}, 1)}
        value["published"] |= {**facts, **changes}
        path.write_text(json.dumps(value))


def upgrade_of(repo: Repo) -> tuple[Upgrade, str]:
    repo.write(".github/workflows/publish.yml", UPGRADE)
    made, text = repo.review()
    assert made.upgrade is not None
    return made.upgrade, text


def test_a_newer_pin_says_how_many_cards_it_would_render_and_that_it_trains_none(repo: Repo) -> None:
    published(repo, "ada", "bob", template="another bot's")
    upgrade, text = upgrade_of(repo)
    assert upgrade == Upgrade(version=__version__, cards=2, trained=0, held=0, unreadable=0)
    assert f"The bot of this change is {__version__}: 2 cards would be rendered, 0 trained." in text


def test_the_guards_rules_apply_to_a_newer_pin(repo: Repo) -> None:
    names = [f"user{number}" for number in range(12)]
    repo.change("  - handles: [bob]\n", "".join(f"  - handles: [{name}]\n" for name in names))
    repo.commit()
    published(repo, *names, template="another bot's")
    upgrade, text = upgrade_of(repo)
    assert (upgrade.cards, upgrade.trained, upgrade.held) == (12, 0, 12)
    assert "12 of these steps are held back by the guard" in text


def test_a_pin_to_an_older_bot_says_which_models_it_cannot_read(repo: Repo) -> None:
    published(repo, "ada", version=99)
    upgrade, text = upgrade_of(repo)
    assert (upgrade.cards, upgrade.trained, upgrade.unreadable) == (0, 0, 1)
    assert "1 published model cannot be read by it" in text


def test_a_workflow_that_changes_nothing_for_the_models_says_so_in_numbers(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    upgrade, _ = upgrade_of(repo)
    assert (upgrade.cards, upgrade.trained) == (0, 0)
    assert "0 cards would be rendered, 0 trained" in capsys.readouterr().out


def test_a_template_alone_is_no_change_of_the_bot(repo: Repo) -> None:
    repo.write("templates/model_card.md.j2", "# {{ repo }}\n")
    made, _ = repo.review()
    assert made.upgrade is None
