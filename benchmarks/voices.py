"""Whether a prefix that names the account costs a cyborg held-out loss: with, sometimes with, and without it.

    python benchmarks/voices.py [--base FOLDER] [--posts 800] [--seeds 2] [--results FILE] [--write]

Every post of a cyborg begins with its account (the line `devils_dict:`) in the variant `always`, every other post in
`half`, none in `plain`. The loss counts a post's own tokens and the end after it, never the prefix, so all figures
are of the same tokens. Each trained model is scored with the prefix and without one: the card's snippet gives none.
Differences to `plain` are in nats per token with 95 % intervals, bootstrapped over the posts, which are the same for
both models. `--results` keeps each figure, so that a stopped run goes on where it was; `--write` puts the table into
docs/sampling.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import torch
from corpora import archives
from document import replace_table
from torch import nn

from bot import corpus
from bot.cli.demo import HERE
from bot.corpus import Text
from bot.hub.base_model import parse
from bot.registry.recipe import Recipe
from bot.training import data, device, evaluate, loading, loop, voices
from bot.training.data import IGNORED
from bot.training.loss import token_losses

DOCUMENT = Path(__file__).parent.parent / "docs" / "sampling.md"
CYBORGS = (
    ("devils_dict", "jargon_file"),
    ("devils_dict", "king_james_1611"),
    ("jargon_file", "king_james_1611"),
    ("devils_dict", "jargon_file", "king_james_1611"),
)
HELD_OUT = 0.2
"""More than a recipe's tenth, so that the intervals are narrow."""
VARIANTS = ("plain", "half", "always")
RESAMPLES = 2_000
BATCH = 16


class Prefixed(list[int]):
    """The tokens of a post whose first `ignored` ones name the account and carry no loss."""

    ignored = 0


def prefixed(tokens: Sequence[int], prefix: Sequence[int]) -> Prefixed:
    """The post behind its prefix."""
    post = Prefixed([*prefix, *tokens])
    post.ignored = len(prefix)
    return post


@torch.inference_mode()
def losses(model: nn.Module, posts: Sequence[Sequence[int]], end: int, picked: device.Device) -> list[float]:
    """As `evaluate.losses`, with no loss on prefixes."""
    was_training = model.training
    model.eval()
    total = [0.0] * len(posts)
    by_length = sorted(range(len(posts)), key=lambda index: len(posts[index]))
    for first in range(0, len(by_length), BATCH):
        batch = by_length[first : first + BATCH]
        width = len(posts[batch[-1]]) + 1
        inputs = torch.full((len(batch), width), end)
        labels = torch.full((len(batch), width), IGNORED)
        for row, index in enumerate(batch):
            post = torch.tensor([*posts[index], end])
            inputs[row, 1 : len(post)] = post[:-1]
            labels[row, : len(post)] = post
            labels[row, : getattr(posts[index], "ignored", 0)] = IGNORED
        with picked.autocast():
            logits = model(input_ids=inputs.to(picked.torch)).logits
        nats = token_losses(logits, labels.to(picked.torch)).sum(dim=1).tolist()
        for index, value in zip(batch, nats, strict=True):
            total[index] = value
    model.train(was_training)
    return total


def measure(
    base: loading.LoadedBase,
    handles: tuple[str, ...],
    most: int,
    seed: int,
    picked: device.Device,
    asked: Recipe,
) -> dict[str, Any]:
    """The summed loss of each test post by variant, scored without and with the prefix; and the posts' tokens."""
    cleaned = archives(*handles)
    accounts = tuple(replace(one, texts=one.texts[:most]) for one in cleaned.accounts)
    split = corpus.split(replace(cleaned, accounts=accounts), HELD_OUT)
    prefixes = {handle: data.tokenise(base.tokenizer, [voices.prefix(handle)])[0] for handle in handles}

    def tokens(texts: Sequence[Text], share: int) -> list[list[int]]:
        """The texts' tokens; the first of every `share` with its prefix, none where it is 0."""
        own = [
            post[: base.context - 20] for post in data.tokenise(base.tokenizer, [one.text for one in texts])
        ]
        return [
            prefixed(post, prefixes[text.handle]) if share and number % share == 0 else post
            for number, (post, text) in enumerate(zip(own, texts, strict=True))
        ]

    recipe = asked.model_copy(update={"seed": seed, "block_size": min(asked.block_size, base.context)})
    train = corpus.oversample_to_largest(split.train)
    validation, test = ([one for part in parts for one in part] for parts in (split.validation, split.test))
    found: dict[str, Any] = {"tokens": [len(post) + 1 for post in tokens(test, 0)]}
    for variant, share in zip(VARIANTS, (0, 2, 1), strict=True):
        model = base.fresh(recipe, picked)
        posts = tokens(train, share)
        loop.train(
            model,
            posts,
            tokens(validation, share if variant == "always" else 0),
            base.end,
            recipe,
            picked,
            lambda _: None,
            masking=base.masking(recipe.block_size, picked),
            optimiser=base.optimiser,
            hidden=[getattr(post, "ignored", 0) for post in posts],
        )
        found[variant] = [
            losses(model, tokens(test, with_prefix), base.end, picked) for with_prefix in (0, 1)
        ]
    return found


