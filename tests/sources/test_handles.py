from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from work import no_hang

from bot.registry import hub_names
from bot.sources.handles import SOURCES, Source, if_valid, normalise, person, repo_name, shown


@pytest.mark.parametrize(
    ("text", "source", "handle"),
    [
        ("ada", "x", "ada"),
        ("@Ada_Example", "x", "ada_example"),
        ("https://x.com/Ada", "x", "ada"),
        ("https://twitter.com/Ada/", "archive", "ada"),
        ("@Ida@M.example", "archive", "ida@m.example"),
        ("https://bsky.app/profile/carol.example.social", "archive", "carol.example.social"),
        ("http://mobile.twitter.com/@Ada?lang=en", "x", "ada"),
        ("x.com/Ada", "x", "ada"),
        ("no", "x", "no"),
        ("007", "x", "007"),
        ("1_000", "x", "1_000"),
        ("null", "x", "null"),
        ("_", "x", "_"),
        ("Carol.Example.Social", "bluesky", "carol.example.social"),
        ("@carol.example.social", "bluesky", "carol.example.social"),
        ("https://bsky.app/profile/carol.example.social", "bluesky", "carol.example.social"),
        ("did:plc:abcdefghijklmnopqrstuvwx", "bluesky", "did:plc:abcdefghijklmnopqrstuvwx"),
        ("user@example.social", "mastodon", "user@example.social"),
        ("@User@Example.Social", "mastodon", "user@example.social"),
        ("https://example.social/@User", "mastodon", "user@example.social"),
        ("https://example.social/@User@other.example", "mastodon", "user@other.example"),
        ("https://example.social/users/User", "mastodon", "user@example.social"),
        ("mydiary", "jsonl", "mydiary"),
        ("a_word_of_thirty_characters_is_", "jsonl", None),
        ("a_word_of_thirty_characters_ok", "jsonl", "a_word_of_thirty_characters_ok"),
        ("carol.example.social", "jsonl", "carol.example.social"),
        ("user@example.social", "jsonl", "user@example.social"),
        ("", "x", None),
        ("~", "x", None),
        ("a" * 16, "x", None),
        ("a b", "x", None),
        ("a-b", "x", None),
        ("../etc", "x", None),
        ("ada\n", "x", "ada"),
        ("a\nb", "x", None),
        ("\u212aelvin", "x", None),
        ("\u0661\u0662", "x", None),
        ("https://x.com/ada/status/1", "x", None),
        ("https://bsky.app/profile/a.example", "x", None),
        ("carol", "bluesky", None),
        ("carol.social.1", "bluesky", None),
        ("-carol.example", "bluesky", None),
        ("user", "mastodon", None),
        ("user@localhost", "mastodon", None),
        ("us er@example.social", "mastodon", None),
        ("user@" + "a." * 130 + "example", "mastodon", None),
    ],
)
def test_handles_are_normalised_or_refused_per_source(text: str, source: Source, handle: str | None) -> None:
    if handle is None:
        with pytest.raises(ValueError, match=f"is not a handle of source {source}"):
            normalise(text, source)
    else:
        assert normalise(text, source) == handle
    assert if_valid(text, source) == handle


@pytest.mark.parametrize(
    ("text", "source", "hint"),
    [
        ("user@example.social", "x", "set source: mastodon"),
        ("carol.example.social", "x", "set source: bluesky"),
        ("https://bsky.app/profile/carol.example", "x", "set source: bluesky"),
        ("user@example.social", "bluesky", "set source: mastodon"),
    ],
)
def test_a_handle_of_another_network_is_reported_its_source(text: str, source: Source, hint: str) -> None:
    with pytest.raises(ValueError, match=hint):
        normalise(text, source)


@pytest.mark.parametrize(
    ("text", "handle"),
    [
        ("@Dave", "dave"),
        ("https://x.com/Dave", "dave"),
        ("https://bsky.app/profile/dave.example", "dave.example"),
        ("@dave@example.social", "dave@example.social"),
    ],
)
def test_a_person_is_named_without_a_source(text: str, handle: str) -> None:
    assert person(text) == handle
    with pytest.raises(ValueError, match="is not a handle"):
        person("d a v e")


@pytest.mark.parametrize(
    ("handles", "name"),
    [
        (["bob", "ada"], "ada-bob"),
        (["user@example.social"], "user.example.social"),
        (["xn--caf-dma.example"], "xn-caf-dma.example"),
        (["did:web:example.org"], "did.web.example.org"),
        (["_ada"], "_ada"),
    ],
)
def test_the_name_is_made_of_sorted_handles(handles: list[str], name: str) -> None:
    assert repo_name(handles) == name
    assert repo_name(reversed(handles)) == name


def test_a_message_shows_untrusted_text_on_one_short_line() -> None:
    text = shown("\u202e\n" + "x" * 1000)
    assert len(text) < 80
    assert text.isprintable()


@given(st.text(max_size=60), st.sampled_from(SOURCES))
def test_what_is_accepted_is_ascii_lower_case_and_stays_itself(text: str, source: Source) -> None:
    try:
        handle = normalise(text, source)
    except ValueError:
        return
    assert re.fullmatch(r"[a-z0-9_.:@-]+", handle)
    assert normalise(handle, source) == handle
    assert person(handle) == handle


@given(st.lists(st.from_regex(r"[a-z0-9_]{1,15}", fullmatch=True), min_size=1, max_size=5))
def test_names_of_x_handles_are_ones_the_hub_takes(handles: list[str]) -> None:
    assert hub_names.refusal(repo_name(handles)) is None


@pytest.mark.parametrize(
    "text", ["a." * 500_000, "@" * 500_000, "https://" + "a/" * 500_000, "a@" + "a-" * 500_000]
)
def test_endless_text_costs_nothing(text: str) -> None:
    for source in SOURCES:
        with no_hang(), pytest.raises(ValueError, match="is not a handle"):
            normalise(text, source)
