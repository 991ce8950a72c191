from __future__ import annotations

import pytest

from bot.registry.languages import LANGUAGES, iso_639


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("en", "en"),
        ("EN", "en"),
        ("pt-BR", "pt"),
        ("zh_Hans-CN", "zh"),
        ("in", "id"),
        ("iw", "he"),
        ("ckb", "ckb"),
        ("no", "no"),
        (" fr ", "fr"),
        ("msa", "ms"),
        ("fil", "fil"),
    ],
)
def test_codes_of_networks_become_iso_639(code: str, language: str) -> None:
    assert iso_639(code) == language


@pytest.mark.parametrize(
    "code",
    [
        None,
        "",
        "und",
        "zxx",
        "qme",
        "qht",
        "qam",
        "qst",
        "qct",
        "art",
        "mul",
        "e",
        "english",
        "e1",
        "<b>",
        "xx",
    ],
)
def test_what_names_no_language_is_none(code: str | None) -> None:
    assert iso_639(code) is None


def test_every_language_that_a_card_may_name_has_an_english_name() -> None:
    assert {code: iso_639(code) for code in LANGUAGES} == {code: code for code in LANGUAGES}
    assert all(name[:1].isupper() for name in LANGUAGES.values())
    assert (LANGUAGES["pt"], LANGUAGES["ckb"], LANGUAGES["gsw"]) == (
        "Portuguese",
        "Sorani Kurdish",
        "Swiss German",
    )
