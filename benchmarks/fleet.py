"""A fleet in one process against a process of the library's Trainer for every model.

    python benchmarks/fleet.py [--models 8] [--posts 200 1500] [--large 0] [--threads 1] [--write]

Tiny base: ours trains with the default recipe, the Trainer with the classic one, as many passes over the same
posts; start-up and saving included, CPU seconds. A model's posts are drawn from those of the demo's archives.
One Trainer process is run and counted `--models` times, since all are alike. `--large 3` adds three models of
GPT-2's 124M shape. `--write` puts the table into docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from pathlib import Path

import machine
import sides
from corpora import everything
from document import replace_table
from sides import Job
from train import BASE, DOCUMENT, OLDER, OURS, random_gpt2


def compare(base: Path, models: int, posts: int, threads: int, folder: Path, epochs: int = 4) -> str:
    """A row: both sides' CPU seconds, their ratio, and what a model costs besides training and evaluation."""
    texts, chance = everything(models * posts).train, random.Random(1)
    each = [chance.sample(texts, posts) for _ in range(models)]
    sets = [{"train": one[: posts * 19 // 20], "validation": one[posts * 19 // 20 :]} for one in each]
    costs = {}
    for side, recipe, bf16, chosen in (
        ("ours", OURS, True, sets),
        ("trainer", OLDER.recipe, False, sets[:1]),
    ):
        file = folder / f"{side}.json"
        file.write_text(json.dumps(chosen))
        job = Job(str(base), str(file), str(folder / side), {**recipe, "epochs": epochs}, bf16)
        costs[side] = sides.run(side, job, folder, machine.environment(threads))
    ours, theirs = costs["ours"].cpu, costs["trainer"].cpu * models
    stages = {
        name: sum(model[name] for model in costs["ours"].models[1:]) for name in ("prepare", "train", "save")
    }
    beside = (stages["prepare"] + stages["save"]) / sum(stages.values())
    return (
        f"| {base.name} | {models} x {posts} | {ours:.0f} | {theirs:.0f} | {theirs / ours:.2f} x | "
        f"{beside:.1%} | {costs['ours'].peak / 1e6:,.0f} |"
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--models", type=int, default=8)
    options.add_argument("--posts", type=int, nargs="*", default=[200, 1500])
    options.add_argument("--large", type=int, default=0)
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--write", action="store_true")
    chosen = options.parse_args()
    lines = [
        f"{machine.describe()}; {chosen.threads} thread",
        "",
        "| base | models x posts | ours, CPU s | a Trainer process each, CPU s | ratio | besides training and "
        "evaluation | peak memory, MB |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    with tempfile.TemporaryDirectory() as name:
        for posts in chosen.posts:
            lines.append(compare(BASE, chosen.models, posts, chosen.threads, Path(name)))
            print(lines[-1], flush=True)
        if chosen.large:
            base = random_gpt2(Path(name) / "gpt2-124m-random")
            lines.append(compare(base, chosen.large, 60, chosen.threads, Path(name), epochs=1))
    table = "\n".join(lines)
    print(f"\n{table}")
    if chosen.write:
        replace_table(DOCUMENT, "fleet", table)


if __name__ == "__main__":
    main()
