from __future__ import annotations

import html
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from old_cards import ADA, BOB, EVE, Person, first, named, second, third

from bot.apply.adopt import old_card
from bot.apply.adopt.old_card import NotAnOldCardError, OldCard
from bot.render import escape


def read(text: str, *order: str) -> OldCard:
    return old_card.read(text.encode(), order)


def told(card: OldCard) -> list[tuple[str, str, int, int, int, int]]:
    return [
        (one.handle, one.name, one.counts.downloaded, one.counts.retweets, one.counts.short, one.counts.kept)
        for one in card.accounts
    ]


def facts(*people: Person) -> list[tuple[str, str, int, int, int, int]]:
    return [(one.handle, one.name, one.downloaded, one.retweets, one.short, one.kept) for one in people]


@pytest.mark.parametrize(
    ("text", "people", "generation", "report_host", "made"),
    [
        (first(), [ADA], "one picture, older report link", "app.wandb.ai", True),
        (second(BOB), [BOB], "one picture", "wandb.ai", True),
        (third(ADA), [ADA], "up to three pictures", "wandb.ai", False),
        (third(BOB, ADA), [BOB, ADA], "up to three pictures", "wandb.ai", False),
        (third(EVE, ADA, BOB), [EVE, ADA, BOB], "up to three pictures", "wandb.ai", False),
    ],
)
def test_each_generation_gives_all_its_facts(
    text: str, people: list[Person], generation: str, report_host: str, made: bool
) -> None:
    card = read(text)
    assert card.faults == ()
    assert told(card) == facts(*people)
    assert [one.avatar for one in card.accounts] == [one.picture for one in people]
    assert card.generation == generation
    assert card.base == "openai-community/gpt2"
    assert card.run_url == "https://wandb.ai/invented/project/runs/5train67"
    assert card.model_url == f"{card.run_url}/artifacts"
    assert card.data_url == "https://wandb.ai/invented/project/runs/1data234/artifacts"
    assert card.report_url == f"https://{report_host}/invented/project/reports/A-Report--Vmlldzo1"
    assert card.made_at == (datetime(2021, 2, 16, 1, 52, 26, tzinfo=UTC) if made else None)
    assert card.metadata["tags"] == ["huggingtweets"]


@pytest.mark.parametrize(
    "name",
    [
        "Bob | Example",
        "| Bob |",
        "Bob | & | Example",
        "Bob & Friends",
        "Bob & Ada | Example",
        "Bob || Example",
        "<b>Bob</b> Example",
        "Bob Example [x](https://example.org) ![]()",
        "Bob </div><div> Example",
        "Böb Example 🦜",
        "例 Bob Example",
        "1,234 Bob Example 99",
        "Bob 🤖 AI BOT 🤖 Example",
    ],
)
def test_a_name_that_breaks_the_table_is_recovered_with_its_numbers(name: str) -> None:
    bob = named(BOB, name)
    card = read(third(bob, ADA))
    assert card.faults == ()
    assert told(card) == facts(bob, ADA)
    assert told(read(third(ADA, EVE, bob))) == facts(ADA, EVE, bob)
    assert told(read(second(bob))) == facts(bob)


def test_a_pipe_that_somebody_escaped_by_hand_is_read_as_one() -> None:
    bob = named(BOB, "Bob | Example")
    card = read(third(bob, ADA, names=["Bob \\| Example", "Ada Example"]))
    assert told(card) == facts(bob, ADA)


def test_names_are_read_from_the_table_where_the_head_has_none() -> None:
    text = third(named(BOB, "Bob Example"), ADA, names=["Bob \\| Example", "Ada Example"])
    card = read(text.replace("font-weight: 800", "font-weight: 400"))
    assert [(one.handle, one.name) for one in card.accounts] == [
        ("bob_example", "Bob | Example"),
        ("ada_example", "Ada Example"),
    ]


def test_escaped_names_are_read_as_what_a_reader_sees() -> None:
    text = third(named(BOB, "Bob &amp; Co &lt;3"), ADA)
    assert [one.name for one in read(text).accounts] == ["Bob & Co <3", "Ada Example"]


def test_line_ends_of_another_system_and_a_byte_order_mark_change_nothing() -> None:
    text = third(BOB, ADA)
    assert old_card.read(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()) == read(text)


@pytest.mark.parametrize("written", ["3,000", "3.000", "3 000", "3\u202f000"])
def test_thousands_may_be_marked(written: str) -> None:
    assert told(read(first().replace("| 3000 |", f"| {written} |"))) == facts(ADA)


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("| Retweets | 900 |", "| Retweets | 901 |", "3,000 downloaded are not 901 retweets"),
        ("| Tweets kept | 2000 |", "| Tweets kept | 9000 |", "9,000 kept are more than 3,000 downloaded"),
        ("| Retweets | 900 |", "| Retweets | 900 | 5 |", "'retweets' holds 2 numbers for 1 account"),
        ("| Retweets | 900 |", "| Retweets | many |", "'retweets' holds 0 numbers for 1 account: many"),
        ("| Retweets | 900 |", "| Retweets | -900 |", "'retweets' holds 0 numbers"),
        ("| Retweets | 900 |", "| Retweets | 90,0 |", "'retweets' holds 0 numbers"),
        ("| Retweets | 900 |\n", "", "the row 'retweets' is missing"),
        ("| Retweets | 900 |", "| Retweets | 900 |\n| Retweets | 900 |", "the row 'Retweets' stands twice"),
        ("@ada_example bot", "@somebody bot", "different handles: somebody and ada_example"),
        ("🤖 AI Bot", "", "the name cannot be distinguished"),
        ("tags:\n- huggingtweets", "tags: [unclosed", "front matter"),
        ("language: en", "language: en\nlanguage: fr", "stands twice"),
        ("---\nlanguage", "language", "no front matter"),
    ],
)
def test_what_cannot_be_sure_is_said_and_not_guessed(before: str, after: str, fault: str) -> None:
    text = first()
    assert before in text
    card = read(text.replace(before, after))
    assert card.accounts == ()
    assert any(fault in one for one in card.faults), card.faults


