from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.errors import Problem, UsageError
from bot.github import summaries, workflow_commands
from bot.plan.outcome import Outcome
from bot.plan.steps import Action, Cause, Estimate, Note, Plan, Step


@pytest.fixture
def runner(tmp_path: Path) -> dict[str, str]:
    """The environment of a step."""
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "GITHUB_WORKSPACE": str(tmp_path),
    }


def step(
    name: str, action: Action = "train", reason: str = "missing", cause: Cause = "missing", **more: object
) -> Step:
    return Step(name, f"org/{name}", action, reason, (name,), Estimate(100, 0.5), cause=cause, **more)  # type: ignore[arg-type]


def outputs(environment: dict[str, str]) -> dict[str, str]:
    lines = Path(environment["GITHUB_OUTPUT"]).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_a_message_is_one_command_whatever_it_holds() -> None:
    hostile = "50%\n::set-output name=count::9\r\n::error::x"
    line = workflow_commands.command("error", hostile, {"file": "a,b:c\n.yaml", "line": 3})
    assert "\n" not in line
    assert "\r" not in line
    assert line.startswith("::error file=a%2Cb%3Ac%0A.yaml,line=3::50%25%0A::set-output")


def test_outside_of_actions_nothing_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    environment = {
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
    }
    workflow_commands.on_validate([Problem("r.yaml", 1, 2, "wrong")], [], environment)
    workflow_commands.on_plan(Plan((step("ada"),)), environment)
    workflow_commands.on_apply(Plan((step("ada"),)), [], environment)
    assert capsys.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []


def test_a_problem_is_annotated_at_its_place_below_the_repository(
    runner: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(Path(runner["GITHUB_WORKSPACE"]) / "registry.yaml")
    workflow_commands.on_validate(
        [Problem(path, 14, 5, "quote it")], [Problem(path, 1, 1, "no contact")], runner
    )
    assert capsys.readouterr().err.splitlines() == [
        "::error file=registry.yaml,line=14,col=5::quote it",
        "::warning file=registry.yaml,line=1,col=1::no contact",
    ]


def test_of_more_than_ten_annotations_the_tenth_sums_up_the_rest(
    runner: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    workflow_commands.on_validate([Problem("r.yaml", line, 1, "wrong") for line in range(1, 26)], [], runner)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[-1] == "::error::and 16 more; the log and the summary have them all"


def test_a_plan_sets_the_matrix_its_count_and_digest(runner: dict[str, str]) -> None:
    plan = Plan((step("ada"), step("bob"), step("cleo", "ok"), step("dan", "blocked", "paused", "none")))
    workflow_commands.on_plan(plan, runner, shards_asked=8)
    assert outputs(runner) == {"shards": '["1/2", "2/2"]', "count": "2", "digest": plan.digest()}


@pytest.mark.parametrize("steps", [(), (step("ada", "ok"),), (step("ada", held=True),)])
def test_nothing_to_do_is_no_shard(runner: dict[str, str], steps: tuple[Step, ...]) -> None:
    workflow_commands.on_plan(Plan(steps), runner)
    assert (outputs(runner)["shards"], outputs(runner)["count"]) == ("[]", "0")


def test_300_shards_are_as_many_as_the_repository_allows(runner: dict[str, str]) -> None:
    plan = Plan(tuple(step(f"m{number}") for number in range(400)))
    workflow_commands.on_plan(plan, {**runner, "MAX_SHARDS": "3"}, shards_asked=300)
    assert json.loads(outputs(runner)["shards"]) == ["1/3", "2/3", "3/3"]
    assert workflow_commands.most_shards(300, runner) == 4
    with pytest.raises(UsageError, match="from 1 to 256"):
        workflow_commands.most_shards(2, {"MAX_SHARDS": "many"})


def test_an_entry_blocked_by_the_registry_is_annotated_on_each_of_its_lines(
    runner: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    problems = (
        Problem("registry.yaml", 12, 5, "consent is missing: write it"),
        Problem("registry.yaml", 13, 9, "no such base; mend it"),
    )
    reason = "; ".join(map(str, problems))
    blocked = step("ada", "blocked", reason, "fault", problems=problems)
    plan = Plan((blocked, step("bob", "blocked", "a foreign repo", "fault")))
    workflow_commands.on_plan(plan, runner)
    assert capsys.readouterr().err.splitlines() == [
        "::error file=registry.yaml,line=12,col=5::consent is missing: write it",
        "::error file=registry.yaml,line=13,col=9::no such base; mend it",
        "::error::bob: a foreign repo",
    ]


def test_no_sentence_chooses_the_file_of_an_annotation(
    runner: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    reason = "x; README.md:1:1: reviewed and approved"
    workflow_commands.on_plan(Plan((step("ada", "blocked", reason, "fault"),)), runner)
    assert capsys.readouterr().err.splitlines() == [f"::error::ada: {reason}"]


def test_a_handle_that_looks_like_a_place_is_annotated_on_its_own_line(
    runner: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in runner.items():
        monkeypatch.setenv(name, value)
    registry = tmp_path / "registry.yaml"
    registry.write_text(
        "version: 1\nnamespace: org\ncontact: https://example.org/removal\nmodels:\n"
        '  - handles: ["a; README.md:1:1: reviewed and approved"]\n    source: bluesky\n    consent: self\n'
    )
    assert main(["plan", "--registry", str(registry), "--hub", f"dir:{tmp_path / 'hub'}"]) == 0
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("::error")]
    assert line.startswith(
        "::error file=registry.yaml,line=5,col=15::'a; README.md:1:1: reviewed and approved' is not a handle"
    )


def test_too_little_text_is_a_notice_and_never_an_error(
    runner: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    short = step("ada", "blocked", "too little text: 4,012 of 6,000 characters kept", "posts")
    workflow_commands.on_plan(Plan((replace(short, kind="skipped-before"),)), runner)
    assert capsys.readouterr().err.splitlines() == [f"::notice::ada: {short.reason}"]


def test_what_a_guard_holds_back_and_what_lacks_posts_are_warnings(
    runner: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    held = "a change of configuration would rewrite 50 of 50 published models"
    lacking = step("ada", "blocked", "the store holds no posts of ada", "posts")
    workflow_commands.on_plan(
        Plan((lacking,), (Note("listing", "held back by hand"), Note("guard", held))), runner
    )
    assert capsys.readouterr().err.splitlines() == [
        f"::warning::{held}",
        "::warning::ada: the store holds no posts of ada",
    ]


def test_outcomes_come_failures_first_and_are_annotated(
    runner: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    plan = Plan((step("ada"), step("bob"), step("cleo", "remove", "asked to", "tombstone")))
    outcomes = [
        Outcome("ada", "train", "done", "made", "abc"),
        Outcome("bob", "train", "failed", "a damaged zip"),
        Outcome(
            "cleo",
            "remove",
            "skipped",
            "@cleo asked to be removed; needs --allow-removals 1",
            public_reason="needs --allow-removals 1",
        ),
    ]
    workflow_commands.on_apply(plan, outcomes, runner)
    text = Path(runner["GITHUB_STEP_SUMMARY"]).read_text()
    assert text.index("org/bob") < text.index("removal 1") < text.index("org/ada")
    assert capsys.readouterr().err.splitlines() == [
        "::error::bob: a damaged zip",
        "::warning::removal 1: not removed: needs --allow-removals 1",
    ]
    assert "cleo" not in text


def test_a_reason_links_to_the_hub_alone_and_leaves_out_the_models_own_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    hub = "https://huggingface.co"
    assert summaries.reason(f"made, {hub}/org/ada", "org/ada") == "made"
    other = summaries.reason(f"made, {hub}/org/ada-2", "org/ada")
    assert f"({hub}/org/ada-2)" in other
    advice = str(summaries.reason(f"make a token at {hub}/settings/tokens and set it"))
    assert advice.startswith("make a token at [")
    assert advice.endswith(f"]({hub}/settings/tokens) and set it")
    for stranger in ("https://evil.example/x", f"{hub}.evil.example/x/y"):
        assert f"]({stranger[:12]}" not in summaries.reason(f"bad {stranger} answer")
        assert stranger not in summaries.reason(f"bad {stranger} answer")


def test_a_workflow_hides_who_is_removed_and_forgets_who_is_hidden_already(
    runner: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    steps = step("dave", "ok", "private already", "tombstone"), step("eve", "remove", "asked to", "tombstone")
    kept = workflow_commands.redact_plan(Plan(steps), runner)
    assert [one.name for one in kept.steps] == ["eve"]
    assert capsys.readouterr().err.splitlines() == ["::add-mask::eve"]
    workflow_commands.on_plan(kept, runner)
    text = Path(runner["GITHUB_STEP_SUMMARY"]).read_text()
    assert "removal 1" in text
    assert "eve" not in text
    assert "dave" not in text
    assert (
        workflow_commands.redact_plan(Plan(steps), {})
        == workflow_commands.redact_for_display(Plan(steps), (), {})[0]
        == Plan(steps)
    )


def test_a_summary_of_10000_entries_fits_and_ends_after_a_whole_row(runner: dict[str, str]) -> None:
    steps = tuple(
        step(f"model{number}", reason="missing: " + "a long reason " * 20) for number in range(10_000)
    )
    workflow_commands.on_plan(Plan(steps), runner)
    text = Path(runner["GITHUB_STEP_SUMMARY"]).read_bytes()
    assert 900_000 < len(text) <= workflow_commands.MOST_SUMMARY
    *rows, note = [line for line in text.decode().splitlines() if line]
    assert note.startswith("The rest is too long")
    assert rows[-1].startswith("| train |")
    assert rows[-1].endswith("50 USD |")


def test_an_output_of_two_lines_is_refused(runner: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="more than one line"):
        workflow_commands.output("count", "1\ncount=9", runner)


def test_what_a_command_prints_is_not_obeyed_by_the_runner_save_our_annotations(
    runner: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in runner.items():
        monkeypatch.setenv(name, value)
    registry = tmp_path / "registry.yaml"
    registry.write_text(
        "version: 1\nmodels:\n  - handles: ['::set-output name=count::9']\n    consent: self\n"
    )
    assert main(["validate", "--registry", str(registry)]) == 2
    lines = capsys.readouterr().err.splitlines()
    token = lines[0].removeprefix("::stop-commands::")
    assert len(token) == 32
    assert lines[-1] == f"::{token}::"
    inside = lines[lines.index(f"::{token}::") + 1 : lines.index(f"::stop-commands::{token}", 1)]
    assert inside
    assert all(line.startswith(("::error file=registry.yaml,line=", "::warning file=")) for line in inside)


def test_a_fresh_registry_without_a_namespace_is_idle_on_a_runner_without_secrets(
    runner: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**runner, "HF_TOKEN": "", "HF_ENDPOINT": "http://127.0.0.1:9"}.items():
        monkeypatch.setenv(name, value)
    registry = tmp_path / "registry.yaml"
    registry.write_text("version: 1\nmodels: []\n")
    assert main(["plan", "--registry", str(registry), "--out", str(tmp_path / "plan.json")]) == 0
    assert outputs(runner)["count"] == "0"
    registry.write_text("version: 1\nnamespace: org\nmodels: []\n")
    assert main(["plan", "--registry", str(registry)]) == 5


@pytest.mark.parametrize(
    ("args", "annotation"),
    [
        (["plan", "--max-change", "lots"], "::error::Invalid value for '--max-change'"),
        (["plan", "--registry", "{registry}"], "::error::HF_TOKEN is set but empty"),
        (["explain", "nobody", "--registry", "{broken}"], "::error file=broken.yaml,line=2,col=1::not YAML"),
    ],
)
def test_what_ends_a_command_is_an_annotation(
    runner: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    args: list[str],
    annotation: str,
) -> None:
    for name, value in {**runner, "HF_TOKEN": ""}.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "registry.yaml").write_text("version: 1\nnamespace: org\nmodels: []\n")
    (tmp_path / "broken.yaml").write_text("models: [\n")
    paths = {"registry": str(tmp_path / "registry.yaml"), "broken": str(tmp_path / "broken.yaml")}
    assert main([arg.format(**paths) for arg in args]) in (2, 5)
    assert any(line.startswith(annotation) for line in capsys.readouterr().err.splitlines())


def test_an_output_that_cannot_be_written_is_a_sentence_and_a_summary_a_warning(
    runner: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = {
        **runner,
        "GITHUB_OUTPUT": str(tmp_path),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "gone/summary"),
    }
    with pytest.raises(
        UsageError, match="the runner's file of GITHUB_OUTPUT cannot be written: Is a directory"
    ):
        workflow_commands.output("count", "1", nowhere)
    workflow_commands.summary("# All is well", nowhere)
    assert "warning: the runner's file of GITHUB_STEP_SUMMARY cannot be written" in capsys.readouterr().err


def timed(name: str, minutes: float) -> Step:
    cost = Estimate(minutes=minutes, hardware="T4", models=2)
    return Step(name, f"org/{name}", "train", "missing", (name,), cost, cause="missing")


def test_the_summary_of_a_plan_says_the_minutes_of_each_model_and_in_all(runner: dict[str, str]) -> None:
    workflow_commands.on_plan(Plan((timed("ada", 9.0), timed("bob", 20.0))), runner)
    text = Path(runner["GITHUB_STEP_SUMMARY"]).read_text()
    assert all(words in text for words in ("about 9 min", "about 20 min", "about 29 min", "T4"))


def test_a_time_limit_asks_for_more_machines_up_to_the_repositorys_number(runner: dict[str, str]) -> None:
    plan = Plan(tuple(timed(f"m{number}", 100.0) for number in range(8)))
    assert workflow_commands.within_time(plan, 1, 340, runner) == (plan, 3)
    assert workflow_commands.within_time(plan, None, 900, runner) == (plan, None)
    assert workflow_commands.within_time(plan, 4, 900, runner) == (plan, 4)
    noted, parts = workflow_commands.within_time(plan, 1, 340, {**runner, "MAX_SHARDS": "2"})
    assert parts == 2
    assert [note.kind for note in noted.notes] == ["time"]
