from __future__ import annotations

from dataclasses import replace

from bot.github.redaction import names, redact, without_finished_removals
from bot.plan.outcome import Outcome
from bot.plan.steps import Action, Plan, Step


def removal(name: str, *handles: str, action: Action = "remove") -> Step:
    who = ", ".join(f"@{handle}" for handle in handles)
    return Step(name, f"org/{name}", action, f"{who} asked to be removed", handles, cause="tombstone")


ADA = Step("ada", "org/ada", "train", "missing: not on the hub yet", ("ada",), cause="missing")


def test_what_is_hidden_already_is_counted_and_not_listed() -> None:
    plan = without_finished_removals(Plan((ADA, removal("dave", "dave", action="ok"), removal("eve", "eve"))))
    assert [step.name for step in plan.steps] == ["ada", "eve"]
    assert [note.text for note in plan.notes] == [
        "1 model of people who asked to be removed: private already"
    ]
    assert without_finished_removals(Plan((ADA,))) == Plan((ADA,))


def test_nobody_who_is_removed_is_named_and_everybody_else_is() -> None:
    plan = Plan((ADA, removal("dave-eve", "Dave", "eve"), removal("dave", "dave")))
    outcomes = [
        Outcome("ada", "train", "done", "made", "abc"),
        Outcome(
            "dave",
            "remove",
            "done",
            "made private: @dave asked to be removed",
            "def",
            public_reason="made private: a person asked to be removed",
        ),
        Outcome(
            "dave-eve", "remove", "failed", "could not hide org/dave-eve of dave at https://hub/org/dave-eve"
        ),
    ]
    shown, told = redact(plan, outcomes)
    assert [step.name for step in shown.steps] == ["ada", "removal 2", "removal 1"]
    assert [one.name for one in told] == ["ada", "removal 1", "removal 2"]
    assert told[1].reason == "made private: a person asked to be removed"
    text = repr((shown, told)).lower()
    assert "dave" not in text
    assert "eve" not in text
    assert (shown.steps[0], told[0]) == (ADA, outcomes[0])
    assert told[2].reason == "it could not be removed; the log of its job says why"
    assert [step.reason for step in shown.steps[1:]] == ["a person asked to be removed"] * 2
    assert names(plan) == ["Dave", "dave", "dave-eve", "eve"]


def test_a_name_that_the_reason_spells_in_another_way_is_not_shown() -> None:
    spelt = "the archive of D\u0430ve (dave_1, d-a-v-e) cannot be read"
    plan = Plan(
        (replace(removal("dave", "dave"), reason=spelt, held=True), removal("eve", "eve", action="ok"))
    )
    shown, (failed,) = redact(plan, [Outcome("eve", "remove", "failed", spelt)])
    assert [step.reason for step in shown.steps] == [
        "a person asked to be removed",
        "a person asked to be removed: private already",
    ]
    assert failed.reason == "it could not be removed; the log of its job says why"
    held = redact(plan, [Outcome("dave", "remove", "skipped", f"held back by a guard: {spelt}")])[1][0]
    assert held.reason == "held back by a guard: a person asked to be removed"


def test_a_removal_whose_step_changed_since_the_plan_is_not_named_either() -> None:
    reason = "changed since the plan"
    _, (moved,) = redact(Plan((ADA,)), [Outcome("dave", "remove", "skipped", reason, public_reason=reason)])
    assert (moved.name, moved.reason) == ("removal 1", reason)