def test_numbers_of_one_person_that_do_not_add_up_name_that_person() -> None:
    card = read(third(Person("bob_example", "Bob Example", kept=1), ADA))
    assert card.accounts == ()
    assert card.faults == (
        "the numbers of @bob_example do not add up: 3,000 downloaded are not 900 retweets + 100 short + "
        "1 kept, which make 1,001",
    )


def test_columns_that_names_do_not_assign_are_not_guessed_but_may_be_given() -> None:
    text = third(named(BOB, "Captain Sunshine"), named(ADA, "The Moon"))
    card = read(text)
    assert card.accounts == ()
    assert "it is not certain whose column is whose" in card.faults[0]
    assert "'Captain Sunshine', 'The Moon'" in card.faults[0]
    given = read(text, "bob_example", "ada_example")
    assert given.faults == ()
    assert [(one.handle, one.name) for one in given.accounts] == [
        ("bob_example", "Captain Sunshine"),
        ("ada_example", "The Moon"),
    ]
    wrong = read(text, "eve_example", "ada_example")
    assert (
        "--handles names eve_example, ada_example, and the card ada_example, bob_example" in wrong.faults[0]
    )


def test_the_last_column_is_whose_handle_is_left() -> None:
    card = read(third(named(BOB, "Captain Sunshine"), ADA))
    assert told(card) == facts(named(BOB, "Captain Sunshine"), ADA)
    assert "which column is whose was concluded from the names: look at it" in card.notes


def test_names_in_the_head_that_differ_from_the_tables_are_not_guessed() -> None:
    card = read(third(BOB, ADA, names=["Somebody", "Else"]))
    assert card.accounts == ()
    assert card.faults == ("the names of 2 people cannot be distinguished",)


def test_more_people_than_pictures_are_read_with_placeholders() -> None:
    dan = Person("dan_example", "Dan Example")
    card = read(third(ADA, BOB, EVE, dan))
    assert told(card) == facts(ADA, BOB, EVE, dan)
    assert [one.avatar for one in card.accounts] == [ADA.picture, BOB.picture, EVE.picture, None]


def test_a_picture_too_many_leaves_all_away_and_says_so() -> None:
    card = read(third(ADA, BOB).replace("display:none", "display:inherit"))
    assert [one.avatar for one in card.accounts] == [None, None]
    assert "it shows 3 profile pictures for 2 people: placeholders instead" in card.notes


@pytest.mark.parametrize(
    "text",
    ["# A model\n", "---\nlanguage: en\n---\n", "---\ntags: [huggingtweets]\n---\nNo table.\n", "", "\0"],
)
def test_another_card_is_not_adopted(text: str) -> None:
    with pytest.raises(NotAnOldCardError, match=r"README\.md"):
        read(text)


def test_a_card_that_is_not_text_is_said() -> None:
    card = old_card.read(first(named(ADA, "Ada X")).encode().replace(b"Ada X", b"Ada \xff"))
    assert card.faults == ("README.md is not UTF-8 throughout: save it again as UTF-8",)


def test_links_to_other_places_are_not_kept_as_tracked_runs() -> None:
    card = read(first().replace("https://wandb.ai", "https://wandb.example"))
    assert (card.run_url, card.data_url, card.model_url) == (None, None, None)
    assert "no tracked link to the training run" in card.notes


def test_sections_that_a_person_added_are_named() -> None:
    card = read(first() + "\n## A poem of mine\n\nRoses.\n")
    assert "somebody added sections, which the new card does not hold: A poem of mine" in card.notes


readable = st.characters(exclude_categories=("Cc", "Cs", "Cn", "Co", "Zl", "Zp"))
marks = st.sampled_from(["|", " | ", "&", " & ", "<", "</div>", "\\|", "](", "&amp;"])
names = st.lists(st.one_of(st.text(readable, max_size=9), marks), max_size=6).map("".join)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    people=st.lists(
        st.tuples(names, st.lists(st.integers(0, 9999), min_size=3, max_size=3)), min_size=1, max_size=4
    )
)
def test_any_names_come_back_with_their_own_numbers_or_it_is_said(
    people: list[tuple[str, list[int]]],
) -> None:
    made = [
        Person(f"user{number}", name, sum(counts), counts[0], counts[1], counts[2])
        for number, (name, counts) in enumerate(people)
    ]
    card = read(third(*made), *[person.handle for person in made])
    if card.faults:
        assert card.accounts == ()
        return
    assert [one.counts.kept for one in card.accounts] == [person.kept for person in made]
    assert [one.name for one in card.accounts] == [
        escape.clean(html.unescape(person.name)) for person in made
    ]
