"""`bot comment` as the second workflow runs it, on untrusted artifacts and a GitHub on loopback."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from github_server import GitHubServer

from bot.__main__ import main
from bot.github.api import MOST_FILES
from bot.github.review import Review, Voice

HEAD = "a" * 40
ROW = {"action": "train", "name": "eve", "reason": "new", "reads": 1, "usd": 0.1, "held": False}


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with GitHubServer() as running:
        running.pulls = [
            {
                "number": 5,
                "state": "open",
                "head": {"sha": HEAD, "ref": "x", "repo": {"full_name": "stranger/fleet"}},
            }
        ]
        yield running


@pytest.fixture
def commented(github: GitHubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`bot comment` as the second workflow runs it, on an artifact with this text; returns the exit code."""
    owner = {"full_name": "stranger/fleet", "owner": {"login": "stranger"}}
    event = {"workflow_run": {"id": 77, "head_sha": HEAD, "head_branch": "x", "head_repository": owner}}
    (tmp_path / "event.json").write_text(json.dumps(event))
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "event.json"))
    monkeypatch.setenv("GITHUB_TOKEN", "t")
    monkeypatch.setenv("GITHUB_REPOSITORY", "org/fleet")
    monkeypatch.setenv("GITHUB_API_URL", github.url)

    def run(text: str | None) -> int:
        folder = tmp_path / "artifact"
        folder.mkdir(exist_ok=True)
        if text is not None:
            (folder / "review.json").write_text(text)
        return main(["comment", str(folder)])

    return run


def test_a_review_is_posted_once_and_edited(commented: Any, github: GitHubServer) -> None:
    assert commented(Review(pull=5, head=HEAD, added=("eve",)).model_dump_json()) == 0
    assert commented(Review(pull=5, head=HEAD, added=("fay",)).model_dump_json()) == 0
    (comment,) = github.comments[5]
    assert comment["body"].startswith("<!-- mynah: review -->\n")
    assert "`fay`" in comment["body"]
    assert commented(json.dumps({"pull": 5, "head": HEAD, "rows": [ROW]})) == 0


@pytest.mark.parametrize(
    "made",
    [
        Review(pull=5, head="b" * 40),
        Review(pull=0, head=HEAD),
    ],
)
def test_a_review_of_another_commit_is_not_posted(commented: Any, github: GitHubServer, made: Review) -> None:
    assert commented(made.model_dump_json()) == 2
    assert github.comments == {}


def test_a_review_for_somebody_elses_pull_request_is_not_posted(commented: Any, github: GitHubServer) -> None:
    github.pulls[0]["head"]["repo"]["full_name"] = "victim/fleet"
    assert commented(Review(pull=5, head=HEAD).model_dump_json()) == 0
    github.pulls[0]["head"] |= {"sha": "c" * 40, "repo": {"full_name": "stranger/fleet"}}
    assert commented(Review(pull=5, head=HEAD).model_dump_json()) == 0
    github.pulls[0] |= {"state": "closed", "head": github.pulls[0]["head"] | {"sha": HEAD}}
    assert commented(Review(pull=5, head=HEAD).model_dump_json()) == 0
    assert github.comments == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[" * 100_000,
        json.dumps({"pull": 5, "head": HEAD, "body": "markdown"}),
        json.dumps({"pull": 5, "head": HEAD, "loud": ["x" * 3000]}),
        json.dumps({"pull": 5, "head": HEAD, "rows": [1]}),
        json.dumps({"pull": 5, "head": HEAD, "rows": [ROW | {"usd": float("nan")}]}),
        json.dumps({"pull": 5, "head": HEAD, "rows": [ROW | {"usd": float("inf")}]}),
        json.dumps({"pull": 5, "head": HEAD, "rows": [ROW | {"reads": -1}]}),
        " " * (5 << 20),
    ],
)
def test_what_is_no_review_is_refused(commented: Any, github: GitHubServer, text: str) -> None:
    assert commented(text) == 2
    assert github.comments == {}


def test_no_artifact_is_nothing_to_say(commented: Any, github: GitHubServer) -> None:
    assert commented(None) == 0
    assert github.comments == {}


CODE = "It changes what runs with the fleet's tokens after the merge"


