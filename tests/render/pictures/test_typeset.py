from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.render.pictures import bidi, typefaces, typeset

SCRIPTS = [
    "Hello Ünïcödé",
    "Ελληνικά",
    "Кириллица",
    "مرحبا بالعالم",
    "שלום עולם",
    "नमस्ते दुनिया",
    "สวัสดี",
    "বাংলা",
    "தமிழ்",
    "ქართული",
    "日本語テスト",
    "中文測試",
    "한국어",
    "😀 🤖 🦜",
]


@pytest.mark.parametrize("text", SCRIPTS)
def test_scripts_and_emoji_are_drawn_by_fonts_of_the_project(text: str) -> None:
    assert typeset.drawable(text) == text
    for run in typeset._runs(text, False):
        glyphs, width = typefaces.shape(run.font, run.text, run.backwards)
        assert all(glyph.number != 0 for glyph in glyphs)
        assert width > 0


def test_the_same_text_gives_the_same_shapes_and_no_text() -> None:
    first = typeset.block("A 漢 😀", 30, 500).at(0, 0)
    assert first == typeset.block("A 漢 😀", 30, 500).at(0, 0)
    assert "<text" not in first
    assert "data:image/png;base64," in first


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("𝕱𝖆𝖓𝖈𝖞", "Fancy"),
        ("👍🏽", "👍"),
        ("\U00012000", "□"),
        ("a\U00012000b", "a□b"),
    ],
)
def test_what_no_font_draws_is_drawn_plainly(text: str, drawn: str) -> None:
    assert typeset.drawable(text) == drawn


def test_clusters_keep_what_belongs_together() -> None:
    assert typeset.clusters("e\u0301👩\u200d🚀🇫🇷🇩🇪1\ufe0f\u20e3x") == [
        "e\u0301",
        "👩\u200d🚀",
        "🇫🇷",
        "🇩🇪",
        "1\ufe0f\u20e3",
        "x",
    ]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=120), st.integers(40, 400), st.integers(1, 4), st.booleans())
def test_no_text_is_wider_or_longer_than_its_room(text: str, width: int, lines: int, bold: bool) -> None:
    made = typeset.block(text, 20, width, lines=lines, bold=bold)
    assert len(made.lines) <= lines
    assert made.width <= width + 0.01
    assert made.height <= lines * 20 * made.leading


@pytest.mark.parametrize("text", ["W" * 5000, "漢" * 5000, "word " * 1000, "شكرا " * 900])
def test_long_text_ends_in_an_ellipsis(text: str) -> None:
    made = typeset.block(text, 30, 300, lines=2)
    assert len(made.lines) == 2
    assert made.lines[-1].endswith("…")
    assert made.shortened


def test_words_are_not_broken_where_they_fit() -> None:
    made = typeset.block("several words that wrap", 20, 130, lines=9)
    assert " ".join(made.lines) == "several words that wrap"
    assert not made.shortened


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("これは長い文です。そして、まだ続くのです。", 200),
        ("「引用」は「引用」です「ね」", 110),
        ("ラーメン、ラーメンッ", 130),
    ],
)
def test_lines_of_cjk_begin_and_end_with_marks_that_may(text: str, width: int) -> None:
    lines = typeset.block(text, 30, width, lines=9).lines
    assert "".join(lines) == text
    assert len(lines) > 1
    assert not [line for line in lines if line[0] in "。、」ッー" or line[-1] in "「"]


def test_long_words_break_after_a_hyphen_or_slash_first() -> None:
    made = typeset.block("Featherstonehaugh-Cholmondeley", 30, 320, lines=2)
    assert made.lines == ("Featherstonehaugh-", "Cholmondeley")
    assert not made.broken
    assert typeset.block("Featherstonehaugh", 30, 100, lines=9).broken


def test_empty_text_takes_no_room() -> None:
    made = typeset.block("\u200b", 20, 100)
    assert (made.height, made.width, made.at(0, 0)) == (0, 0, "")


def test_anchors_place_a_line_by_its_start_middle_or_end() -> None:
    made = typeset.block("H", 100, 500)
    lefts = [
        float(re.search(r"M(-?[\d.]+)", made.at(200, 0, anchor))[1])  # type: ignore[index]
        for anchor in ("start", "middle", "end")
    ]
    assert lefts[0] - lefts[1] == pytest.approx(made.width / 2, abs=0.02)
    assert lefts[0] - lefts[2] == pytest.approx(made.width, abs=0.02)


@pytest.mark.parametrize(
    ("line", "levels"),
    [
        ("abc", [0, 0, 0]),
        ("אבג", [1, 1, 1]),
        ("a א", [0, 0, 1]),
        ("א a", [1, 1, 2]),
        ("א 12", [1, 1, 2, 2]),
        ("א 1:2 ב", [1, 1, 2, 2, 2, 1, 1]),
        ("a 12", [0, 0, 0, 0]),
        ("אa! ", [1, 2, 1, 1]),
        ("ab א-ב c", [0, 0, 0, 1, 1, 1, 0, 0]),
        ("", []),
    ],
)
def test_embedding_levels_follow_the_bidirectional_algorithm(line: str, levels: list[int]) -> None:
    assert bidi.levels(line) == levels


def test_a_wrapped_line_runs_the_way_of_its_whole_text() -> None:
    wrapped = typeset.block("Latin first שלום abc", 20, 120, lines=3)
    assert (wrapped.lines[-1], wrapped.backwards) == ("שלום abc", False)
    alone = typeset.block("שלום abc", 20, 120)
    assert [run.text for run in typeset._runs("שלום abc", False)] == ["abc", "שלום "]
    lowered = alone.at(0, (len(wrapped.lines) - 1) * 20 * 1.35)
    assert str(lowered) not in str(wrapped.at(0, 0))


def test_runs_are_reordered_by_level() -> None:
    assert bidi.visual_order([0, 1, 2, 1, 0]) == [0, 3, 2, 1, 4]
    assert bidi.visual_order([1, 2, 1]) == [2, 1, 0]
    assert bidi.visual_order([]) == []


@given(st.text(max_size=60))
def test_every_character_has_a_level_and_every_run_a_place(text: str) -> None:
    levels = bidi.levels(text)
    assert len(levels) == len(text)
    assert sorted(bidi.visual_order(levels)) == list(range(len(text)))


def test_what_is_cut_off_keeps_the_space_before_the_word_it_was_cut_in() -> None:
    shown = typeset.block(
        "commonly fashioned to get the name of Heavenly things", 40, 40 * 18, lines=1
    ).lines[0]
    assert shown.endswith("…")
    assert "commonly fashioned to get the name of Heavenly things".startswith(shown.removesuffix("…"))
    for width in range(8, 30):
        cut = typeset.block("alpha beta gamma delta epsilon zeta", 40, 40 * width / 2, lines=2).lines[-1]
        assert not cut.endswith("…") or cut.removesuffix("…") in "alpha beta gamma delta epsilon zeta"
