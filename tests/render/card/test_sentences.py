from __future__ import annotations

import pytest

from bot.manifest import Sample
from bot.render.card import sentences


def of(*texts: str, longest: int = 60) -> tuple[str, str] | None:
    return sentences.first([Sample(prompt="My dream is", text=text, seed=1) for text in texts], longest)


@pytest.mark.parametrize(
    ("texts", "text"),
    [
        ([" to fly.", " to sing."], " to fly."),
        ([" to fly over the", " to sing!"], " to sing!"),
        ([" to fly\nhigh."], " to fly high."),
        ([" to fly over the", " to sing of" + " all" * 40 + "."], " to fly over the"),
        ([" to fly. To sing." + " And so on" * 40], " to fly. To sing."),
        (["", "  ", " to fly."], " to fly."),
    ],
)
def test_the_first_whole_text_that_is_short_enough(texts: list[str], text: str) -> None:
    assert of(*texts) == ("My dream is", text)


def test_the_last_resort_ends_in_an_ellipsis() -> None:
    prompt, text = of(" to sing of" + " all" * 100) or ("", "")
    assert text.endswith("…")
    assert len(prompt + text) <= 61


def test_nothing_written_and_copies_give_none() -> None:
    assert of() is None
    assert of("") is None
    assert sentences.first([Sample(prompt="My", text="", seed=1, copied=True)], 60) is None


@pytest.mark.parametrize("text", ["A.", "A?", "A!”", "世界。", "世界。」", "مرحبا؟", "A…", 'A." '])
def test_what_ends_as_a_sentence_does(text: str) -> None:
    assert sentences.is_whole(text)


@pytest.mark.parametrize("text", ["", "A", "A,", "世界", "A. b"])
def test_what_does_not(text: str) -> None:
    assert not sentences.is_whole(text)