def changes(github: GitHubServer, *paths: str) -> None:
    github.pull_files[5] = [{"filename": path, "status": "modified"} for path in paths]


@pytest.mark.parametrize(
    "path",
    [
        "pyproject.toml",
        "constraints.txt",
        "locks/train.txt",
        "Makefile",
        "templates/model_card.md.j2",
        ".ci/install",
        ".github/CODEOWNERS",
        "bot/__init__.py",
        "sitecustomize.py",
        "pip/__init__.py",
        "pip",
        ".gitmodules",
        "action.yml",
    ],
)
def test_code_that_gets_the_tokens_is_said_whatever_the_review_says(
    commented: Any, github: GitHubServer, path: str
) -> None:
    changes(github, "registry.yaml", path)
    assert commented(Review(pull=5, head=HEAD, added=("eve",), rows=()).model_dump_json()) == 0
    body = github.comments[5][0]["body"]
    assert f"> [!CAUTION]\n> {CODE}: " in body
    assert "### The registry is sound (its own word)" in body
    assert "### After the merge (its own word)" in body
    assert "own word: code that it changes may have made up every row and cost" in body


def test_a_cost_that_its_own_code_may_have_made_up_is_marked(commented: Any, github: GitHubServer) -> None:
    changes(github, "bot/github/review.py")
    assert commented(json.dumps({"pull": 5, "head": HEAD, "rows": [ROW]})) == 0
    body = github.comments[5][0]["body"]
    assert "- cost (its own word): up to" in body
    assert "| cost (its own word) |" in body


def test_what_holds_no_code_is_not_cautioned(commented: Any, github: GitHubServer) -> None:
    changes(
        github, "registry.yaml", "docs/setup.md", "tests/test_x.py", "README.md", "LICENSE", "posts/a.jsonl"
    )
    assert commented(Review(pull=5, head=HEAD, added=("eve",)).model_dump_json()) == 0
    body = github.comments[5][0]["body"]
    assert "CAUTION" not in body
    assert "own word" not in body


def test_a_file_that_is_renamed_away_counts(commented: Any, github: GitHubServer) -> None:
    github.pull_files[5] = [{"filename": "docs/x.md", "previous_filename": "bot/github/review.py"}]
    assert commented(Review(pull=5, head=HEAD).model_dump_json()) == 0
    assert f"{CODE}: bot/github/review.py." in github.comments[5][0]["body"]


def test_the_3000th_file_is_looked_at_and_more_are_cautioned(commented: Any, github: GitHubServer) -> None:
    many = [f"docs/{number}.md" for number in range(MOST_FILES - 1)]
    changes(github, *many, "bot/cli/app.py")
    assert commented(Review(pull=5, head=HEAD).model_dump_json()) == 0
    assert f"{CODE}: bot/cli/app.py." in github.comments[5][0]["body"]
    changes(github, *many, "docs/last.md", "bot/cli/app.py")
    assert commented(Review(pull=5, head=HEAD).model_dump_json()) == 0
    assert "It changes more than the 3,000 files that were looked at" in github.comments[5][0]["body"]
    assert sum(call == "GET /pulls/5/files" for call in github.calls) == 2 * MOST_FILES // 100


@pytest.mark.parametrize("text", [None, "{}"])
def test_a_pull_request_that_leaves_no_review_is_cautioned_all_the_same(
    commented: Any, github: GitHubServer, text: str | None
) -> None:
    changes(github, "bot/github/review.py")
    assert commented(text) == (0 if text is None else 2)
    (comment,) = github.comments[5]
    assert "### No review" in comment["body"]
    assert f"{CODE}: bot/github/review.py." in comment["body"]


def test_the_same_branch_of_somebody_else_is_not_cautioned_for_it(
    commented: Any, github: GitHubServer
) -> None:
    changes(github, "bot/github/review.py")
    github.pulls[0]["head"]["repo"]["full_name"] = "victim/fleet"
    assert commented(None) == 0
    assert github.comments == {}


def test_what_a_stranger_wrote_is_text_in_the_comment(commented: Any, github: GitHubServer) -> None:
    hostile = "@everyone ![x](https://evil.example/p.png) <img src=x> `x` | # y"
    made = Review(pull=5, head=HEAD, added=(hostile,), loud=(hostile,), notes=(hostile,))
    assert commented(made.model_dump_json()) == 0
    body = github.comments[5][0]["body"].replace(f"`` {hostile.replace('|', chr(92) + '|')} ``", "")
    for mark in ("<img", "![x]", "@everyone"):
        assert mark not in body.split("**Added:**")[0]


