from __future__ import annotations

from bot.plan import shards, time_limit
from bot.plan.steps import Estimate, Step


def step(name: str, minutes: float | None) -> Step:
    estimate = Estimate(minutes=minutes, hardware="T4", models=1)
    return Step(name, f"org/{name}", "train", "missing", (name,), estimate)


def steps(*minutes: float | None) -> list[Step]:
    return [step(f"m{number}", one) for number, one in enumerate(minutes)]


def test_what_one_machine_has_no_time_for_is_cut_into_as_many_shards_as_it_takes() -> None:
    work = steps(*[60.0] * 10)
    assert time_limit.parts_within(work, 1, 8, 700) == 1
    assert time_limit.parts_within(work, 1, 8, 300) == 2
    assert time_limit.parts_within(work, 1, 8, 130) == 5
    assert time_limit.parts_within(work, 6, 8, 700) == 6
    assert time_limit.parts_within(work, 1, 4, 60) == 4


def test_a_single_long_model_asks_for_no_further_shard_and_is_named() -> None:
    work = steps(500.0, 10.0)
    assert time_limit.parts_within(work, 1, 8, 340) == 2
    assert time_limit.parts_within(work[:1], 1, 8, 340) == 1
    (note,) = time_limit.notes(work, 2, 340)
    assert note.kind == "time"
    assert "m0 (8 h 20 min)" in note.text
    assert "m1" not in note.text


def test_what_all_machines_have_no_time_for_is_said_with_the_number_that_would_do() -> None:
    (note,) = time_limit.notes(steps(*[100.0] * 8), 2, 340)
    assert "6 h 40 min on each of 2 machines" in note.text
    assert "3 machines would do" in note.text
    assert list(time_limit.notes(steps(*[100.0] * 8), 3, 340)) == []


def test_a_time_that_is_not_known_is_held_against_nothing() -> None:
    assert time_limit.parts_within(steps(None, None), 1, 8, 1) == 1
    assert list(time_limit.notes(steps(None, None), 1, 1)) == []
    assert time_limit.parts_within([], 1, 8, 340) == 1


def test_shards_are_balanced_by_minutes_where_all_are_known() -> None:
    parts = shards.assign(steps(90.0, 30.0, 30.0, 30.0), 2)
    assert [[one.name for one in part] for part in parts] == [["m0"], ["m1", "m2", "m3"]]
    parts = shards.assign(steps(90.0, 30.0, 30.0, None), 2)
    assert sorted(len(part) for part in parts) == [2, 2]
