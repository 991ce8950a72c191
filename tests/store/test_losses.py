"""Which stored posts a reading removes: only one that is evidence, and never without a word."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.sources.posts import Post
from bot.store.format import covered_by
from bot.store.losses import Losses, is_sudden, losses

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def posts(*numbers: int) -> dict[str, Post]:
    return {str(n): Post(str(n), f"post {n} sings", NOW + timedelta(hours=n)) for n in numbers}


STORED = posts(*range(100))


def of(read: dict[str, Post], *, complete: bool = True, paid: bool = False) -> Losses:
    return losses(STORED, read, complete=complete, paid=paid, reading="archive", how_to_drop="bot purge ada")


def test_what_a_whole_reading_lacks_goes_and_is_counted_aloud() -> None:
    found = of(posts(*range(50), *range(59, 100)))
    assert found.gone == frozenset(map(str, range(50, 59)))
    assert found.warnings == ("9 posts missing from this archive were removed",)


def test_one_post_is_counted_in_the_singular() -> None:
    found = of(posts(*range(50), *range(51, 100)))
    assert found == Losses(frozenset({"50"}), ("1 post missing from this archive was removed",))


def test_a_reading_that_lacks_nothing_says_nothing() -> None:
    assert of(STORED) == of(posts(*range(200)), complete=False) == of({}) == Losses()


@pytest.mark.parametrize(
    ("complete", "paid", "why"),
    [
        (False, False, "it does not show that it is whole"),
        (True, True, "posts of this account were paid for and may be among them"),
    ],
)
def test_a_reading_that_is_no_evidence_removes_nothing_and_says_why(
    complete: bool, paid: bool, why: str
) -> None:
    found = of(posts(*range(50), *range(59, 100)), complete=complete, paid=paid)
    assert found.gone == frozenset()
    assert found.warnings == (
        f"9 posts missing from this archive were kept: {why}; to drop them all the same: bot purge ada",
    )


def test_a_sudden_loss_of_more_than_half_is_held_back_and_said() -> None:
    assert len(of(posts(0, *range(51, 100))).gone) == 50
    found = of(posts(0, *range(52, 100)))
    assert found.gone == frozenset()
    assert found.warnings == (
        "51 posts missing from this archive were kept: more than half of the 100 that it should hold, which is too "
        "many to go at once; to drop them all the same: bot purge ada",
    )


def test_a_loss_is_held_against_the_span_that_the_reading_covers() -> None:
    """3 of a window of 5 posts are as sudden a loss as 60 of 100."""
    assert list(covered_by(STORED, posts(10, 14))) == ["10", "11", "12", "13", "14"]
    assert of(posts(10, 14)).gone == frozenset()
    assert (is_sudden(3, 5), is_sudden(1, 2), is_sudden(0, 0)) == (True, False, False)
