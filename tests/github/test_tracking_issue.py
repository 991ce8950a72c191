from __future__ import annotations

import pytest

from bot.github.tracking_issue import UNSEEN, Memory, Verdict, body, judge, memory_of, ticked
from bot.plan.outcome import Outcome, Result
from bot.plan.steps import Action, Cause, Step


def step(
    name: str, action: Action = "train", cause: Cause = "missing", reason: str = "why", held: bool = False
) -> Step:
    return Step(name, f"org/{name}", action, reason, (name,), cause=cause, held=held)


def outcome(name: str, result: Result, action: Action = "train") -> Outcome:
    return Outcome(name, action, result, f"{name} {result}")


@pytest.mark.parametrize("result", ["failed", "deferred"])
def test_a_failure_and_a_deferral_are_new_once(result: Result) -> None:
    first = judge([step("ada")], [outcome("ada", result)], Memory(), partial=False)
    assert (first.failing, first.new, first.is_new) == ({"ada": f"ada {result}"}, ("ada",), True)
    again = judge([step("ada")], [outcome("ada", result)], memory_of(body(first, None)), partial=False)
    assert (again.failing, again.new, again.is_new) == (first.failing, (), False)


def test_an_entry_that_waits_after_a_failure_is_listed_with_the_reason() -> None:
    waits = step("ada", "blocked", "waiting", "failed twice")
    verdict = judge([waits], [], Memory(("ada",)), partial=False)
    assert (verdict.failing, verdict.is_new) == ({"ada": "failed twice"}, False)
    assert judge([waits], [], None, partial=False).new == ("ada",)


@pytest.mark.parametrize("result", ["done", "skipped"])
def test_what_ends_well_or_has_too_little_text_is_neither_listed_nor_new(result: Result) -> None:
    verdict = judge([step("ada")], [outcome("ada", result)], Memory(("ada",)), partial=False)
    assert verdict.is_empty
    assert not verdict.is_new


def test_what_needs_nothing_or_left_the_registry_fails_no_more() -> None:
    memory = Memory(("ada", "bob", "cleo"))
    steps = [step("ada"), step("bob", "ok", "none")]
    assert judge(steps, [outcome("ada", "done")], memory, partial=False).is_empty


def test_what_nobody_looked_at_stays_as_it_was() -> None:
    memory = Memory(("ada", "bob", "cleo"))
    steps, outcomes = [step("ada"), step("bob")], [outcome("bob", "deferred")]
    partial = judge(steps, outcomes, memory, partial=True)
    assert partial.failing == {"ada": UNSEEN, "bob": "bob deferred", "cleo": UNSEEN}
    whole = judge(steps, outcomes, memory, partial=False)
    assert whole.failing == {"ada": UNSEEN, "bob": "bob deferred"}
    assert (partial.new, whole.new) == ((), ())


def test_a_removal_that_fails_is_new_every_time() -> None:
    steps, outcomes = [step("removal 1", "remove", "tombstone")], [outcome("removal 1", "failed", "remove")]
    first = judge(steps, outcomes, Memory(), partial=False)
    again = judge(steps, outcomes, memory_of(body(first, None)), partial=False)
    assert first.is_new
    assert again.is_new
    assert "- removal 1: removal 1 failed" in body(again, None)
    assert "- [ ]" not in body(again, None)


def test_a_guard_that_holds_steps_is_new_once() -> None:
    held = [step("ada", "card", "card", held=True), step("bob", "card", "card", held=True)]
    first = judge(held, [outcome("ada", "skipped", "card")], Memory(), partial=False)
    assert (first.held, first.is_new) == (2, True)
    text = body(first, None)
    assert "2 steps are held back by a guard" in text
    assert not judge(held, [], memory_of(text), partial=False).is_new
    assert judge(held, [], memory_of(body(judge([], [], None, partial=False), None)), partial=False).is_new


@pytest.mark.parametrize(
    "name", ["ada", "models[0]", "x --> <script>", 'quo"te', "ada (line 3)", "a <!-- try"]
)
def test_the_issue_remembers_every_name_and_its_tick(name: str) -> None:
    verdict = Verdict({name: "why", "bob": "why"})
    text = body(verdict, "https://github.example/run")
    assert memory_of(text) == Memory((*sorted([name, "bob"]),))
    assert text.splitlines()[0].count("-->") == 1
    assert ticked(text) == ()
    ticks = body(verdict, None, ticks=[name])
    assert ticks.count("- [x] ") == 1
    assert ticked(ticks) == (name,)


def test_a_tick_is_carried_over_until_the_entry_is_tried() -> None:
    waits, tried = Verdict({"ada": "why"}), Verdict({"ada": "why"}, tried=frozenset(["ada"]))
    assert ticked(body(waits, None, ticks=["ada"])) == ("ada",)
    assert ticked(body(tried, None, ticks=["ada"])) == ()


@pytest.mark.parametrize(
    "line",
    [
        '- [x] `eve` <!-- try "eve" -->',
        "- [x] `ada` <!-- try ada -->",
        '> - [x] `ada` <!-- try "ada" -->',
        '- [x] <!-- try "ada" --> and more',
        '- [x] <!-- try ["ada"] -->',
        '- [x] <!-- try "' + "x" * 3_000_000 + '" -->',
    ],
)
def test_a_line_that_is_none_of_ours_ticks_nothing(line: str) -> None:
    assert ticked(body(Verdict({"ada": "why"}), None) + line + "\n") == ()


def test_a_reason_cannot_tick_a_box() -> None:
    text = body(Verdict({"ada": 'no\n- [x] `bob` <!-- try "bob" -->', "bob": "why"}), None)
    assert ticked(text) == ()


def test_an_issue_that_somebody_rewrote_remembers_nothing() -> None:
    for text in ("hello <!-- mynah: {} -->", "<!-- mynah: {x} -->", "<!-- mynah: failing [x] once [] -->"):
        assert memory_of(text) == Memory()
    assert memory_of('<!-- mynah: {"known": [1, "a"], "more": 1} -->') == Memory(("a",))


def test_the_issue_of_an_earlier_version_is_read() -> None:
    assert memory_of('<!-- mynah: failing ["ada"] once ["bob"] -->\ntext') == Memory(("ada", "bob"))


def test_1000_failures_fit_into_an_issue_and_none_of_the_rest_is_new() -> None:
    failing = {f"model{number}": "a reason " * 30 for number in range(1000)}
    text = body(Verdict(failing), None)
    assert len(text) < 65_536
    memory = memory_of(text)
    assert (len(memory.known), memory.more) == (200, True)
    steps = [step(name) for name in failing]
    outcomes = [outcome(name, "failed") for name in failing]
    assert judge(steps, outcomes, memory, partial=False).new == ()
