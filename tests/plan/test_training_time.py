from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from bot.hub import Listing, Repo
from bot.hub.published import Measured, Published
from bot.plan import training_time
from bot.plan.steps import Estimate, Step
from bot.plan.training_time import NO_MODEL, NO_POSTS, NO_SIZE, Measurements, Wanted
from bot.store import Facts

NOW = datetime(2026, 11, 20, tzinfo=UTC)
EPYC = "AMD EPYC, 2 cores"
MEASURED = Measured(
    hardware=EPYC, parameters=100, characters=1_000, epochs=4, seconds=240.0, other_seconds=60.0
)


def repo(name: str, measured: Measured | None = MEASURED, **changes: object) -> Repo:
    facts = {
        "handles": (name,),
        "recipe": "r",
        "base": "b",
        "template": "t",
        "card": "c",
        "trained_at": NOW,
        "measured": measured,
    }
    return Repo(name, "head", published=Published.model_validate(facts | changes))


def measurements(*repos: Repo) -> Measurements:
    return training_time.measurements(Listing({one.name: one for one in repos}))


def expected(found: Measurements, **changes: object) -> Estimate:
    wanted = Wanted("b", "r", epochs=4, characters=1_000, parameters=100)
    return found.estimate(dataclasses.replace(wanted, **changes), Estimate(7, 0.5))  # type: ignore[arg-type]


def test_an_equal_training_is_expected_to_take_as_long_as_the_last_one() -> None:
    assert expected(measurements(repo("ada"))) == Estimate(7, 0.5, minutes=5.0, hardware=EPYC, models=1)


def test_time_grows_with_text_epochs_and_size_and_the_fixed_part_with_size_alone() -> None:
    found = measurements(repo("ada"))
    assert expected(found, characters=3_000).minutes == 13.0
    assert expected(found, recipe="other", epochs=2).minutes == 3.0
    assert expected(found, base="large", parameters=1_000).minutes == 50.0


def test_a_training_that_stops_early_is_expected_to_do_so_again() -> None:
    early = MEASURED.model_copy(update={"epochs": 2, "seconds": 120.0})
    found = measurements(repo("ada", early), repo("bob", early))
    assert expected(found).minutes == 3.0
    assert expected(found, recipe="other").minutes == 5.0


def test_models_of_the_same_base_and_recipe_say_more_than_others() -> None:
    slow = MEASURED.model_copy(update={"seconds": 2_400.0})
    of_base = repo("bob", slow, recipe="other")
    of_none = repo("cyd", slow.model_copy(update={"parameters": 7}), base="else")
    assert expected(measurements(repo("ada"), of_base, of_none)).models == 1
    assert expected(measurements(repo("ada"), of_base, of_none), recipe="third").models == 2
    assert expected(measurements(of_none)).models == 1


def test_only_the_hardware_that_trained_last_counts() -> None:
    gpu = MEASURED.model_copy(update={"hardware": "Tesla T4", "seconds": 24.0})
    old = NOW - timedelta(days=1)
    found = measurements(repo("ada", trained_at=old), repo("bob", gpu), repo("cyd", trained_at=old))
    assert (expected(found).hardware, expected(found).models, expected(found).minutes) == ("Tesla T4", 1, 1.4)


@pytest.mark.parametrize(
    ("found", "changes", "unknown"),
    [
        (measurements(), {}, NO_MODEL),
        (measurements(repo("ada", None)), {}, NO_MODEL),
        (measurements(repo("ada")), {"characters": None}, NO_POSTS),
        (measurements(repo("ada")), {"base": "new", "parameters": None}, NO_SIZE),
    ],
)
def test_nothing_is_invented(found: Measurements, changes: dict[str, object], unknown: str) -> None:
    assert expected(found, **changes) == Estimate(7, 0.5, unknown=unknown)


def facts(own: int, characters: int | None) -> Facts:
    return Facts("ada", "x", None, "Ada", own + 5, own, None, None, NOW, characters=characters)


def test_the_text_of_an_epoch_repeats_smaller_accounts_and_leaves_out_the_held_out_share() -> None:
    assert training_time.characters([facts(100, 5_000)], 0.1) == pytest.approx(4_500)
    assert training_time.characters([facts(100, 5_000), facts(50, 1_000)], 0.1) == pytest.approx(6_300)


@pytest.mark.parametrize(
    "stored", [[], [None], [facts(100, 5_000), None], [facts(100, None)], [facts(100, 1), facts(0, 0)]]
)
def test_text_that_is_not_stored_has_no_length(stored: list[Facts | None]) -> None:
    assert training_time.characters(stored, 0.1) is None


def step(name: str, estimate: Estimate, *, held: bool = False) -> Step:
    return Step(name, f"org/{name}", "train", "missing", (name,), estimate, held=held)


def test_a_total_names_hardware_and_models_and_counts_what_is_not_known() -> None:
    known = Estimate(minutes=60.0, hardware=EPYC, models=3)
    unknown = Estimate(unknown=NO_POSTS)
    steps = [step("a", known), step("b", known), step("c", unknown), step("d", known, held=True)]
    total = training_time.total(steps)
    assert total.startswith(f"about 2 h 0 min on {EPYC}, by 3 earlier models")
    assert total.endswith(f"unknown for 1 model {NO_POSTS}")
    assert training_time.total(steps[2:3]) == f"unknown {NO_POSTS}"
    assert training_time.total([]) == ""


@pytest.mark.parametrize(
    ("minutes", "text"), [(0.2, "less than a minute"), (9.4, "9 min"), (119, "119 min"), (200, "3 h 20 min")]
)
def test_a_span_is_in_minutes_or_hours(minutes: float, text: str) -> None:
    assert training_time.span(minutes) == text


def test_a_damaged_measurement_is_none_and_an_older_card_has_none() -> None:
    for value in (
        "slow",
        {},
        MEASURED.model_dump() | {"seconds": "nan"},
        MEASURED.model_dump() | {"epochs": 0},
    ):
        published = repo("ada", value).published  # type: ignore[arg-type]
        assert published is not None
        assert published.measured is None
    hostile = MEASURED.model_dump() | {"hardware": "a\x1b[2J"}
    assert measurements(repo("ada", hostile)).models == ()  # type: ignore[arg-type]
    assert "measured" not in repo("ada", None).published.model_dump(exclude_none=True)  # type: ignore[union-attr]
