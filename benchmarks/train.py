"""Training against the library's Trainer: same base, same posts, same passes, each a process, taking turns.

    python benchmarks/train.py [--rounds 3] [--posts 1000] [--threads 1] [--steps 4] [--only tiny|large] [--write]

`tiny` trains the demo's base, start-up and saving included; `large` takes a few steps of a GPT-2 of 124 million
random weights. CPU seconds, so that a busy machine bends no ratio. The held-out loss is worked out afterwards by
one function for both, in float32, a post at a time. Needs `pip install -e '.[bench]'`; `--write` puts the
tables into docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import machine
import sides
import torch
from corpora import Texts, everything
from document import replace_table
from sides import Cost, Job
from transformers import AutoModelForCausalLM, AutoTokenizer, GPT2Config, GPT2LMHeadModel

from bot.cli.demo import HERE
from bot.registry.recipe import Recipe

DOCUMENT = Path(__file__).parent.parent / "docs" / "performance.md"
BASE = HERE / "base"
CLASSIC = Recipe.named("classic").model_dump()
OURS = {**Recipe().model_dump(), "patience": 0}
PLAIN = {**CLASSIC, "dropout": 0.0}


@dataclass(frozen=True, slots=True)
class Side:
    """One way to train; `recipe` and whether matrix products are in bf16."""

    name: str
    side: str
    recipe: dict[str, Any]
    bf16: bool


OLDER = Side("Trainer, classic recipe, fp32", "trainer", CLASSIC, False)
SAME = Side("ours, classic recipe, fp32", "ours", CLASSIC, False)
DEFAULT = Side("ours, default recipe, bf16", "ours", OURS, True)
OLDER_BF16 = Side("Trainer, classic without dropout, bf16", "trainer", PLAIN, True)
SAME_BF16 = Side("ours, classic without dropout, bf16", "ours", PLAIN, True)


def held_out_loss(folder: Path, texts: list[str]) -> float:
    """Nats a token over the posts, each alone between two end-of-text tokens, in float32."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    end, nats, count = tokenizer.eos_token_id, 0.0, 0
    for tokens in tokenizer(texts)["input_ids"]:
        row = torch.tensor([[end, *tokens, end]])[:, : model.config.n_positions]
        with torch.no_grad():
            nats += model(input_ids=row, labels=row).loss.item() * (row.shape[1] - 1)
        count += row.shape[1] - 1
    return nats / count


def posts_file(folder: Path, texts: Texts, *, train: int, validation: int) -> Path:
    """The texts as a job wants them."""
    file = folder / f"posts-{train}.json"
    parts = {"train": texts.train[:train], "validation": texts.part("validation")[:validation]}
    file.write_text(json.dumps([parts]))
    return file


def tiny(rounds: int, posts: int, threads: int) -> str:
    """Whole processes on the demo's base."""
    texts = everything(posts)
    costs: dict[str, list[Cost]] = {}
    losses: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = posts_file(folder, texts, train=posts, validation=posts)
        for turn in range(rounds):
            for side in (OLDER, SAME, DEFAULT):
                out = folder / f"{side.side}-{side.name}"
                job = Job(str(BASE), str(file), str(out), side.recipe, side.bf16)
                cost = sides.run(side.side, job, folder, machine.environment(threads))
                costs.setdefault(side.name, []).append(cost)
                print(f"round {turn + 1}: {side.name:40} {cost.cpu:7.1f} CPU s", flush=True)
                if not turn:
                    losses[side.name] = held_out_loss(out / "0", texts.part("test"))
    before = held_out_loss(BASE, texts.part("test"))
    return "\n".join(
        [
            f"{machine.describe()}; {threads} thread, {len(texts.train)} posts, 4 passes, whole process, median of "
            f"{rounds} in turns; held-out loss of the base {before:.3f}",
            "",
            "| side | useful tokens a CPU second | against Trainer | whole process, CPU s | wall s | peak memory, MB "
            "| held-out loss |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
            *(_row(name, costs[OLDER.name], taken, losses[name]) for name, taken in costs.items()),
        ]
    )


