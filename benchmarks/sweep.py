"""Which recipe predicts unseen posts best: candidates on corpora, one row of a CSV for each training.

    python benchmarks/sweep.py --base FOLDER [--corpora NAME…] [--posts 250] [--seeds 1…]
                               [--candidates NAME…] [--samples 30]
    python benchmarks/sweep.py --write

Validation posts choose the epoch whose weights are kept; the losses of the test posts, which choose nothing, are
what is written, after rounding the weights to bf16. A training that stands in the CSV is not repeated, so a stopped
sweep goes on where it was. Corpora: the demo's archives, and categories of Debian's fortunes (--fortunes DIR).
`--write` regenerates docs/quality.md from the CSV alone.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import torch
from corpora import FORTUNES, Texts, persona
from document import replace_table
from sweep_results import RESULTS, Row, append, read
from sweep_tables import samples, tables

from bot.cli.demo import HERE
from bot.hub.base_model import parse
from bot.registry.recipe import NAMED, Recipe
from bot.registry.sampling import DEFAULT
from bot.training import adapters, data, device, evaluate, loading, loop, memorisation, sample, saving
from bot.training.optimiser import with_rate

DOCUMENT = Path(__file__).parent.parent / "docs" / "quality.md"
CORPORA = ("devils_dict", "king_james_1611", "jargon_file", "fortunes people")
PACKED = {
    "epochs": 4,
    "patience": 1,
    "learning_rate": "auto",
    "warmup": 0.1,
    "layout": "packed",
    "batch_size": 4,
    "block_size": 256,
    "dropout": 0.0,
}
BY_TWO = {**PACKED, "batch_size": 2}
CANDIDATES: dict[str, dict[str, Any]] = {
    "classic": NAMED["classic"],
    "4 x 256, 5e-4, 4 epochs": {**PACKED, "learning_rate": 5e-4},
    "4 x 256, 2e-4, 4 epochs": {**PACKED, "learning_rate": 2e-4},
    "4 x 256, 1e-4, 4 epochs": {**PACKED, "learning_rate": 1e-4},
    "2 x 256, auto, 2 epochs": {**BY_TWO, "epochs": 2},
    "2 x 256, auto, 3 epochs": {**BY_TWO, "epochs": 3},
    "2 x 256, auto, 4 epochs": BY_TWO,
    "2 x 256, auto, 3 epochs, LoRA 16": {**BY_TWO, "epochs": 3, "lora_rank": 16},
}
FROZEN = ", frozen embeddings"
"""The end of a candidate's name whose embeddings stay the base's: a trial, which no recipe can ask for."""

CANDIDATES["2 x 256, auto, 3 epochs" + FROZEN] = {**BY_TWO, "epochs": 3}


SHOWN = 10
"""How many texts of a model stand in the CSV."""


def measure(
    base: loading.LoadedBase, texts: Texts, name: str, recipe: Recipe, picked: device.Device, count: int
) -> Row:
    """Trains one candidate on one corpus by the bot's own loop, and scores base and tuned model on the test posts.

    The model also writes `count` texts without a prompt, by the default sampling settings.
    """
    recipe = with_rate(
        recipe.model_copy(update={"block_size": min(recipe.block_size, base.context)}), base.width
    )
    posts = data.tokenise(base.tokenizer, texts.train)
    validation, test = (
        [p[: base.context - 1] for p in data.tokenise(base.tokenizer, texts.part(which))]
        for which in ("validation", "test")
    )
    with adapters.added(base, recipe, picked) if recipe.lora_rank else nullcontext() as adapter:
        model = base.fresh(recipe, picked) if adapter is None else base.model
        before = evaluate.losses(model, test, base.end, picked)
        began = time.process_time()
        with frozen_embeddings(model) if name.endswith(FROZEN) else nullcontext():
            run = loop.train(
                model,
                posts,
                validation,
                base.end,
                recipe,
                picked,
                lambda _: None,
                masking=base.masking(recipe.block_size, picked) if recipe.layout == "packed" else None,
                optimiser=base.optimiser if adapter is None else None,
            )
        seconds = time.process_time() - began
        rounded = recipe.model_copy(update={"weights": "bf16"})
        if adapter is None:
            saving.round_weights(base, rounded)
        else:
            model = adapters.merge(adapter, rounded)
        after = evaluate.losses(model, test, base.end, picked)
        count *= run.best_epoch > 0  # else the model is the base, and would not be published
        written = write(base, model, count, max(map(len, posts)), recipe.seed) if count else []
    return Row(
        base=base.spec.name,
        corpus=texts.name,
        posts=len(posts),
        seed=recipe.seed,
        candidate=name,
        settings=recipe.model_dump(),
        tokens=run.tokens,
        steps=run.steps,
        epochs=run.epochs,
        best_epoch=run.best_epoch,
        cpu_seconds=seconds,
        validation=tuple(point.held_out or 0.0 for point in run.curve),
        test_tokens=tuple(len(post) + 1 for post in test),
        test_base=tuple(before),
        test_tuned=tuple(after),
        copied=sum(one.exact_match for one in memorisation.overlaps(written, texts.train)) if count else None,
        samples=tuple(written[:SHOWN]),
    )


def write(base: loading.LoadedBase, model: Any, count: int, longest: int, seed: int) -> list[str]:
    """So many texts like those by which the bot measures copying, of `longest` tokens at most."""
    sample.UNPROMPTED_ON_CPU = count
    model.generation_config = sample.settings(DEFAULT, base.context, base.end)
    return sample.unprompted(
        cast("Any", SimpleNamespace(model=model, tokenizer=base.tokenizer)), seed, longest
    )


@contextmanager
def frozen_embeddings(model: torch.nn.Module) -> Iterator[None]:
    """Inside, the gradients of the input embeddings are zero, and so AdamW without decay leaves them alone."""
    weight = model.get_input_embeddings().weight  # type: ignore[operator]
    handle = weight.register_post_accumulate_grad_hook(lambda parameter: parameter.grad.zero_())
    try:
        yield
    finally:
        handle.remove()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--base", type=Path, default=HERE / "base")
    options.add_argument("--corpora", nargs="*", default=list(CORPORA))
    options.add_argument("--posts", type=int, default=250, help="training posts, at most")
    options.add_argument("--seeds", type=int, nargs="*", default=[42])
    options.add_argument("--candidates", nargs="*", default=list(CANDIDATES))
    options.add_argument("--fortunes", type=Path, default=FORTUNES)
    options.add_argument("--results", type=Path, default=RESULTS)
    options.add_argument("--samples", type=int, default=0, help="texts that each model writes, too")
    options.add_argument("--write", action="store_true")
    chosen = options.parse_args()
    if chosen.write:
        rows = read(chosen.results)
        replace_table(DOCUMENT, "sweep", tables(rows))
        replace_table(DOCUMENT, "samples", samples(rows))
        return
    base = loading.load(parse(str(chosen.base)))
    picked = device.pick("cpu")
    done = {row.key for row in read(chosen.results)}
    for seed in chosen.seeds:
        for name in chosen.candidates:
            for corpus in chosen.corpora:
                texts = persona(corpus, chosen.posts, chosen.fortunes)
                if (base.spec.name, texts.name, len(texts.train), seed, name) in done:
                    continue
                recipe = Recipe.model_validate({**CANDIDATES[name], "seed": seed})
                row = measure(base, texts, name, recipe, picked, chosen.samples)
                append(row, chosen.results)
                print(row.line, flush=True)


if __name__ == "__main__":
    main()
