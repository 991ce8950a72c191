"""Voices: half of a cyborg's posts behind the handle of their account, by which a prompt can ask for one voice.

The other half stands without, so that the model writes as well when nobody is named. No loss is taken on a prefix:
a model learns to write after one, never to write one.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from transformers import PreTrainedTokenizerBase

from bot.corpus import Text
from bot.registry.recipe import Recipe
from bot.training.data import tokenise


@dataclass(frozen=True, slots=True)
class TrainingPosts:
    """Posts as tokens, of which the first `hidden` ones of each are a prefix; and the prefixes by handle."""

    posts: list[list[int]]
    hidden: list[int]
    prefixes: dict[str, str]


def prefix(handle: str) -> str:
    """The line that asks for the voice of this account. It ends with a line break, so that its tokens and those of
    a post are the tokens of both together.
    """
    return f"{handle}:\n"


def training_posts(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[Text], recipe: Recipe
) -> TrainingPosts:
    """The texts to train on; where the recipe names voices and there are several, a random half with a prefix."""
    posts = tokenise(tokenizer, [text.text for text in texts])
    handles = list(dict.fromkeys(text.handle for text in texts))
    if recipe.voices == "unnamed" or len(handles) < 2:
        return TrainingPosts(posts, [0] * len(posts), {})
    tokens = dict(zip(handles, tokenise(tokenizer, [prefix(handle) for handle in handles]), strict=True))
    chance = random.Random(recipe.seed)  # noqa: S311 - which posts are named, no secret
    named = [tokens[text.handle] if chance.random() < 0.5 else [] for text in texts]
    return TrainingPosts(
        [[*first, *post] for first, post in zip(named, posts, strict=True)],
        [len(first) for first in named],
        {handle: prefix(handle) for handle in handles},
    )
