"""What mentions cost: held-out loss and the handles of other people in samples, by how posts are selected.

    python benchmarks/selection.py [--base FOLDER] [--posts 500] [--results FILE] [--write]

The corpora name hardly anybody, so invented handles are put into them as they stand in real archives: a quarter of the
posts begin with one or two, a tenth have one within. Each variant trains on the same posts. The loss is of held-out
posts that name nobody, which are the same for all variants: nats per token, and the difference to `keep, keep` with its
95 % interval, bootstrapped over posts. Samples are drawn without a prompt; one names somebody if it has one of the
invented names behind an @. `--results` keeps each figure, so that a stopped run goes on where it was; `--write` puts
both tables into docs/corpus.md.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy
from corpora import FORTUNES, _corpus, archives
from document import replace_table

from bot import corpus
from bot.cli.demo import HERE
from bot.corpus import Corpus
from bot.hub.base_model import parse
from bot.registry.recipe import Recipe
from bot.registry.selection import MASK, Selection
from bot.sources.posts import Post, Profile, Timeline
from bot.training import data, device, evaluate, fine_tune, loading, sample

DOCUMENT = Path(__file__).parent.parent / "docs" / "corpus.md"
CORPORA = ("jargon_file", "fortunes people", "devils_dict", "king_james_1611")
VARIANTS = (("keep", "keep"), ("strip", "keep"), ("strip", "mask"))
PEOPLE = ("anna", "ben", "cleo", "dan", "eva")
HANDLES = [f"{person}_{letter}" for person in PEOPLE for letter in "abcdefgh"]
HELD_OUT = 0.4
"""More than a recipe's tenth, so that the intervals are narrow."""
SHOWN = 3
SAMPLES = 100
LONGEST = 40
"""Tokens of a sample."""
_NAMES = re.compile(rf"@(?:{'|'.join(PEOPLE)})")
_HANDLE = re.compile(r"@\w+(?:@\w+)*")


def texts_of(name: str, most: int) -> list[str]:
    """Cleaned posts of one corpus that name nobody."""
    if name.startswith("fortunes "):
        lines = (FORTUNES / name.partition(" ")[2]).read_text(encoding="utf-8", errors="replace")
        made = _corpus(lines.split("\n%\n"))
    else:
        made = archives(name)
    return [text.text for text in made.accounts[0].texts if "@" not in text.text][:most]


def with_mentions(texts: list[str]) -> list[Post]:
    """The texts as posts, some with invented handles, of which a few are frequent, as of friends."""
    chance = random.Random(0)
    weights = [1 / rank for rank in range(1, len(HANDLES) + 1)]
    start = datetime(2026, 1, 1, tzinfo=UTC)
    posts = []
    for number, text in enumerate(texts):
        named = chance.choices(HANDLES, weights, k=2)
        drawn = chance.random()
        if drawn < 0.25:
            text = " ".join([*(f"@{name}" for name in named[: chance.choice((1, 1, 2))]), text])
        elif drawn < 0.35:
            words = text.split()
            words.insert(chance.randrange(1, len(words)), f"@{named[0]}")
            text = " ".join(words)
        posts.append(Post(str(number), text, start + timedelta(hours=number), "en"))
    return posts


def cleaned(posts: list[Post], variant: tuple[str, str]) -> Corpus:
    """The corpus of a variant: `replies`, `mentions`."""
    chosen = Selection.model_validate({"replies": variant[0], "mentions": variant[1]})
    return corpus.build([Timeline(Profile("ada", "Ada", "x"), posts)], chosen)


def measure(base: loading.LoadedBase, posts: list[Post], variant: tuple[str, str]) -> dict[str, Any]:
    """The loss in nats of each held-out post that names nobody, their tokens, and samples."""
    picked = device.pick("cpu")
    split = corpus.split(cleaned(posts, variant), HELD_OUT)
    plain = {post.id for post in posts if "@" not in post.text}
    test = [text.text for text in split.test[0] if text.id in plain]
    recipe = Recipe(held_out=HELD_OUT)
    sample.UNPROMPTED_ON_CPU = 8  # what training draws for its own figures is not used here
    with tempfile.TemporaryDirectory() as folder:
        tuned = fine_tune.fine_tune(
            base,
            split,
            recipe,
            ["My dream is"],
            Path(folder),
            picked,
            datetime(2026, 1, 1, tzinfo=UTC),
            lambda _: None,
        )
        sample.UNPROMPTED_ON_CPU = SAMPLES
        generator = sample.load(Path(folder), picked)
        model: Any = generator.model
        tokens = [post[: base.context - 1] for post in data.tokenise(base.tokenizer, test)]
        losses = evaluate.losses(model, tokens, base.end, picked)
        samples = sample.unprompted(generator, recipe.seed, LONGEST)
    answers = [one.text for one in tuned.samples if one.text]
    return {
        "losses": losses,
        "tokens": [len(post) + 1 for post in tokens],
        "samples": samples,
        "answers": answers,
    }


