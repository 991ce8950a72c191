from __future__ import annotations

import pytest

from bot.sources.opt_out import opt_out_tag


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
    assert opt_out_tag(["something else", bio]) == tag
