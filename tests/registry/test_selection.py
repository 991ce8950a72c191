from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.registry import Registry, asked, read_text
from bot.registry.selection import UNCHANGED, Selection

HEAD = "version: 1\nnamespace: org\ncontact: https://example.org/removal\n"


def registry(text: str) -> Registry:
    return read_text((HEAD + text).encode(), Path("registry.yaml"))


def test_keys_of_an_entry_stand_above_those_of_the_defaults() -> None:
    made = registry(
        "defaults: {source: jsonl, consent: self, replies: drop, apps: IFTTT}\n"
        "models: [{handles: [ada]}, {handles: [bob], replies: keep, since: 2020-01-01, apps: [Pen, foursquare]}]\n"
    )
    ada, bob = (entry.selection for entry in made.entries)
    assert ada == Selection(replies="drop", apps=("IFTTT",))
    assert bob == Selection.model_validate(
        {"replies": "keep", "since": "2020-01-01", "apps": ("Pen", "foursquare")}
    )
    assert asked.values_of(made.entries[1]) == {
        "replies": "keep",
        "since": "2020-01-01",
        "apps": ["Pen", "foursquare"],
    }


def test_the_order_of_apps_asks_for_nothing_else() -> None:
    one, two = (Selection(apps=apps).values() for apps in (("b", "a"), ("a", "b")))
    assert asked.recipe_digest(one) == asked.recipe_digest(two)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("since: 2021-01-01, until: 2020-01-01", "since is later than until"),
        ("since: yesterday", "since"),
        ("replies: off", "replies"),
        ("mentions: strip", "mentions"),
        ("threads: split", "threads"),
        ("lines: yes", "lines"),
        ("apps: {a: b}", "apps"),
        ("apps: ['']", "apps"),
    ],
)
def test_a_wrong_value_is_a_fault_on_its_line(keys: str, words: str) -> None:
    made = registry(
        f"defaults: {{source: jsonl, consent: self}}\nmodels:\n  - {{handles: [ada], {keys}}}\n"
        "  - {handles: [bob]}\n"
    )
    (faulty,) = made.faulty
    assert [problem.line for problem in faulty.problems] == [6]
    assert words in str(faulty.problems[0])
    assert [entry.name for entry in made.entries] == ["bob"]


def test_a_model_of_before_there_was_a_choice_is_compared_without_one() -> None:
    assert asked.recipe_digest({}, 1) == asked.recipe_digest(UNCHANGED.model_dump(mode="json"), 1)
    assert asked.recipe_digest({}, 1) != asked.recipe_digest({"replies": "strip"}, 1)


def test_no_post_after_the_last_day_counts() -> None:
    ended = Selection.model_validate({"until": "2020-12-31"})
    assert ended.ends_before(datetime(2021, 1, 1, tzinfo=UTC))
    assert not ended.ends_before(datetime(2020, 12, 31, 23, tzinfo=UTC))
    assert not Selection().ends_before(datetime(2999, 1, 1, tzinfo=UTC))
