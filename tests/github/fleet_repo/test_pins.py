"""What pins a fleet to a commit of the bot: read, written, and held against tags that moved."""

from __future__ import annotations

from pathlib import Path

import pytest
from clones import commit, git

from bot import __version__
from bot.errors import UsageError
from bot.github.fleet_repo import pins
from bot.github.fleet_repo.pins import Pin, Use
from bot.io.origin import UNKNOWN, Origin

SHA = "0123456789abcdef0123456789abcdef01234567"
ACTION = f"org/mynah@{SHA}"
PIN = Pin("org/mynah", SHA, "1.2.3")


def test_the_flag_names_a_repository_and_a_full_commit() -> None:
    assert pins.parse(f"org/mynah@{SHA}") == Pin("org/mynah", SHA, __version__)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mynah",
        f"mynah@{SHA}",
        "org/mynah@v1",
        ACTION[:-28],
        f"org/mynah@{SHA}\nx",
        f"a b/c@{SHA}",
    ],
)
def test_a_flag_that_names_no_commit_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="OWNER/REPO@SHA"):
        pins.parse(text)


def test_the_pin_of_a_known_origin_is_that_origin() -> None:
    assert pins.of_origin(Origin("https://github.com/org/mynah", SHA)) == Pin("org/mynah", SHA, __version__)
    server = "https://github.example"
    assert pins.of_origin(Origin(f"{server}/org/mynah", SHA), server).repository == "org/mynah"


@pytest.mark.parametrize(
    "origin",
    [
        UNKNOWN,
        Origin("https://github.com/org/mynah", problem="the clone has changes"),
        Origin("https://gitlab.example/org/mynah", SHA),
        Origin("https://github.com/org/group/mynah", SHA),
    ],
)
def test_no_pin_is_made_up(origin: Origin) -> None:
    with pytest.raises(UsageError, match="--action OWNER/REPO@SHA") as raised:
        pins.of_origin(origin)
    assert raised.value.exit_code == 2
    assert origin.problem is None or origin.problem in str(raised.value)


def test_the_local_action_alone_is_replaced_in_each_way_to_write_it() -> None:
    text = "      - uses: ./\n      - if: x\n        uses: ./\n    uses: ./.github/workflows/publish.yml\n"
    assert pins.pinned(text, PIN) == (
        f"      - uses: org/mynah@{SHA} # v1.2.3\n      - if: x\n        uses: org/mynah@{SHA} # v1.2.3\n"
        "    uses: ./.github/workflows/publish.yml\n"
    )


def test_uses_of_the_bot_are_found_with_their_version() -> None:
    text = f"- uses: actions/checkout@{SHA} # v7.0.1\n- uses: {PIN}\n  uses: org/mynah@v1\n"
    assert pins.uses({"a.yml": text}) == [
        Use("a.yml", "org/mynah", SHA, "1.2.3"),
        Use("a.yml", "org/mynah", "v1", None),
    ]


def test_a_tag_instead_of_a_commit_is_said() -> None:
    (said,) = pins.warnings([Use("a.yml", "org/mynah", "v1", None)])
    assert "a.yml" in said
    assert "v1" in said


@pytest.mark.parametrize("annotated", [False, True])
def test_a_tag_that_moved_is_said_and_one_that_did_not_is_not(annotated: bool, tmp_path: Path) -> None:
    remote = tmp_path / "org" / "mynah"
    remote.mkdir(parents=True)
    git(remote, "init", "--quiet")
    first = commit(remote)
    tag = ("tag", "--force", *(("--annotate", "--message", "x") if annotated else ()), "v1.2.3")
    git(remote, *tag)
    use = Use("a.yml", "org/mynah", first, "1.2.3")
    assert pins.warnings([use, use], server=tmp_path.as_uri()) == []
    second = commit(remote)
    git(remote, *tag)
    (said,) = pins.warnings([use, use], server=tmp_path.as_uri())
    assert first[:12] in said
    assert second[:12] in said


def test_a_repository_that_does_not_answer_is_no_finding(tmp_path: Path) -> None:
    assert pins.warnings([Use("a.yml", "org/mynah", SHA, "1.2.3")], server=tmp_path.as_uri()) == []


@pytest.mark.parametrize(
    ("there", "fine"), [("1.2.2", True), ("1.2.3", True), ("1.10.0", False), (None, True)]
)
def test_workflows_of_a_newer_bot_are_not_replaced_by_older_ones(there: str | None, fine: bool) -> None:
    found = [Use("a.yml", "org/mynah", SHA, there)]
    if fine:
        pins.refuse_older(found, PIN)
    else:
        with pytest.raises(UsageError, match="newer"):
            pins.refuse_older(found, PIN)
