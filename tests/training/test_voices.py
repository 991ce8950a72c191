from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch
from tiny_bases import sentences

from bot import corpus
from bot.corpus import Split, Text, oversample_to_largest
from bot.hub.base_model import parse
from bot.registry.recipe import Recipe
from bot.sources.posts import Post, Profile, Timeline
from bot.training import data, device, fine_tune, loading, voices

CPU = device.Device(torch.device("cpu"), "test", bf16=False)
NOW = datetime(2026, 11, 20, tzinfo=UTC)
RECIPE = Recipe(block_size=64, learning_rate=0.01, batch_size=4, epochs=1)
NAMED = RECIPE.model_copy(update={"voices": "named"})


def split_of(*handles: str) -> Split:
    timelines = [
        Timeline(
            Profile(handle, handle, "x"),
            [Post(f"{seed}{number}", text, NOW) for number, text in enumerate(sentences(80, seed))],
        )
        for seed, handle in enumerate(handles, start=1)
    ]
    return corpus.split(corpus.build(timelines), 0.1)


@pytest.fixture(scope="module")
def base(tiny_base: Path) -> loading.LoadedBase:
    return loading.load(parse(str(tiny_base)))


def texts(*handles: str) -> tuple[Text, ...]:
    return oversample_to_largest(split_of(*handles).train)


def test_about_half_of_each_accounts_posts_stand_behind_their_handle(base: loading.LoadedBase) -> None:
    some = texts("ada", "bob")
    made = voices.training_posts(base.tokenizer, some, NAMED)
    plain = data.tokenise(base.tokenizer, [text.text for text in some])
    assert [post[hidden:] for post, hidden in zip(made.posts, made.hidden, strict=True)] == plain
    for handle in ("ada", "bob"):
        own = [hidden > 0 for text, hidden in zip(some, made.hidden, strict=True) if text.handle == handle]
        assert 0.3 < sum(own) / len(own) < 0.7
    named = next(
        (text, post)
        for text, post, hidden in zip(some, made.posts, made.hidden, strict=True)
        if hidden and text.handle == "bob"
    )
    assert data.tokenise(base.tokenizer, [f"bob:\n{named[0].text}"])[0] == named[1]
    assert made.prefixes == {"ada": "ada:\n", "bob": "bob:\n"}


def test_nobody_is_named_where_the_recipe_does_not_ask_or_there_is_one_voice(
    base: loading.LoadedBase,
) -> None:
    for some, recipe in ((texts("ada", "bob"), RECIPE), (texts("ada"), NAMED)):
        made = voices.training_posts(base.tokenizer, some, recipe)
        assert made.posts == data.tokenise(base.tokenizer, [text.text for text in some])
        assert not any(made.hidden)
        assert made.prefixes == {}


@pytest.mark.parametrize("layout", ["packed", "stream"])
def test_a_cyborg_with_names_is_scored_on_the_same_tokens_and_says_its_prefixes(
    base: loading.LoadedBase, tmp_path: Path, layout: str
) -> None:
    split = split_of("ada", "bob")
    plain, named = (
        fine_tune.fine_tune(
            base,
            split,
            recipe.model_copy(update={"layout": layout}),
            ["My dream is"],
            tmp_path / recipe.voices,
            CPU,
            NOW,
            lambda _: None,
        )
        for recipe in (RECIPE, NAMED)
    )
    assert named.evaluation.tokens == plain.evaluation.tokens
    assert named.evaluation.base == plain.evaluation.base
    assert named.evaluation.tuned.loss != plain.evaluation.tuned.loss
    assert named.training.tokens == plain.training.tokens
    assert (set(named.prefixes), plain.prefixes) == ({"ada", "bob"}, {})
