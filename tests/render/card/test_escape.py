from __future__ import annotations

import unicodedata

import card_reader
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markupsafe import Markup

from bot.render import escape

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("  two\t\nlines  ", "two lines"),
        ("a\u202eb\u2066c\u200fd", "abcd"),
        ("zero\u200bwidth\ufeff\u2060", "zerowidth"),
        ("\ud800broken\udfff", "broken"),
        ("e\u0301", "\u00e9"),
        ("x" + "\u0301\u0302\u0303\u0304\u0305\u0306", "x\u0301\u0302\u0303"),
        ("\u0301x", "x"),
        ("\u200c\u0301x", "x"),
        ("\ufe0f\u20e3", ""),
        ("a \u200d\u0301\u0302", "a"),
        ("\u3164\u2800\u00a0", ""),
        ("\x00\x07\x1b[31m", "[31m"),
        ("\ufffd\ue000\uffff", ""),
        ("👩\u200d🚀 ❤\ufe0f", "👩\u200d🚀 ❤\ufe0f"),
        ("a\u200db a\ufe0f", "ab a"),
        ("1\ufe0f\u20e3", "1\ufe0f\u20e3"),
        ("نامه\u200cای", "نامه\u200cای"),
        ("\U0001f3f4\U000e0067\U000e0062\U000e007f", "\U0001f3f4\U000e0067\U000e0062\U000e007f"),
        ("hid\U000e0041\U000e0042den", "hidden"),
    ],
)
def test_clean_keeps_what_a_reader_sees_and_drops_the_rest(text: str, shown: str) -> None:
    assert escape.clean(text) == shown


@given(ANY_TEXT)
def test_clean_is_stable_in_nfc_and_encodable(text: str) -> None:
    once = escape.clean(text)
    assert escape.clean(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert once.encode().decode() == once
    assert "\n" not in once


def test_the_quick_look_lets_nothing_pass_that_the_slow_one_would_change() -> None:
    passing = [chr(code) for code in range(0x20000) if escape._PLAIN.fullmatch(chr(code))]
    assert 20_000 < len(passing) < 25_000
    for character in passing:
        text = f"a{character}b"
        assert escape._cleaned(text) == " ".join(text.split())


@given(ANY_TEXT)
def test_escaped_text_is_read_back_by_markdown_as_the_text_itself(text: str) -> None:
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parseInline(f"a{escape.escape(text)}b")
    children = tokens[0].children or []
    assert {child.type for child in children} <= {"text", "text_special"}
    read = "".join(child.content for child in children).replace("\u200b", "")
    assert read.strip(" ab") == escape.clean(text).strip(" ab")


@pytest.mark.parametrize(
    "text",
    [
        "ada@example.org",
        "a.b+c_d@mail.example.org, now",
        "mailto:a@b.c",
        "xmpp:a@b.c/d",
        "a@b@c.d",
        "@a@b.org",
    ],
)
def test_an_address_of_mail_is_a_link_in_no_renderer(text: str) -> None:
    escaped = str(escape.escape(text))
    for html in (card_reader.by_cmark(escaped), card_reader.by_markdown_it(escaped)):
        assert html.links == []
        assert html.text.strip() == text


def test_only_addresses_of_mail_are_kept_apart() -> None:
    assert "&#8203;" not in escape.escape("@ada 5 @ 3, ada@home, a@ b.c")


def test_markup_and_numbers_pass_and_edges_keep_one_space() -> None:
    assert escape.escape(Markup("<b>")) == "<b>"
    assert escape.escape(-1.5e-05) == "-1.5e-05"
    assert escape.escape("  a | b\n") == " a &#124; b "


def test_lines_show_as_line_breaks() -> None:
    assert escape.escape_lines("a\n<b>\n") == "a<br>&#60;b&#62;"


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("https://example.org/a?b=c&d=e", "https://example.org/a?b=c&amp;d=e"),
        ("https://example.org/)(|<>\"'` \\$", "https://example.org/%29%28%7C%3C%3E%22%27%60%20%5C%24"),
        ("mailto:ada@example.org", "mailto:ada@example.org"),
        ("assets/a b.png", "assets/a%20b.png"),
        ("javascript:alert(1)", "#"),
        ("data:text/html,x", "#"),
        ("http://[", "#"),
    ],
)
def test_addresses_cannot_leave_their_target(address: str, target: str) -> None:
    assert escape.escape_url(address) == target


@given(ANY_TEXT, st.integers(2, 20))
def test_shortened_text_fits_and_says_so(text: str, length: int) -> None:
    short = escape.shorten(text, length)
    whole = escape.clean(text)
    assert len(short) <= length
    assert short == whole if len(whole) <= length else short.endswith("…")


def test_shortening_does_not_cut_an_emoji_in_two() -> None:
    assert escape.shorten("abcdef👩\u200d🚀👩\u200d🚀", 9) == "abcdef…"


@pytest.mark.parametrize("text", ["", " ", "\u3164", "\u200b\u2800", "\u0301", "\u202e"])
def test_text_that_shows_nothing_is_blank(text: str) -> None:
    assert escape.is_blank(text)
    assert not escape.is_blank(text + "a")
