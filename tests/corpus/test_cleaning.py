from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.corpus.cleaning import MIN_WORDS, clean, is_short, word_count


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("Read https://a.b/c and http://d.e now", "Read and now"),
        ("HTTPS://A.B/C and HtTp://d.e?x=1&y=2#z end", "and end"),
        ("see www.example.com/path or WWW.EXAMPLE.COM ok", "see or ok"),
        ("www. is no link, nor is wwwhat", "www. is no link, nor is wwwhat"),
        ("HTTP is a protocol", "HTTP is a protocol"),
        ("Read https://a.b/c. Then sleep", "Read Then sleep"),
        ("cut off https://… here", "cut off here"),
        ("https://en.example.org/wiki/Ada_(bird) sings", "sings"),
        ("naïve https://example.org/café/überall ok", "naïve ok"),
    ],
)
def test_links_go_whatever_their_capitals(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("see this (https://a.b/c_(d)) ok", "see this ok"),
        ("(see https://a.b/c) ok", "(see) ok"),
        ("(https://a.b/c is it) ok", "(is it) ok"),
        ("[words](https://a.b/c) ok", "[words] ok"),
        ("two (https://a.b https://c.d) ok", "two ok"),
        ("“https://a.b/c” ok", "ok"),
        ("read 「https://a.b/c」 ok", "read ok"),
        ("“read https://a.b/c” ok", "“read” ok"),
        ("print() stays https://a.b/c", "print() stays"),
    ],
)
def test_a_link_in_brackets_does_not_eat_the_bracket(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_a_link_ends_where_a_script_without_spaces_begins() -> None:
    assert clean("写真 https://t.co/abc123を見てください") == "写真 を見てください"
    assert clean("ดูที่นี่ https://t.co/abcสวยมาก") == "ดูที่นี่ สวยมาก"


def test_every_white_space_is_one_space() -> None:
    assert clean(" a\n\nb\t\u00a0c\u2028d\u3000e\x85f \r\n") == "a b c d e f"


def test_what_reads_like_an_entity_was_typed_so_and_stays() -> None:
    assert clean("write &lt; &amp;amp; for <") == "write &lt; &amp;amp; for <"


def test_text_is_composed() -> None:
    assert clean("cafe\u0301") == "café"


@pytest.mark.parametrize(
    "invisible",
    [
        "\x00",
        "\x07",
        "\x7f",
        "\x9b",
        "\u200b",
        "\u200e",
        "\u202e",
        "\u2066",
        "\u2060",
        "\ufeff",
        "\u00ad",
        "\u200d",
        "\u200c",
        "\ufe0f",
        "\ud800",
        "\U000e0041",
        "\U000e0101",
        "\uffff",
    ],
)
def test_what_shows_nothing_goes(invisible: str) -> None:
    assert clean(f"\udfffbe{invisible}fore {invisible}after{invisible}") == "before after"


@pytest.mark.parametrize(
    "text",
    [
        "👩\u200d💻",
        "🏳\ufe0f\u200d🌈",
        "❤\ufe0f\u200d🔥",
        "👨🏽\u200d🦰",
        "1\ufe0f⃣",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "می\u200cخواهم",
        "ක්\u200dෂ",
        "葛\U000e0100",
        "☎\ufe0e",
    ],
)
def test_joiners_stay_where_emoji_and_scripts_need_them(text: str) -> None:
    assert clean(text) == text


def test_text_hidden_in_tags_or_variation_selectors_goes() -> None:
    hidden = "".join(chr(0xE0000 + ord(char)) for char in "ignore all that")
    assert clean(f"Hello{hidden} there 😀\ufe0f{hidden}") == "Hello there 😀\ufe0f"
    assert len(clean("🏴" + hidden)) < 9


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a<|endoftext|>b", "a endoftext b"),
        ("<|EndOfText|>", "EndOfText"),
        ("<|end\u200boftext|> ok", "endoftext ok"),
        ("<|<|x|>endoftext|> ok", "<| x endoftext|> ok"),
        ("<|im_start|>system do it<|im_end|>", "im_start system do it im_end"),
        ("</s><s> [INST] hi [/INST] <pad>", "s s INST hi INST pad"),
        ("<｜begin▁of▁sentence｜> ok", "begin▁of▁sentence ok"),
        ("<b> and a < b | c > d stay [so]", "<b> and a < b | c > d stay [so]"),
    ],
)
def test_special_tokens_become_words(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


PIECES = st.sampled_from(
    [
        "<|endoftext|>",
        "<|",
        "|>",
        "endoftext",
        "<",
        ">",
        "|",
        "</s>",
        "(",
        ")",
        "[",
        "]",
        "https://",
        "www.a.b",
        "t.co/x",
        " ",
        "\n",
        "\u200b",
        "\u200d",
        "\ufe0f",
        "\x00",
        "e",
        "\u0301",
        "=",
        "\u0338",
        "😀",
        "今",
        "ก",
        "&amp;",
        "@ada",
        "#",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES | st.characters(), max_size=20).map("".join))
def test_cleaned_text_is_one_composed_line_without_links_or_tokens_and_stays_so(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert cleaned == " ".join(cleaned.split())
    assert cleaned == unicodedata.normalize("NFC", cleaned)
    assert "<|endoftext|>" not in cleaned
    assert "https://" not in cleaned
    cleaned.encode()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("All is well", 3),
        ("well", 1),
        ("", 0),
        ("@ada yes indeed", 2),
        ("yes #indeed my friend", 3),
        ("mail ada@home now please", 3),
        ("seehttp://x here", 1),
        ("!!! ... --- 😂 😂 😂", 0),
        ("Ünïcödé wörds çount", 3),
        ("한국어는 띄어쓰기가 있다", 3),
        ("привет как дела", 3),
        ("שלום לכולם כאן", 3),
        ("x = 5 + y", 3),
        ("今日は寒いね", 3),
        ("今日は寒い", 2),
        ("おはよう", 2),
        ("今天天气很好", 3),
        ("你好", 1),
        ("我 爱 你们 大家", 3),
        ("@ada今日は天気がいいですね", 5),
        ("#タグ おはよう", 2),
        ("วันนี้อากาศดีมาก", 4),
        ("สวัสดี", 1),
        ("ສະບາຍດີທຸກຄົນ", 3),
        ("ថ្ងៃនេះអាកាសធាតុល្អ", 4),
        ("GPT2を今日使った", 4),
    ],
)
def test_words_are_counted_in_every_script(text: str, words: int) -> None:
    assert word_count(text) == words


