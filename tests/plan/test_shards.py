from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import UsageError
from bot.plan.shards import MOST, Shard, assign, loads, names, needed, parse
from bot.plan.steps import ACTIONS, Action, Estimate, Step


def step(
    name: str,
    action: Action = "train",
    reads: int = 0,
    handles: int = 1,
    held: bool = False,
    minutes: float | None = None,
) -> Step:
    people = tuple(f"{name}{number}" for number in range(handles))
    return Step(name, f"org/{name}", action, "because", people, Estimate(reads, minutes=minutes), held=held)


STEPS = st.lists(
    st.builds(
        step,
        name=st.text("abc", min_size=1, max_size=3),
        action=st.sampled_from(ACTIONS),
        reads=st.integers(0, 10_000),
        handles=st.integers(1, 10),
        held=st.booleans(),
        minutes=st.none() | st.floats(0, 500),
    ),
    max_size=30,
)


@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault
@given(STEPS, st.integers(1, 300))
def test_every_step_is_in_exactly_one_part_and_no_part_is_empty_of_work(
    steps: list[Step], count: int
) -> None:
    parts = assign(steps, count)
    if any(map(needed, steps)):
        assert sorted(map(repr, steps)) == sorted(repr(step) for part in parts for step in part)
    else:
        assert parts == ()
    assert len(parts) <= count
    assert all(any(map(needed, part)) for part in parts)


@given(STEPS, st.integers(1, 12))
def test_cutting_into_what_came_out_gives_the_same_parts(steps: list[Step], count: int) -> None:
    parts = assign(steps, count)
    assert assign(steps, max(1, len(parts))) == parts


@given(STEPS, st.integers(1, 12))
def test_no_part_has_more_than_its_fair_share_and_one_more_step(steps: list[Step], count: int) -> None:
    parts = assign(steps, count)
    if parts:
        expected = {id(step): load for step, load in zip(steps, loads(steps), strict=True)}
        sums = [sum(expected[id(step)] for step in part) for part in parts]
        fair = sum(sums) / len(parts)
        first = sum(expected[id(step)] for step in steps if step.action != "train")
        assert max(sums) <= max(fair + max(expected.values()), first) + 1e-9


def test_what_does_not_train_goes_to_the_first_part() -> None:
    steps = [step("a"), step("b"), step("c", "card"), step("d", "remove"), step("e", "blocked")]
    parts = assign(steps, 3)
    assert [[one.name for one in part] for part in parts] == [["c", "d", "e"], ["a"], ["b"]]


def test_long_work_is_spread_first() -> None:
    steps = [step("a"), step("b"), step("c"), step("long", handles=3)]
    assert [[one.name for one in part] for part in assign(steps, 2)] == [["long"], ["a", "b", "c"]]


def test_300_parts_of_1000_steps_are_256() -> None:
    assert len(assign([step(str(number)) for number in range(1000)], 300)) == MOST


def test_names_are_what_parse_reads() -> None:
    assert names(((), (), ())) == ["1/3", "2/3", "3/3"]
    assert [parse(name) for name in names(((), ()))] == [Shard(1, 2), Shard(2, 2)]


@pytest.mark.parametrize(
    "text", ["", "0/3", "4/3", "1", "a/b", "1/257", "1/3\n", "-1/3", "1/3; rm", "1/999999999"]
)
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a shard"):
        parse(text)


@given(st.integers(0, 1000), st.integers(1, 20))
def test_shares_of_a_limit_sum_to_it(limit: int, of: int) -> None:
    assert sum(Shard(index, of).share(limit) for index in range(1, of + 1)) == limit
