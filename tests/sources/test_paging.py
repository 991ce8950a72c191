from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bot.errors import Deferred
from bot.sources.paging import MAX_EMPTY_PAGES, Page, walk
from bot.sources.posts import Post

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def page(*ids: int, next_cursor: str | None = None, reached_known: bool = False) -> Page:
    return Page(tuple(Post(str(i), f"post {i}", NOON) for i in ids), next_cursor, reached_known=reached_known)


def ids(posts: Iterator[Post]) -> list[str]:
    return [post.id for post in posts]


def test_pages_are_walked_to_the_last() -> None:
    pages: dict[str | None, Page] = {
        None: page(9, 8, next_cursor="b"),
        "b": page(next_cursor="c"),
        "c": page(7),
    }
    warnings: list[str] = []
    assert ids(walk(pages.__getitem__, warnings)) == ["9", "8", "7"]
    assert warnings == []


def test_a_walk_begins_where_it_is_asked_and_ends_at_what_is_known() -> None:
    pages: dict[str | None, Page] = {"b": page(7, next_cursor="c", reached_known=True)}
    assert ids(walk(pages.__getitem__, [], start="b")) == ["7"]


def test_of_one_id_the_first_is_taken() -> None:
    pages: dict[str | None, Page] = {None: page(9, 8, 9, next_cursor="b"), "b": page(8, 7)}
    assert ids(walk(pages.__getitem__, [])) == ["9", "8", "7"]


def test_cursors_in_a_circle_end_the_walk_with_a_warning() -> None:
    pages: dict[str | None, Page] = {
        None: page(9, next_cursor="b"),
        "b": page(8, next_cursor="c"),
        "c": page(7, next_cursor="b"),
    }
    warnings: list[str] = []
    assert ids(walk(pages.__getitem__, warnings)) == ["9", "8", "7"]
    assert warnings == ["the network's pages go in a circle: reading ended after 3 posts"]


def test_pages_without_end_that_hold_nothing_new_end_the_walk() -> None:
    numbers = itertools.count()
    warnings: list[str] = []
    assert ids(walk(lambda _: page(9, next_cursor=f"c{next(numbers)}"), warnings)) == ["9"]
    assert next(numbers) == MAX_EMPTY_PAGES + 1
    assert warnings == [f"{MAX_EMPTY_PAGES} pages in a row held nothing new: reading ended after 1 posts"]


def test_an_account_without_end_is_cut_and_said() -> None:
    numbers = itertools.count()

    def fetch(cursor: str | None) -> Page:
        first = next(numbers) * 100
        return page(*range(first, first + 100), next_cursor=str(first))

    warnings: list[str] = []
    assert len(ids(walk(fetch, warnings, most=250))) == 250
    assert warnings == ["only the newest 250 posts were read"]


def test_what_came_before_a_failure_was_given_out_and_its_warnings_are_there() -> None:
    def fetch(cursor: str | None) -> Page:
        if cursor:
            raise Deferred("later")
        return Page(page(9, 8).posts, "b", damaged=1_000, private=2)

    warnings: list[str] = []
    got: list[Post] = []
    posts = walk(fetch, warnings)
    got += [next(posts), next(posts)]
    with pytest.raises(Deferred):
        next(posts)
    assert ids(iter(got)) == ["9", "8"]
    assert warnings == [
        "1,000 damaged records were left out",
        "2 posts are not for everybody and were left out",
    ]


def test_a_page_is_asked_for_only_when_its_posts_are_wanted() -> None:
    asked: list[str | None] = []

    def fetch(cursor: str | None) -> Page:
        asked.append(cursor)
        return page(len(asked), next_cursor=f"c{len(asked)}")

    posts = walk(fetch, [])
    assert asked == []
    next(posts)
    next(posts)
    assert asked == [None, "c1"]