def difference(ours: numpy.ndarray, theirs: numpy.ndarray, tokens: numpy.ndarray) -> str:
    """Ours less theirs in nats per token, with its paired interval."""
    chance = numpy.random.default_rng(0)
    drawn = chance.integers(len(tokens), size=(2_000, len(tokens)))
    gaps = (ours - theirs)[drawn].sum(axis=1) / tokens[drawn].sum(axis=1)
    low, high = numpy.percentile(gaps, (2.5, 97.5))
    return f"{(ours - theirs).sum() / tokens.sum():+.3f} ({low:+.3f} to {high:+.3f})"


def _cell(text: str) -> str:
    """A sample in a cell of a table: no character of it is syntax, and broken ones are left out."""
    plain = text.replace("\ufffd", "").replace("|", "/").replace("<", "&lt;")
    return _HANDLE.sub(r"`\g<0>`", plain)


def tables(results: dict[str, dict[str, Any]]) -> tuple[str, str]:
    """Markdown: losses and named samples by corpus and variant; and some samples of each variant."""
    names = list(dict.fromkeys(key.partition("|")[0] for key in results))
    head = " | ".join(f"`{replies}`, `{mentions}`" for replies, mentions in VARIANTS)
    lines = [f"| corpus, held-out posts | {head} |", "| --- |" + " ---: |" * len(VARIANTS)]
    for name in [*names, "all"]:
        cells, first = [], None
        for variant in VARIANTS:
            runs = [results[f"{one}|{'|'.join(variant)}"] for one in (names if name == "all" else [name])]
            losses, tokens = (numpy.concatenate([run[key] for run in runs]) for key in ("losses", "tokens"))
            drawn = [text for run in runs for text in run["samples"]]
            named = sum(bool(_NAMES.search(text)) for text in drawn)
            loss = (
                f"{losses.sum() / tokens.sum():.3f}" if first is None else difference(losses, first, tokens)
            )
            first = losses if first is None else first
            cells.append(f"{loss}; {named} of {len(drawn)}")
        lines.append(f"| {name}, {len(tokens)} | {' | '.join(cells)} |")
    shown = ["| `replies`, `mentions` | samples with a mention |", "| --- | --- |"]
    for variant in VARIANTS:
        drawn = [text for name in names for text in results[f"{name}|{'|'.join(variant)}"]["samples"]]
        some = [" ".join(text.split())[:110] for text in drawn if _NAMES.search(text) or MASK in text]
        cell = "<br>".join(_cell(text) for text in some[:SHOWN]) or "none"
        shown.append(f"| `{variant[0]}`, `{variant[1]}` | {cell} |")
    return "\n".join(lines), "\n".join(shown)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--base", type=Path, default=HERE / "base")
    options.add_argument("--posts", type=int, default=500, help="of each corpus at most")
    options.add_argument("--corpora", type=int, default=len(CORPORA), help="the first so many")
    options.add_argument("--results", type=Path)
    options.add_argument("--write", action="store_true")
    chosen = options.parse_args()
    results: dict[str, dict[str, Any]] = {}
    if chosen.results and chosen.results.exists():
        results = json.loads(chosen.results.read_text())
    base = loading.load(parse(str(chosen.base)))
    for name in CORPORA[: chosen.corpora]:
        posts = with_mentions(texts_of(name, chosen.posts))
        for variant in VARIANTS:
            key = f"{name}|{'|'.join(variant)}"
            if key not in results:
                results[key] = measure(base, posts, variant)
                print(key, len(results[key]["tokens"]), flush=True)
                if chosen.results:
                    chosen.results.write_text(json.dumps(results))
    losses, samples = tables(results)
    print(f"{losses}\n\n{samples}")
    if chosen.write:
        replace_table(DOCUMENT, f"selection {chosen.base.name}", losses)
        replace_table(DOCUMENT, f"selection samples {chosen.base.name}", samples)


if __name__ == "__main__":
    main()
