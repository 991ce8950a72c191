"""Which sampling settings write most like the person: every candidate beside posts that were held out.

    python benchmarks/sampling.py [--base FOLDER] [--posts 800] [--texts 100] [--results FILE] [--write]

One model is trained for each corpus of the demo; each candidate then writes `--texts` texts without a prompt, from one
seed, by the product's own code. `--results` keeps each figure, so that a stopped run goes on where it was; `--write`
puts the table into docs/sampling.md. Measured of the texts, and of the held-out posts in the same way:

    words        the median number of words of a text
    distinct     the share of pairs of neighbouring words that occur once only, in equally long samples of both
    known        the share of words that occur anywhere in the demo's archives, so all of a post's own: the rest are
                 rare words, names, or no words at all
    copied       the share of texts with 6 words in a row of a training post
    well-formed  the share of texts that begin and end as a sentence does, with every bracket closed

`distance` is the mean of |ln(texts / held-out)| over words, distinct, known and well-formed: 0 where all are alike.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from corpora import ARCHIVES, Texts, archives
from document import replace_table

from bot import corpus
from bot.cli.demo import HERE
from bot.hub.base_model import parse
from bot.registry.recipe import Recipe
from bot.registry.sampling import NAMED, Sampling
from bot.training import data, device, loading, loop, memorisation, sample, saving

DOCUMENT = Path(__file__).parent.parent / "docs" / "sampling.md"
HELD_OUT = 0.2
SEED = 42
CANDIDATES: dict[str, dict[str, Any]] = {
    "classic": {},
    "temperature 0.9": {"temperature": 0.9},
    "temperature 0.8": {"temperature": 0.8},
    "temperature 0.7": {"temperature": 0.7},
    "min_p 0.05": {"min_p": 0.05, "top_p": 1.0},
    "min_p 0.1": {"min_p": 0.1, "top_p": 1.0},
    "temperature 0.9, min_p 0.05": {"temperature": 0.9, "min_p": 0.05, "top_p": 1.0},
    "top_p 0.9": {"top_p": 0.9},
    "top_p 0.8": {"top_p": 0.8},
    "top_k 50": {"top_k": 50, "top_p": 1.0},
    "temperature 0.8, repetition_penalty 1.1": {"temperature": 0.8, "repetition_penalty": 1.1},
    "repetition_penalty 1.2": {"repetition_penalty": 1.2},
}
MEASURES = ("words", "distinct", "known", "copied", "well-formed")
COMPARED = ("words", "distinct", "known", "well-formed")
_FIRST = re.compile(r"[\"'“‘(\[@#]*[A-Z0-9]")
_LAST = re.compile(r"[.!?…:;][\"'”’)\]]*$")
_PAIRS = (("(", ")"), ("[", "]"), ("{", "}"))


def is_well_formed(text: str) -> bool:
    """Whether the text begins and ends as a sentence does, with brackets and double quotes in pairs."""
    text = text.strip()
    paired = all(text.count(first) == text.count(last) for first, last in _PAIRS) and not text.count('"') % 2
    return bool(_FIRST.match(text) and _LAST.search(text)) and paired


def distinct(words: Sequence[str]) -> float:
    """The share of neighbouring pairs that occur once only."""
    counts = Counter(pairwise(words))
    return sum(count == 1 for count in counts.values()) / max(1, sum(counts.values()))


def measure(
    texts: Sequence[str], posts: Sequence[str], vocabulary: set[str], length: int
) -> dict[str, float]:
    """The figures of some texts: against training `posts`, a `vocabulary`, and in a sample of `length` words."""
    split = [memorisation.words(text) for text in texts]
    every = list(chain.from_iterable(split))
    found = memorisation.measure(memorisation.overlaps(texts, posts), [], seed=SEED)
    return {
        "words": statistics.median(map(len, split)),
        "distinct": distinct(every[:length]),
        "known": sum(word in vocabulary for word in every) / max(1, len(every)),
        "copied": found.runs,
        "well-formed": sum(map(is_well_formed, texts)) / len(texts),
    }


def trained(base: loading.LoadedBase, texts: Texts, recipe: Recipe, picked: device.Device) -> Any:
    """The base, fine-tuned on a corpus in place."""
    recipe = recipe.model_copy(update={"block_size": min(recipe.block_size, base.context)})
    validation = data.tokenise(base.tokenizer, texts.part("validation"))
    model = base.fresh(recipe, picked)
    loop.train(
        model,
        data.tokenise(base.tokenizer, texts.train),
        [post[: base.context - 1] for post in validation],
        base.end,
        recipe,
        picked,
        lambda _: None,
        masking=base.masking(recipe.block_size, picked),
        optimiser=base.optimiser,
    )
    saving.round_weights(base, recipe)
    return model


def figures(
    base: loading.LoadedBase,
    texts: Texts,
    vocabulary: set[str],
    recipe: Recipe,
    picked: device.Device,
    candidates: Sequence[str],
    count: int,
) -> dict[str, dict[str, float]]:
    """The figures of each candidate on one corpus, and under `held-out` those of the posts themselves."""
    model = trained(base, texts, recipe, picked)
    generator = cast("Any", SimpleNamespace(model=model, tokenizer=base.tokenizer))
    longest = max(map(len, data.tokenise(base.tokenizer, texts.train)))
    held_out = [*texts.part("validation"), *texts.part("test")]
    sample.UNPROMPTED_ON_CPU = count
    written: dict[str, list[str]] = {"held-out": held_out}
    for name in candidates:
        asked = Sampling.model_validate({**NAMED["classic"], **CANDIDATES[name]})
        model.generation_config = sample.settings(asked, base.context, base.end)
        written[name] = sample.unprompted(generator, SEED, longest)
        print(f"{texts.name}, {name}: {written[name][:2]}", flush=True)
    length = min(sum(len(memorisation.words(text)) for text in some) for some in written.values())
    return {name: measure(some, texts.train, vocabulary, length) for name, some in written.items()}


def distance(of: dict[str, float], natural: dict[str, float]) -> float:
    """The mean of |ln(texts / held-out)|; shares are raised by 1 %, so that none is 0."""
    return statistics.mean(
        abs(math.log((of[measure] + 0.01) / (natural[measure] + 0.01))) for measure in COMPARED
    )


def table(results: dict[str, dict[str, dict[str, float]]]) -> str:
    """Markdown: the mean of each candidate over the corpora, the nearest first, and the held-out posts' on top."""
    corpora = list(results.values())
    names = list(corpora[0])

    def mean(name: str, measure: str) -> str:
        value = statistics.mean(one[name][measure] for one in corpora)
        return f"{value:.0f}" if measure == "words" else f"{value:.0%}"

    far = {name: [distance(one[name], one["held-out"]) for one in corpora] for name in names}
    ranked = sorted(names, key=lambda name: statistics.mean(far[name]))
    lines = [
        f"| settings | {' | '.join(MEASURES)} | distance | worst corpus |",
        f"| --- |{' ---: |' * (len(MEASURES) + 2)}",
    ]
    for name in ranked:
        cells = [mean(name, measure) for measure in MEASURES]
        if name == "held-out":
            lines.append(f"| held-out posts | {' | '.join(cells)} | – | – |")
        else:
            lines.append(
                f"| {name} | {' | '.join(cells)} | {statistics.mean(far[name]):.3f} | {max(far[name]):.3f} |"
            )
    return "\n".join(lines)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--base", type=Path, default=HERE / "base")
    options.add_argument("--posts", type=int, default=800)
    options.add_argument("--texts", type=int, default=100)
    options.add_argument("--epochs", type=int, default=Recipe().epochs)
    options.add_argument("--learning-rate", type=float)
    options.add_argument("--corpora", nargs="*", default=list(ARCHIVES))
    options.add_argument("--candidates", nargs="*", default=list(CANDIDATES))
    options.add_argument("--results", type=Path)
    options.add_argument("--write", action="store_true")
    chosen = options.parse_args()
    results: dict[str, dict[str, dict[str, float]]] = {}
    if chosen.results and chosen.results.exists():
        results = json.loads(chosen.results.read_text())
    rate = {} if chosen.learning_rate is None else {"learning_rate": chosen.learning_rate}
    recipe = Recipe(epochs=chosen.epochs, **rate)
    base, picked = loading.load(parse(str(chosen.base))), device.pick("cpu")
    cleaned = {handle: archives(handle) for handle in ARCHIVES}
    every = (text.text for one in cleaned.values() for account in one.accounts for text in account.texts)
    vocabulary = {word for text in every for word in memorisation.words(text)}
    for handle in chosen.corpora:
        if handle in results:
            continue
        accounts = tuple(replace(one, texts=one.texts[: chosen.posts]) for one in cleaned[handle].accounts)
        texts = Texts(handle, corpus.split(replace(cleaned[handle], accounts=accounts), HELD_OUT))
        results[handle] = figures(base, texts, vocabulary, recipe, picked, chosen.candidates, chosen.texts)
        if chosen.results:
            chosen.results.write_text(json.dumps(results))
    made = table(results)
    print(made)
    if chosen.write:
        replace_table(DOCUMENT, f"sampling {chosen.base.name}", made)


if __name__ == "__main__":
    main()
