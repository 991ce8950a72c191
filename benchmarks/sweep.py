"""Which recipe foretells unseen posts best: every candidate on every corpus, beside the classic recipe.

    python benchmarks/sweep.py [--posts 400] [--fortunes DIR] [--results FILE] [--write]

Validation posts choose the pass whose weights are kept, the loss shown is that of the test posts. No candidate
passes more often over the posts than the classic one. Corpora: the demo's archives, and Debian's fortunes
(`apt-get install fortunes`). `--results` keeps each figure, so that a stopped sweep goes on where it was;
`--write` puts the tables into docs/quality.md.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

from corpora import FORTUNES, Texts, fortunes, shipped
from document import replace_table

from bot.cli.demo import HERE
from bot.hub.base_model import parse
from bot.registry.recipe import NAMED, Recipe
from bot.training import data, device, evaluate, loading, loop, saving

DOCUMENT = Path(__file__).parent.parent / "docs" / "quality.md"
PACKED = {"patience": 1, "layout": "packed", "batch_size": 4, "block_size": 256, "dropout": 0.0}
CANDIDATES: dict[str, dict[str, Any]] = {
    "classic": {},
    "packed 4 x 256, rate 5e-4": {**PACKED, "learning_rate": 5e-4},
    "packed 4 x 256, rate 1e-3": {**PACKED, "learning_rate": 1e-3},
    "packed 4 x 256, rate 2e-3": {**PACKED, "learning_rate": 2e-3},
    "packed 1 x 256, rate 5e-4": {**PACKED, "batch_size": 1, "learning_rate": 5e-4},
    "packed 4 x 256, rate 2.5e-4": {**PACKED, "learning_rate": 2.5e-4},
    "packed 4 x 256, rate 1e-3, warm-up 0.1": {**PACKED, "learning_rate": 1e-3, "warmup": 0.1},
    "packed 4 x 256, rate 5e-4, warm-up 0.1": {**PACKED, "learning_rate": 5e-4, "warmup": 0.1},
    "packed 4 x 256, rate 2e-3, warm-up 0.1": {**PACKED, "learning_rate": 2e-3, "warmup": 0.1},
    "packed 1 x 256, rate 5e-4, warm-up 0.1": {
        **PACKED,
        "batch_size": 1,
        "learning_rate": 5e-4,
        "warmup": 0.1,
    },
    "packed 4 x 256, rate 1e-3, dropout 0.1": {**PACKED, "learning_rate": 1e-3, "dropout": 0.1},
    "packed 4 x 256, rate 1e-3, 2 passes": {**PACKED, "learning_rate": 1e-3, "epochs": 2},
    "classic, posts packed": {"layout": "packed"},
}


def measure(
    base: loading.LoadedBase, texts: Texts, recipe: Recipe, picked: device.Device
) -> dict[str, float]:
    """Test losses in nats a token: of the base, after training, and with the weights rounded to bf16."""
    recipe = recipe.model_copy(update={"block_size": min(recipe.block_size, base.context)})
    posts = data.tokenise(base.tokenizer, texts.train)
    held_out = [
        [p[: base.context - 1] for p in data.tokenise(base.tokenizer, texts.part(which))]
        for which in ("validation", "test")
    ]
    masking = base.masking(recipe.block_size, picked) if recipe.layout == "packed" else None
    model = base.fresh(recipe, picked)

    def test_loss() -> float:
        return sum(evaluate.losses(model, held_out[1], base.end, picked)) / data.num_targets(held_out[1])

    before = test_loss()
    run = loop.train(
        model,
        posts,
        held_out[0],
        base.end,
        recipe,
        picked,
        lambda _: None,
        masking=masking,
        optimiser=base.optimiser,
    )
    after = test_loss()
    saving.round_weights(base, recipe.model_copy(update={"weights": "bf16"}))
    return {
        "base": before,
        "tuned": after,
        "bf16": test_loss(),
        "passes": run.epochs,
        "best": run.best_epoch,
        "seconds": run.seconds,
        "steps": run.steps,
    }


def tables(results: dict[str, dict[str, dict[str, float]]]) -> str:
    """Markdown: the mean of every candidate, then the losses corpus by corpus, then what rounding costs."""
    classic = results["classic"]
    lines = [
        "| recipe | mean held-out loss | against classic | worst corpus | passes, mean |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, by_corpus in results.items():
        gains = [classic[corpus]["tuned"] - one["tuned"] for corpus, one in by_corpus.items()]
        loss, passes = (
            statistics.mean(one[key] for one in by_corpus.values()) for key in ("tuned", "passes")
        )
        lines.append(
            f"| {name} | {loss:.3f} | {0 - statistics.mean(gains):+.3f} | {0 - min(gains):+.3f} | {passes:.1f} |"
        )
    best = min(results, key=lambda name: statistics.mean(one["tuned"] for one in results[name].values()))
    ours = _default(results)
    lines += ["", f"| corpus | base | classic | {ours} | {best} |", "| --- | ---: | ---: | ---: | ---: |"]
    lines += [
        f"| {corpus} | {classic[corpus]['base']:.3f} | {classic[corpus]['tuned']:.3f} | "
        f"{results[ours][corpus]['tuned']:.3f} | {results[best][corpus]['tuned']:.3f} |"
        for corpus in classic
    ]
    changes = [one["bf16"] - one["tuned"] for by_corpus in results.values() for one in by_corpus.values()]
    lines += [
        "",
        f"Weights rounded to bf16 change the held-out loss by {statistics.mean(changes):+.5f} nats a token on "
        f"average over all {len(changes)} models, {max(map(abs, changes)):.5f} at most.",
    ]
    return "\n".join(lines)


def _default(results: dict[str, Any]) -> str:
    """The candidate that is the default recipe."""
    for name in results:
        recipe = Recipe.model_validate({**NAMED["classic"], **CANDIDATES[name], "weights": Recipe().weights})
        if recipe == Recipe():
            return name
    raise SystemExit("no candidate is the default recipe; add it to CANDIDATES")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--posts", type=int, default=400, help="of each account at most")
    options.add_argument("--fortunes", type=Path, default=FORTUNES)
    options.add_argument("--results", type=Path)
    options.add_argument("--candidates", nargs="*", default=list(CANDIDATES))
    options.add_argument("--write", action="store_true")
    chosen = options.parse_args()
    sets = shipped(chosen.posts) + fortunes(chosen.fortunes, chosen.posts)
    if not any(texts.name.startswith("fortunes") for texts in sets):
        print(f"No fortunes in {chosen.fortunes}; for more corpora: apt-get install fortunes")
    kept: dict[str, dict[str, dict[str, float]]] = {}
    if chosen.results and chosen.results.exists():
        kept = json.loads(chosen.results.read_text())
    base = loading.load(parse(str(HERE / "base")))
    picked = device.pick("auto")
    print(f"{len(sets)} corpora, at most {chosen.posts} posts of each account; {picked.name}, {picked.dtype}")
    for name in chosen.candidates:
        recipe = Recipe.model_validate({**NAMED["classic"], **CANDIDATES[name]})
        for texts in sets:
            if texts.name not in kept.setdefault(name, {}):
                found = kept[name][texts.name] = measure(base, texts, recipe, picked)
                print(f"{name:42} {texts.name:28} {found['tuned']:.3f}  {found['seconds']:.0f} s", flush=True)
                if chosen.results:
                    chosen.results.write_text(json.dumps(kept))
    made = tables({name: kept[name] for name in chosen.candidates})
    print(made)
    if chosen.write:
        replace_table(DOCUMENT, "sweep", made)


if __name__ == "__main__":
    main()
