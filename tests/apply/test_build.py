from __future__ import annotations

from datetime import UTC, datetime

from bot import corpus
from bot.apply import build
from bot.cli.demo import HERE
from bot.hub import base_model
from bot.sources.posts import Post, Profile, Timeline
from bot.training import loading

PERSIAN = "آدمی به دنیا می‌آید تا از کتاب و رفیق لذت ببرد"


def test_a_base_that_hardly_knows_the_language_is_named_on_the_card() -> None:
    base = loading.load(base_model.parse(str(HERE / "base")))
    when = datetime(2024, 1, 1, tzinfo=UTC)

    def warning(text: str, lang: str) -> str | None:
        posts = [Post("1", text, when, lang)]
        return build.unknown_language(base, corpus.build([Timeline(Profile("ada", "Ada", "other"), posts)]))

    assert "hardly knows Persian" in (warning(PERSIAN, "fa") or "")
    assert warning("I went for a walk along the river this morning", "en") is None
