from __future__ import annotations

import pytest

from bot.sources.refusals import refusal


@pytest.mark.parametrize(
    ("bio", "tag"),
    [
        ("Birds. #nobot", "#nobot"),
        ("#NoBots please", "#nobots"),
        ("(#noindex)", "#noindex"),
        ("#NoAI", "#noai"),
        ("birds #noarchive.", "#noarchive"),
        ("no bot here", None),
        ("#nobotany", None),
        ("#nobot_tom", None),
        ("", None),
    ],
)
def test_a_hashtag_in_the_bio_asks_not_to_be_used(bio: str, tag: str | None) -> None:
    assert refusal(["something else", bio]) == tag
