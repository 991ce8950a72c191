"""A review compares problems and steps by their values, not by their sentences."""

from __future__ import annotations

from pathlib import Path

from bot.errors import Problem
from bot.github import review, review_text
from bot.plan.steps import Estimate, Plan, Step
from bot.registry import Registry, read_text

HEAD = "0" * 40
BASE = """version: 1
policy: {{consent: off}}
defaults: {{{defaults}}}
{above}models:
  - handles: [cleo]
    source: jsonl
  - handles: [ada, ada]
    source: jsonl
"""


def registry(above: str = "", template: str = "") -> Registry:
    return read_text(
        BASE.format(above=above, defaults=f"template: {template}" if template else "").encode(),
        Path("registry.yaml"),
    )


def of(base: Registry, head: Registry) -> review.Review:
    return review.of_registries(1, HEAD, base, head, files=["registry.yaml"], broken=lambda _: ())


def test_a_fault_that_only_moved_is_not_the_pull_requests() -> None:
    seen = of(registry(), registry(above="# a comment\n# and another\n"))
    assert (seen.faults, seen.changed) == ((), ())
    assert seen.elsewhere == len(registry().problems)


def test_a_fault_that_differs_in_a_number_is_another_fault() -> None:
    seen = of(registry(template="card7"), registry(template="card8"))
    (fault,) = seen.faults
    assert "card8" in fault.message
    assert of(registry(template="card7"), registry(template="card7")).faults == ()


def step(reason: str, *problems: Problem) -> Step:
    return Step("ada", "org/ada", "blocked", reason, ("ada",), cause="fault", problems=problems)


def test_a_step_is_the_same_where_its_problem_only_moved() -> None:
    nothing = review.Review(pull=1, head=HEAD)
    before, moved, other = (
        Problem("r.yaml", line, 1, f"it stands here and on line {line + 2}", topic)
        for line, topic in ((3, "repeated"), (5, "repeated"), (5, "removed"))
    )
    base = Plan((step(str(before), before),))
    assert review.with_plans(nothing, base, Plan((step(str(moved), moved),))).rows == ()
    (row,) = review.with_plans(nothing, base, Plan((step(str(other), other),))).rows or ()
    assert row.name == "ada"


def test_a_step_whose_reason_differs_in_a_number_is_listed() -> None:
    plans = [
        Plan((Step("ada", "org/ada", "ok", f"up to date; 3 of {least} new posts", ("ada",)),))
        for least in (100, 200)
    ]
    seen = review.with_plans(review.Review(pull=1, head=HEAD), plans[0], plans[1])
    assert [row.name for row in seen.rows or ()] == ["ada"]


def test_the_time_of_new_models_is_reported_as_far_as_it_is_known() -> None:
    known = Estimate(minutes=9.0, hardware="T4 <b>", models=3)
    unknown = Estimate(unknown="until the posts are fetched")
    steps = tuple(
        Step(name, f"org/{name}", "train", "missing", (name,), cost, cause="missing")
        for name, cost in (("ada", known), ("bob", unknown))
    )
    seen = review.with_plans(review.Review(pull=1, head=HEAD, added=("ada", "bob")), None, Plan(steps))
    assert [row.minutes for row in seen.rows or ()] == [9.0, None]
    text = review_text.comment(review.Review.model_validate_json(seen.model_dump_json()))
    assert "about 9 min" in text
    assert "unknown for 1 model" in text
    assert "<b>" not in text