def test_a_review_of_20000_models_fits_into_a_comment(commented: Any, github: GitHubServer) -> None:
    made = Review(pull=5, head=HEAD, added=tuple(f"m{number}" * 20 for number in range(20_000)))
    assert commented(made.model_dump_json()) == 0
    assert len(github.comments[5][0]["body"]) < 65_536


def test_accounts_are_linked_with_their_consent_and_several_are_one_model(
    commented: Any, github: GitHubServer
) -> None:
    voices = [
        Voice(model="ada-bob", handle="ada", source="x", consent="self"),
        Voice(model="ada-bob", handle="bob", source="x", consent="self"),
        Voice(
            model="carol.example.social",
            handle="carol.example.social",
            source="bluesky",
            consent="https://example.org/agreed",
        ),
        Voice(model="dan.host.example", handle="dan@host.example", source="mastodon"),
        Voice(model="diary", handle="diary", source="jsonl", consent="self"),
    ]
    added = tuple(dict.fromkeys(voice.model for voice in voices))
    made = Review(pull=5, head=HEAD, added=added, voices=tuple(voices))
    assert commented(made.model_dump_json()) == 0
    lines = github.comments[5][0]["body"].splitlines()
    assert (
        "- `ada-bob`: [ada](https://x.com/ada) and [bob](https://x.com/bob) (x), ONE model (a cyborg) of these 2 "
        "accounts together; consent: the owner's own word (self)" in lines
    )
    carol = next(line for line in lines if "carol" in line and line.startswith("- "))
    assert "](https://bsky.app/profile/carol.example.social)" in carol
    assert carol.endswith("consent: `https://example.org/agreed`")
    dan = next(line for line in lines if "dan.host.example" in line and line.startswith("- "))
    assert "](https://host.example/@dan)" in dan
    assert dan.endswith("consent: none is recorded")
    assert "- `diary`: `diary` (jsonl); consent: the owner's own word (self)" in lines


@pytest.mark.parametrize(
    "voice",
    [
        Voice(model="x", handle="a](https://evil.example) [b", source="x", consent="https://evil.example"),
        Voice(model="x", handle="evil.example/@a", source="mastodon"),
        Voice(model="x", handle="ada", source="https://evil.example"),
        Voice(model="x", handle="ada", source="bluesky"),
    ],
)
def test_what_is_no_handle_of_its_network_makes_no_link(
    commented: Any, github: GitHubServer, voice: Voice
) -> None:
    assert commented(Review(pull=5, head=HEAD, added=("x",), voices=(voice,)).model_dump_json()) == 0
    body = github.comments[5][0]["body"]
    assert "](https://" not in re.sub("`+[^`]*`+", "", body)


def test_the_preview_is_linked_where_the_run_left_one(
    commented: Any, github: GitHubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Review(pull=5, head=HEAD, added=("eve",)).model_dump_json()
    assert commented(made) == 0
    assert "artifact `preview.html`" in github.comments[5][0]["body"]
    github.artifacts[77] = [{"id": 3, "name": "review"}, {"id": 4, "name": "preview.html"}]
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.example")
    assert commented(made) == 0
    body = github.comments[5][0]["body"]
    assert "(https://github.example/org/fleet/actions/runs/77/artifacts/4)" in body
    assert "at the foot" not in body
    github.refuse["GET /actions/runs"] = 403
    assert commented(made) == 0
    assert "artifact `preview.html`" in github.comments[5][0]["body"]


def test_a_review_of_a_newer_bot_is_no_failure_and_the_comment_says_where_it_stands(
    commented: Any, github: GitHubServer
) -> None:
    github.pull_files[5] = [{"filename": ".github/workflows/publish.yml"}]
    assert commented(json.dumps({"version": 99, "pull": 5, "head": HEAD, "rows": "in another shape"})) == 0
    (comment,) = github.comments[5]
    assert "a newer version of the bot than the main branch" in comment["body"]
    assert ".github/workflows/publish.yml" in comment["body"]
