from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UsageError
from bot.github.handle_list import Question, read
from bot.sources.handles import Source


@pytest.mark.parametrize(
    "typed",
    [
        "ada bob",
        "ada, bob",
        "@ada @bob",
        "ada and bob",
        "ada, and bob",
        "ada und bob",
        "ada et bob",
        "ada y bob",
        "ada e bob",
        "ada And bob",
        "ada & bob",
        "ada&bob",
        "ada + bob",
        "ada; bob.",
        "ada\nbob",
        "ada and\nbob",
        "- ada\n- bob",
        "1. ada\n2. bob",
        "`ada`, “bob”!",
        "ada，bob",
        "＠ada、bob",
        "@\u200bada bob\u200d",
        "[@ada](https://x.com/ada) [bob](<https://twitter.com/bob> 'Bob')",
        "[Ada Example](https://x.com/ada?lang=en&s=20), bob",
    ],
)
def test_two_handles_are_two_however_they_are_joined(typed: str) -> None:
    assert [each.removeprefix("@") for each in read(typed, "x")] == ["ada", "bob"]


@pytest.mark.parametrize(
    "typed",
    [
        "and",
        "ada and",
        "and ada",
        "ada, and, bob",
        "ada and and bob",
        "y ada",
        "ada or bob",
        "please add ada",
        "my account is ada",
        "Ada @ada_example",
        "Ada [@ada_example](https://x.com/ada_example)",
        "[Mara](https://x.com/mara_quay)",
    ],
)
def test_what_may_be_a_handle_or_not_is_asked(typed: str) -> None:
    with pytest.raises(Question):
        read(typed, "x")


def test_who_marks_a_word_means_the_account() -> None:
    assert read("@and", "x") == ["@and"]
    assert read("ada, @y and @please", "x") == ["ada", "@y", "@please"]
    assert read("[@and](https://x.com/and)", "x") == ["and"]


@pytest.mark.parametrize(
    ("source", "typed", "expected"),
    [
        ("bluesky", "carol.example.social.", ["carol.example.social"]),
        ("bluesky", "[Carol](https://bsky.app/profile/carol.example.social)", ["carol.example.social"]),
        (
            "mastodon",
            "@ada@example.social, and bob@example.social",
            ["@ada@example.social", "bob@example.social"],
        ),
        ("mastodon", "[@ada](https://example.social/@ada)", ["ada@example.social"]),
        (
            "x",
            "https://x.com/ada?a=1&b=2, https://twitter.com/bob/.",
            ["https://x.com/ada?a=1&b=2", "https://twitter.com/bob"],
        ),
    ],
)
def test_each_networks_handles_and_addresses(source: Source, typed: str, expected: list[str]) -> None:
    assert [each.rstrip("/") for each in read(typed, source)] == expected


@pytest.mark.parametrize(
    "typed",
    ["[x](https://evil.example/x)", "![ada](https://x.com/ada)", "[ada]()"],
)
def test_a_link_to_anything_but_a_profile_is_refused(typed: str) -> None:
    with pytest.raises(UsageError, match="write the handle alone"):
        read(f"{typed}, bob", "x")


@pytest.mark.parametrize(
    ("typed", "answers"),
    [
        ("ada and", ["@ada, @and"]),
        ("ada, and, bob", ["@ada, @and, @bob"]),
        ("y ada", ["@y, @ada"]),
        ("ada or bob", ["@ada, @or, @bob"]),
        ("Ada @ada_example", ["@Ada, @ada_example"]),
        ("please, would you add ada and bob", []),
        ("[@bob](https://x.com/ada)", ["bob", "ada"]),
        ("[a post](https://x.com/ada/status/20)", ["ada"]),
    ],
)
def test_each_answer_that_a_question_proposes_is_read(typed: str, answers: list[str]) -> None:
    with pytest.raises(UsageError) as asked:
        read(typed, "x")
    assert list(asked.value.instead) == answers
    for answer in answers:
        assert read(answer, "x") == answer.split(", ")


def test_nothing_is_nothing_and_bare_quotes_are_kept_to_be_refused() -> None:
    assert read(" , ", "x") == []
    assert read('"; echo', "x") == ['"', "echo"]


@given(st.text(max_size=300))
def test_any_text_is_handles_or_a_sentence(text: str) -> None:
    try:
        found = read(text, "x")
    except UsageError:
        return
    assert all(found)