def difference(ours: numpy.ndarray, theirs: numpy.ndarray, tokens: numpy.ndarray) -> str:
    """Ours less theirs in nats per token, with its paired interval."""
    chance = numpy.random.default_rng(0)
    drawn = chance.integers(len(tokens), size=(RESAMPLES, len(tokens)))
    gaps = (ours - theirs)[drawn].sum(axis=1) / tokens[drawn].sum(axis=1)
    low, high = numpy.percentile(gaps, (2.5, 97.5))
    return f"{(ours - theirs).sum() / tokens.sum():+.3f} ({low:+.3f} to {high:+.3f})"


def table(results: dict[str, dict[str, Any]]) -> str:
    """Markdown: a row for each corpus, all seeds taken together, and one for all."""
    columns = [("half", 0), ("half", 1), ("always", 0), ("always", 1)]
    lines = [
        "| cyborg, test posts x seeds | `plain` | `half`, no prefix | `half`, prefix | `always`, no prefix | "
        "`always`, prefix |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    groups: dict[str, list[dict[str, Any]]] = {}
    for name, one in results.items():
        groups.setdefault(name.partition("#")[0], []).append(one)
    groups["all"] = list(results.values())
    for name, runs in groups.items():
        tokens = numpy.concatenate([run["tokens"] for run in runs])
        plain = numpy.concatenate([run["plain"][0] for run in runs])
        gaps = [
            difference(numpy.concatenate([run[variant][with_prefix] for run in runs]), plain, tokens)
            for variant, with_prefix in columns
        ]
        lines.append(
            f"| {name}, {len(runs[0]['tokens']) if name != 'all' else len(tokens)} | "
            f"{plain.sum() / tokens.sum():.3f} | {' | '.join(gaps)} |"
        )
    return "\n".join(lines)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--base", type=Path, default=HERE / "base")
    options.add_argument("--posts", type=int, default=800, help="of each account at most")
    options.add_argument("--seeds", type=int, default=2)
    options.add_argument("--epochs", type=int, default=Recipe().epochs)
    options.add_argument("--learning-rate", type=float, default=Recipe().learning_rate)
    options.add_argument("--cyborgs", type=int, default=len(CYBORGS), help="the first so many")
    options.add_argument("--results", type=Path)
    options.add_argument("--write", action="store_true")
    chosen = options.parse_args()
    evaluate.losses = losses  # type: ignore[assignment]
    results: dict[str, dict[str, Any]] = {}
    if chosen.results and chosen.results.exists():
        results = json.loads(chosen.results.read_text())
    base = loading.load(parse(str(chosen.base)))
    picked = device.pick("cpu")
    recipe = Recipe(epochs=chosen.epochs, learning_rate=chosen.learning_rate)
    for handles in CYBORGS[: chosen.cyborgs]:
        for seed in range(chosen.seeds):
            name = f"{' + '.join(handles)}#{seed}"
            if name not in results:
                results[name] = measure(base, handles, chosen.posts, seed, picked, recipe)
                print(f"{name}\n{table({name: results[name]})}", flush=True)
                if chosen.results:
                    chosen.results.write_text(json.dumps(results))
    made = table(results)
    print(made)
    if chosen.write:
        replace_table(DOCUMENT, f"voices {chosen.base.name}", made)


if __name__ == "__main__":
    main()
