from __future__ import annotations

import pytest

from bot.sources.scripts import excludes, first_possible, languages

PERSIAN = "آدمی به دنیا می‌آید تا از کتاب و رفیق لذت ببرد"
JAPANESE = "今日はとても寒いので家で本を読んでいます"


@pytest.mark.parametrize(
    ("text", "code", "excluded"),
    [
        (PERSIAN, "en", True),
        (PERSIAN, "fa", False),
        (PERSIAN, "ar-EG", False),
        (JAPANESE, "no", True),
        (JAPANESE, "zh", True),
        (JAPANESE, "ja", False),
        ("今天很冷，我在家看书", "zh-Hant", False),
        ("今天很冷，我在家看书", "ja", False),
        ("오늘 날씨가 좋네요", "en", True),
        ("Сегодня хорошая погода", "de", True),
        ("Данас је лепо време", "sr-Cyrl", False),
        ("שלום לכולם כאן", "iw", False),
        ("Good morning", "ja", False),  # any language may be written in Latin letters
        ("kya haal hai bhai", "hi", False),
        ("ok 👍 да", "en", False),  # too few letters
        ("I read Война и мир again", "en", False),
        ("@bob https://example.org 今日はとても寒い", "en", True),
        ("", "en", False),
    ],
)
def test_a_script_excludes_the_languages_that_are_not_written_in_it(
    text: str, code: str, excluded: bool
) -> None:
    assert excludes(text, code) == excluded


def test_of_several_codes_the_first_that_the_script_allows_is_taken() -> None:
    assert first_possible(JAPANESE, ["no", "ja"]) == "ja"
    assert first_possible(JAPANESE, ["no", "en"]) == "no"
    assert first_possible("Good morning", ["no", "ja"]) == "no"
    assert first_possible(JAPANESE, []) is None


def test_a_script_of_one_language_names_it() -> None:
    assert languages("ありがとうございます") == ("ja",)
    assert languages("สวัสดีตอนเช้า") == ("th",)
    assert languages("hello") is None