def _row(name: str, theirs: list[Cost], taken: list[Cost], loss: float) -> str:
    speed = statistics.median(cost.tokens / cost.cpu for cost in taken)
    ratio = statistics.median(
        (one.tokens / one.cpu) / (their.tokens / their.cpu) for one, their in zip(taken, theirs, strict=True)
    )
    cpu, wall, peak = (
        statistics.median(getattr(cost, key) for cost in taken) for key in ("cpu", "wall", "peak")
    )
    return (
        f"| {name} | {speed:,.0f} | {ratio:.2f} x | {cpu:.1f} | {wall:.1f} | {peak / 1e6:,.0f} | {loss:.3f} |"
    )


def large(rounds: int, steps: int, threads: int) -> str:
    """A few steps of the 124M shape; start-up does not count."""
    texts = everything(1000)
    costs: dict[str, list[tuple[float, int]]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        base = random_gpt2(folder / "base")
        average = (
            sum(map(len, AutoTokenizer.from_pretrained(base)(texts.train)["input_ids"])) / len(texts.train)
            + 1
        )
        file = posts_file(folder, texts, train=int(1010 * steps / average), validation=1)
        for turn in range(rounds):
            for side in (OLDER, OLDER_BF16, SAME_BF16, DEFAULT):
                recipe = {**side.recipe, "epochs": 1}
                job = replace(Job(str(base), str(file), str(folder / "out"), recipe, side.bf16), save=False)
                cost = sides.run(side.side, job, folder, machine.environment(threads))
                (model,) = cost.models
                step = model["step"] / (model["tokens"] / model["steps"])
                costs.setdefault(side.name, []).append((1 / step, cost.peak))
                print(f"round {turn + 1}: {side.name:40} {model['step']:6.2f} CPU s a step", flush=True)
    products = {kind: machine.products(kind) for kind in (torch.float32, torch.bfloat16)}
    traffic = machine.traffic()
    lines = [
        f"{machine.describe()}; {threads} thread, {steps} steps of about 1,000 tokens, without the first, median of "
        f"{rounds} in turns",
        "",
        "| side | useful tokens a CPU second | against the first | against the second | peak memory, MB |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    middle = {name: statistics.median(speed for speed, _ in taken) for name, taken in costs.items()}
    for name, taken in costs.items():
        ratios = (middle[name] / middle[side.name] for side in (OLDER, OLDER_BF16))
        peak = statistics.median(peak for _, peak in taken)
        lines.append(
            f"| {name} | {middle[name]:,.1f} | "
            + " | ".join(f"{ratio:.2f} x" for ratio in ratios)
            + f" | {peak / 1e6:,.0f} |"
        )
    weights = 124_439_808
    work = 6 * weights * 1024 / products[torch.bfloat16]
    moved = 4 * weights * (4 + 3 + 2 + 3) / traffic
    lines += [
        "",
        f"Floor of a step of 1,024 tokens in bf16 on one core: {6 * weights * 1024 / 1e12:.2f} TFLOP at the "
        f"{products[torch.bfloat16] / 1e9:,.0f} GFLOP/s that a product of 1,024 x 1,024 reaches "
        f"({products[torch.float32] / 1e9:,.0f} in fp32) are {work:.2f} s; AdamW, clipping and clearing move "
        f"{4 * weights * 12 / 1e9:.1f} GB, at {traffic / 1e9:.1f} GB/s {moved:.2f} s. Together {work + moved:.2f} s, "
        f"or {1024 / (work + moved):,.0f} tokens a second: our step reaches "
        f"{middle[DEFAULT.name] * (work + moved) / 1024:.0%} of it.",
    ]
    return "\n".join(lines)


def random_gpt2(folder: Path) -> Path:
    """A GPT-2 of 124 million random weights with the demo's tokenizer."""
    torch.manual_seed(0)
    GPT2LMHeadModel(GPT2Config(bos_token_id=0, eos_token_id=0)).save_pretrained(folder)
    AutoTokenizer.from_pretrained(BASE).save_pretrained(folder)
    return folder


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--posts", type=int, default=1000)
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--steps", type=int, default=4)
    options.add_argument("--only", choices=["tiny", "large"])
    options.add_argument("--write", action="store_true")
    chosen = options.parse_args()
    torch.set_num_threads(chosen.threads)
    made = {}
    if chosen.only != "large":
        made["train tiny"] = tiny(chosen.rounds, chosen.posts, chosen.threads)
    if chosen.only != "tiny":
        made["train large"] = large(chosen.rounds, chosen.steps, chosen.threads)
    for name, table in made.items():
        print(f"\n{table}")
        if chosen.write:
            replace_table(DOCUMENT, name, table)


if __name__ == "__main__":
    main()
