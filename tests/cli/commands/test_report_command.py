"""`bot report` as the workflow runs it once all shards ended, on a GitHub on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from github_server import GitHubServer

from bot.__main__ import main
from bot.apply import outcome_file
from bot.plan import file
from bot.plan.outcome import Outcome
from bot.plan.steps import Action, Cause, Plan, Step
from bot.sources import Cost


@pytest.fixture
def github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubServer]:
    """A GitHub, and this process as a step of a workflow there."""
    with GitHubServer() as running:
        for name, value in {
            "GITHUB_ACTIONS": "true",
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
            "GITHUB_TOKEN": "t",
            "GITHUB_REPOSITORY": "org/fleet",
            "GITHUB_API_URL": running.url,
        }.items():
            monkeypatch.setenv(name, value)
        yield running


def step(name: str, action: Action = "train", cause: Cause = "missing") -> Step:
    return Step(name, f"org/{name}", action, "missing: not on the hub yet", (name,), cause=cause)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """What the jobs of a run left: one shard told of its outcome, the other was lost."""
    folder = tmp_path / "run"
    (folder / "plan").mkdir(parents=True)
    file.write(Plan((step("ada"), step("bob"), step("cleo", "ok", "none"))), folder / "plan/plan.json")
    outcome_file.write(
        [Outcome("ada", "train", "failed", "a damaged zip")], folder / "outcomes-0/outcomes.json"
    )
    return folder


def test_a_report_reports_every_entry_failures_first(run: Path, github: GitHubServer, tmp_path: Path) -> None:
    assert main(["report", str(run), "--track", "--apply-result", "cancelled"]) == 1
    text = (tmp_path / "summary.md").read_text()
    assert text.index("org/ada") < text.index("org/bob") < text.index("org/cleo")
    assert "| not reached | `org/bob` |" in text
    assert "The run was cancelled." in text
    assert "1 failed, 1 not reached." in text


def test_one_issue_is_opened_edited_closed_and_opened_again(run: Path, github: GitHubServer) -> None:
    outcomes = run / "outcomes-0/outcomes.json"
    assert main(["report", str(run), "--track"]) == 1
    assert [(one["state"], one["labels"]) for one in github.issues] == [("open", ["fleet"])]
    assert "a damaged zip" in github.issues[0]["body"]
    outcome_file.write(
        [Outcome("ada", "train", "done", "made"), Outcome("bob", "train", "done", "made")], outcomes
    )
    assert main(["report", str(run), "--track"]) == 0
    assert github.issues[0]["state"] == "closed"
    outcome_file.write([Outcome("ada", "train", "failed", "again")], outcomes)
    assert main(["report", str(run), "--track"]) == 1
    assert github.issues[0]["state"] == "open"
    assert main(["report", str(run), "--track"]) == 0
    assert github.issues[0]["state"] == "open"
    assert len(github.issues) == 1


def test_a_run_is_red_for_what_is_new_alone(
    run: Path, github: GitHubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes = run / "outcomes-0/outcomes.json"
    assert main(["report", str(run), "--track"]) == 1
    assert main(["report", str(run), "--track"]) == 0
    failed = [Outcome(name, "train", "failed", "no") for name in ("ada", "bob")]
    outcome_file.write(failed, outcomes)
    capsys.readouterr()
    assert main(["report", str(run), "--track"]) == 1
    out, err = capsys.readouterr()
    assert "failed or deferred: bob" in out
    assert [line for line in err.splitlines() if line.startswith("::error::")] != []
    outcome_file.write([Outcome("ada", "train", "skipped", "too little text")], outcomes)
    assert main(["report", str(run), "--track"]) == 0


def waiting(run: Path, *names: str) -> None:
    """A run whose plan let these entries wait."""
    (run / "outcomes-0/outcomes.json").unlink(missing_ok=True)
    file.write(Plan(tuple(step(name, "blocked", "waiting") for name in names)), run / "plan/plan.json")


@pytest.mark.parametrize(
    ("who", "permission", "counts"),
    [
        ("maintainer", "write", True),
        ("owner", "admin", True),
        ("helper", "triage", False),
        ("reader", "read", False),
        ("stranger", None, False),
        (None, None, False),
    ],
)
def test_a_tick_counts_if_its_author_may_write_here(
    run: Path,
    github: GitHubServer,
    capsys: pytest.CaptureFixture[str],
    who: str | None,
    permission: str | None,
    counts: bool,
) -> None:
    assert main(["report", str(run), "--track"]) == 1
    waiting(run, "ada")
    if who and permission:
        github.permissions[who] = permission
    github.tick(1, "ada", who)
    assert main(["report", str(run), "--track"]) == 0
    assert ("no tick counts" in capsys.readouterr().out) == (not counts)
    assert ("- [x] `ada`" in github.issues[0]["body"]) == counts
    # What the bot wrote itself stands for the tick that it read.
    assert main(["report", str(run), "--track"]) == 0
    assert ("- [x] `ada`" in github.issues[0]["body"]) == counts


def test_one_editor_who_may_not_write_here_spoils_all_ticks(run: Path, github: GitHubServer) -> None:
    assert main(["report", str(run), "--track"]) == 1
    waiting(run, "ada")
    github.permissions["maintainer"] = "write"
    github.tick(1, "ada", "stranger")
    github.edit_issue(1, github.issues[0]["body"] + "x", "maintainer")
    assert main(["report", str(run), "--track"]) == 0
    assert "- [x]" not in github.issues[0]["body"]


def test_an_issue_that_a_stranger_opened_with_ticks_in_it_ticks_nothing(
    run: Path, github: GitHubServer
) -> None:
    assert main(["report", str(run), "--track"]) == 1
    waiting(run, "ada")
    github.edits.clear()
    github.issues[0]["author"] = {"__typename": "User", "login": "stranger"}
    github.issues[0]["body"] = github.issues[0]["body"].replace("- [ ]", "- [x]")
    assert main(["report", str(run), "--track"]) == 0
    assert "- [x]" not in github.issues[0]["body"]


def test_a_tick_is_taken_away_once_the_entry_was_tried(run: Path, github: GitHubServer) -> None:
    assert main(["report", str(run), "--track"]) == 1
    github.permissions["maintainer"] = "write"
    github.tick(1, "ada", "maintainer")
    assert main(["report", str(run), "--track"]) == 0  # this run tried it, and it failed again
    assert "- [ ] `ada`" in github.issues[0]["body"]


def test_editors_that_github_does_not_name_count_as_strangers(
    run: Path, github: GitHubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(run), "--track"]) == 1
    waiting(run, "ada")
    github.permissions["maintainer"] = "write"
    github.tick(1, "ada", "maintainer")
    github.refuse["POST /graphql"] = 403
    assert main(["report", str(run), "--track"]) == 0
    assert "which boxes are ticked is not known" in capsys.readouterr().out
    assert "- [x]" not in github.issues[0]["body"]


def test_a_dry_run_and_a_plan_that_failed_touch_no_issue(
    run: Path, github: GitHubServer, tmp_path: Path
) -> None:
    (run / "outcomes-0/outcomes.json").unlink()
    assert main(["report", str(run), "--track", "--dry-run"]) == 0
    assert main(["report", str(tmp_path / "nothing"), "--track", "--plan-result", "failure"]) == 0
    assert github.issues == []
    text = (tmp_path / "summary.md").read_text()
    assert "A dry run: nothing was done. 2 train, 1 ok." in text
    assert "not reached" not in text
    assert "There is no plan, so nothing was published" in text


def test_a_schedule_that_stopped_is_said(
    run: Path, github: GitHubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    github.schedule = "disabled_inactivity"
    assert main(["report", str(run), "--track", "--dry-run"]) == 0
    assert "switched off after 60 days without a commit" in capsys.readouterr().out


def test_outcomes_that_cannot_be_read_are_said_and_the_rest_counts(
    run: Path, github: GitHubServer, tmp_path: Path
) -> None:
    (run / "outcomes-1").mkdir()
    (run / "outcomes-1/outcomes.json").write_text("{")
    assert main(["report", str(run), "--track"]) == 1
    text = (tmp_path / "summary.md").read_text()
    assert "cannot be read" in text
    assert "a damaged zip" in text


def test_what_all_shards_spent_is_summed_up(run: Path, github: GitHubServer, tmp_path: Path) -> None:
    for number, (reads, usd) in enumerate([(3200, 16.01), (50, 0.26)]):
        outcome_file.write([], run / f"outcomes-{number}/outcomes.json", Cost(reads, usd))
    assert main(["report", str(run), "--track"]) == 0
    cost = "3,250 posts and profiles were read, for 16.27 USD."
    assert cost in (tmp_path / "summary.md").read_text()
    assert not github.issues
    outcome_file.write([Outcome("ada", "train", "failed", "no")], run / "outcomes-2/outcomes.json")
    assert main(["report", str(run), "--track"]) == 1
    assert f"In the last run {cost}" in github.issues[0]["body"]


def test_what_a_killed_shard_wrote_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "outcomes" / "outcomes.json"
    for count in range(1, 4):
        outcomes = [Outcome(f"m{number}", "train", "done", "made", "abc", 1.5) for number in range(count)]
        outcome_file.write(outcomes, path)
        assert outcome_file.read_all([path]) == (outcomes, [])
    assert [one.name for one in path.parent.iterdir()] == ["outcomes.json"]
