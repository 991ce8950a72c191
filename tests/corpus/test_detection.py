from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from bot.corpus import Corpus, build, detection
from bot.registry.languages import iso_639
from bot.sources.posts import Post, Profile, Timeline

ENGLISH = "I can not believe how good this coffee is"
GERMAN = "Heute ist ein schöner Tag im Garten"


def corpus(*texts: str, lang: str | None = None) -> Corpus:
    posts = [Post(str(n), text, datetime(2026, 1, 1, 0, n, tzinfo=UTC), lang) for n, text in enumerate(texts)]
    return build([Timeline(Profile("ada", "Ada", "other"), posts)])


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (ENGLISH, "en"),
        (GERMAN, "de"),
        ("明日また行きましょう、楽しみです", "ja"),
        ("今天天气很好，我们一起去公园散步吧", "zh"),
        ("วันนี้อากาศดีมาก", "th"),
        ("صباح الخير يا أصدقائي كيف حالكم", "ar"),
        ("בוקר טוב לכולם מה שלומכם", "he"),
        ("Hoy hace un día muy bonito en la ciudad", "es"),
    ],
)
def test_a_language_is_reported_where_the_source_has_none(text: str, language: str) -> None:
    assert corpus(text).languages == {language: 1}


@pytest.mark.parametrize(
    "text",
    ["so it is", "for i in range(10): print(i)", "x = 5 + y and so on", "lol what ok", "😂 😂 aa bb cc"],
)
def test_nothing_is_said_where_it_is_not_sure(text: str) -> None:
    assert detection.languages([text]) == [None]


def test_whom_a_post_addresses_says_nothing_of_its_language() -> None:
    assert detection.languages([f"@heute_ist_schoen #guten_morgen {ENGLISH}"]) == ["en"]
    assert detection.languages(["@heute_ist_ein_schoener_tag #garten_im_haus ok so"]) == [None]


def test_what_the_network_says_of_a_post_is_believed() -> None:
    assert corpus(GERMAN, lang="en").languages == {"en": 1}
    assert corpus(GERMAN, lang="und").languages == {}


def test_only_kept_texts_are_looked_at_and_only_a_sample_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection, "SAMPLE", 10)
    found = detection.languages([f"{ENGLISH} {n}" for n in range(95)])
    assert len(found) == 95
    assert 9 <= found.count("en") <= 10
    assert corpus("short", f"{ENGLISH} mail ada@example.com").languages == {}


def test_every_answer_is_a_language_that_a_card_may_name() -> None:
    classify = detection._classifier()
    assert classify is not None
    labels = classify.__self__.labels  # type: ignore[attr-defined]
    assert [label for label in labels if not iso_639(label)] == ["zxx"]
    assert len(labels) > 90


def test_without_the_package_languages_are_unknown_and_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    detection._classifier.cache_clear()
    monkeypatch.setitem(sys.modules, "py3langid.langid", None)
    assert corpus(ENGLISH).languages == {}
    assert corpus(ENGLISH).kept == 1
    detection._classifier.cache_clear()


def test_it_is_not_loaded_before_it_is_needed() -> None:
    code = "import bot.corpus, sys; sys.exit('py3langid' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
