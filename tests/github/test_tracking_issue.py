from __future__ import annotations

import pytest

from bot.github.tracking_issue import UNSEEN, Memory, Verdict, body, judge, memory_of
from bot.plan.outcome import Outcome, Result
from bot.plan.steps import Action, Cause, Step


def step(name: str, action: Action = "train", cause: Cause = "missing", reason: str = "why") -> Step:
    return Step(name, f"org/{name}", action, reason, (name,), cause=cause)


def outcome(name: str, result: Result) -> Outcome:
    return Outcome(name, "train", result, f"{name} {result}")


def test_an_entry_that_waits_after_a_failure_fails_for_longer() -> None:
    verdict = judge([step("ada", "blocked", "waiting", "failed twice")], [], Memory(), partial=False)
    assert verdict == Verdict({"ada": "failed twice"}, ())


def test_a_first_failure_is_remembered_and_the_second_tells() -> None:
    first = judge([step("ada")], [outcome("ada", "failed")], Memory(), partial=False)
    assert first == Verdict({}, ("ada",))
    second = judge([step("ada")], [outcome("ada", "failed")], Memory(once=first.once), partial=False)
    assert second == Verdict({"ada": "ada failed"}, ())


def test_without_an_issue_there_is_no_memory_and_the_first_failure_tells() -> None:
    assert judge([step("ada")], [outcome("ada", "failed")], None, partial=False).failing == {
        "ada": "ada failed"
    }


def test_what_succeeds_or_needs_nothing_or_left_the_registry_fails_no_more() -> None:
    memory = Memory(failing=("ada", "bob", "cleo"))
    steps = [step("ada"), step("bob", "ok", "none")]
    assert judge(steps, [outcome("ada", "done")], memory, partial=False) == Verdict({}, ())


def test_what_nobody_looked_at_stays_as_it_was() -> None:
    memory = Memory(failing=("ada", "bob", "cleo"), once=("dan",))
    steps = [step("ada"), step("bob")]
    outcomes = [outcome("bob", "deferred")]
    assert judge(steps, outcomes, memory, partial=True) == Verdict(
        {"ada": UNSEEN, "bob": UNSEEN, "cleo": UNSEEN}, ("dan",)
    )
    assert judge(steps, outcomes, memory, partial=False) == Verdict({"ada": UNSEEN, "bob": UNSEEN}, ())


@pytest.mark.parametrize("name", ["ada", "models[0]", "x --> <script>", 'quo"te', "ada (line 3)"])
def test_the_issue_remembers_every_name(name: str) -> None:
    text = body(Verdict({name: "why"}, ("bob", name + "2")), "https://github.example/run")
    assert memory_of(text) == Memory((name,), tuple(sorted(["bob", name + "2"])))
    assert text.splitlines()[0].count("-->") == 1


def test_an_issue_that_somebody_rewrote_remembers_nothing() -> None:
    assert memory_of("hello <!-- mynah: failing [] once [] -->") == Memory()
    assert memory_of("<!-- mynah: failing [x] once [] -->") == Memory()


def test_1000_failures_fit_into_an_issue() -> None:
    text = body(Verdict({f"model{number}": "a reason " * 30 for number in range(1000)}, ()), None)
    assert len(text) < 65_536
    assert len(memory_of(text).failing) == 200
