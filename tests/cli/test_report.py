from __future__ import annotations

import io
import json

import pytest

from bot.cli.report import print_json, print_outcomes, print_plan, print_table
from bot.plan.outcome import Outcome
from bot.plan.steps import Estimate, Note, Plan, Step

PLAN = Plan(
    (
        Step("ada", "org/ada", "train", "missing: not on the hub yet", ("ada",), Estimate(3200, 16.0)),
        Step("bob", "org/bob", "ok", "up to date, 3 days old", ("bob",)),
    ),
    notes=(Note("listing", "private repos are invisible"),),
)


def shown(print_it: object, *args: object) -> str:
    stream = io.StringIO()
    print_it(*args, stream)  # type: ignore[operator]
    return stream.getvalue()


def everything(plan: Plan, stream: io.StringIO) -> None:
    print_plan(plan, stream, everything=True)


def test_a_plan_counts_what_is_up_to_date_and_lists_it_on_demand() -> None:
    text = shown(print_plan, PLAN)
    assert "bob" not in text
    assert "Plan: 1 train, 1 ok (listed with --all)." in text
    assert shown(print_plan, Plan(PLAN.steps[1:])) == "Plan: 1 ok (listed with --all).\n"


def test_what_a_guard_holds_is_called_held_and_counted_apart() -> None:
    held = Step("cyd", "org/cyd", "card", "the template changed", ("cyd",), cause="card", held=True)
    plan = Plan((*PLAN.steps, held))
    text = shown(print_plan, plan)
    assert "held   cyd    -      -      card: the template changed" in text
    assert "Plan: 1 train, 1 held, 1 ok" in text
    value = plan.to_json()
    assert value["counts"] == {"train": 1, "card": 1, "ok": 1}
    assert (value["steps"][2]["action"], value["steps"][2]["held"]) == ("card", True)


def test_a_plan_shows_every_step_its_counts_cost_and_notes() -> None:
    text = shown(everything, PLAN)
    assert "train  ada    3,200  16.00  missing: not on the hub yet" in text
    assert "ok     bob    -      -      up to date" in text
    assert "Plan: 1 train, 1 ok." in text
    assert "Cost: about 3,200 posts and profiles read, 16.00 USD." in text
    assert "Note: private repos are invisible." in text


def test_tables_fit_80_columns_and_lose_no_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    reason = "registry.yaml:12:5: " + "a long reason " * 20
    text = shown(print_table, ("step", "model", "why"), [("blocked", "a" * 40, reason)])
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("reason") == 20


def test_no_word_is_broken_since_paths_and_names_are_copied() -> None:
    name, path = "n" * 60, "/".join(["folder"] * 15)
    text = shown(print_table, ("step", "model", "why"), [("done", name, f"published at {path}")])
    assert name in text
    assert path in text


def test_markup_in_a_name_is_shown_and_not_obeyed() -> None:
    assert "[red]name[/red]" in shown(print_table, ("a", "b"), [("x", "[red]name[/red]")])


def test_an_empty_plan_says_so() -> None:
    assert shown(print_plan, Plan(())) == "Plan: no steps.\n"


def test_outcomes_come_failures_first() -> None:
    outcomes = [Outcome("ada", "train", "done", "made"), Outcome("eve", "train", "failed", "a damaged zip")]
    text = shown(print_outcomes, outcomes, PLAN)
    assert text.index("eve") < text.index("ada")
    assert "Apply: 1 done, 1 failed, 1 up to date." in text


def test_nothing_to_do_is_said() -> None:
    assert shown(print_outcomes, [], PLAN) == "Nothing to do: 1 up to date.\n"
    text = shown(print_outcomes, [Outcome("eve", "blocked", "skipped", "paused")], PLAN)
    assert "Nothing to do: 1 skipped, 1 up to date." in text


def test_json_is_utf_8_and_holds_the_contracts_keys() -> None:
    outcome = Outcome("ada", "train", "done", "ein Vögelchen", "abc", 1.23456)
    told = json.loads(shown(print_json, {"outcomes": [outcome.to_json()]}))
    assert told["outcomes"] == [
        {
            "name": "ada",
            "action": "train",
            "result": "done",
            "reason": "ein Vögelchen",
            "commit": "abc",
            "seconds": 1.235,
        }
    ]