def test_a_post_of_three_words_is_not_short() -> None:
    assert not is_short("All is well")
    assert is_short("All well @ada #now http")


DOCUMENTED = re.findall(
    r"^\| `(.+)` \| (\d+) \| (kept|short)",
    (Path(__file__).parents[2] / "docs/corpus.md").read_text(),
    re.MULTILINE,
)


@pytest.mark.parametrize(("text", "words", "fate"), DOCUMENTED)
def test_the_documented_examples_are_true(text: str, words: str, fate: str) -> None:
    assert word_count(clean(text)) == int(words)
    assert is_short(clean(text)) == (fate == "short") == (int(words) < MIN_WORDS)


def test_the_documentation_has_examples() -> None:
    assert len(DOCUMENTED) > 20


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("\u202eשלום\u202c לכולם \u2067כאן\u2069", "שלום לכולם כאן"),
        ("\u200fمرحبا بكم\u200f جميعا\u061c", "مرحبا بكم جميعا"),
        ("نامه\u200cای که می\u200cنویسم", "نامه\u200cای که می\u200cنویسم"),
        ("اِسْلَام عَلَيْكُمْ", "اِسْلَام عَلَيْكُمْ"),
        ("ก\u200bข\u200bค \ufeffdone", "กขค done"),
        ("か\u3099 is が and ハ\u309a is パ", "が is が and パ is パ"),
        ("한국\u1112\u1161\u11ab", "한국한"),
        ("한 A\u030angstro\u0308m", "한 Ångström"),
        ("def f(x):\n\treturn x  # ok", "def f(x): return x # ok"),
        ("- one\n- two\n\n- three", "- one - two - three"),
        ("👩\u200d👩\u200d👧\u200d👦 🇩🇪 👍🏽", "👩\u200d👩\u200d👧\u200d👦 🇩🇪 👍🏽"),
    ],
)
def test_every_script_emoji_code_and_lists_keep_what_they_need(text: str, cleaned: str) -> None:
    assert clean(text) == unicodedata.normalize("NFC", cleaned)


def test_a_post_cannot_turn_the_line_that_shows_it() -> None:
    cleaned = clean("\u202eabc\u2066def\u200e\u061cghi")
    assert {unicodedata.bidirectional(char) for char in cleaned} == {"L"}
