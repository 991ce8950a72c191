"""Training on a CUDA machine: tokens a second, model FLOPs utilisation, each choice that training makes, a fleet.

    python benchmarks/gpu.py [--write]              on a CUDA machine, unattended, under 8 minutes
    python benchmarks/gpu.py --device cpu --small   the same steps in small, to see that the script works

The base is a GPT-2 of 124 million random weights. Utilisation counts 6 operations a weight and token and the
attention's 12 x layers x width x length, over the most that a product of two large bf16 matrices reaches here.
The Trainer (`pip install -e '.[bench]'`) takes its turn at 1 x 1,024 in the same arithmetic. benchmarks/gpu_paths.py
measures fp16 and bf16 against fp32, CUDA graphs, waiting, what fits into memory, and two processes at once.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gpu_paths
import machine
import torch
from corpora import everything
from document import replace_table
from train import BASE, DOCUMENT, random_gpt2
from transformers import GenerationConfig, Trainer, TrainerCallback, TrainingArguments

from bot.hub.base_model import parse
from bot.registry.recipe import Recipe
from bot.training import data, device, evaluate, loading, loop, saving
from bot.training.device import Device

BUDGET = 450.0
"""Seconds after which no further measurement begins."""

BATCHES = ((1, 1024), (4, 256), (4, 1024), (16, 1024), (32, 1024))
FLEET = (1, 2, 4, 8)


def synchronise(on: Device) -> None:
    """Waits until the device has done what it was given."""
    if on.torch.type == "cuda":
        torch.cuda.synchronize()


@contextmanager
def timed(stages: dict[str, float], name: str, on: Device) -> Iterator[None]:
    """Adds the seconds spent inside to a stage's."""
    synchronise(on)
    began = time.perf_counter()
    yield
    synchronise(on)
    stages[name] = stages.get(name, 0.0) + time.perf_counter() - began


def operations(base: loading.LoadedBase, length: int) -> float:
    """Operations a token of a forward and a backward pass takes at this length of block."""
    config: Any = base.config
    return float(6 * base.parameters + 12 * config.num_hidden_layers * config.hidden_size * length)


def ours(base: loading.LoadedBase, posts: list[list[int]], recipe: Recipe, on: Device) -> tuple[float, int]:
    """Useful tokens a second of the second of two runs, and the most memory used, in bytes."""
    masking = base.masking(recipe.block_size, on)
    speed = 0.0
    for _ in range(2):
        model = base.fresh(recipe, on)
        if on.torch.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        done = loop.train(
            model,
            posts,
            posts[:1],
            base.end,
            recipe,
            on,
            lambda _: None,
            masking=masking,
            optimiser=base.optimiser,
        )
        speed = done.tokens / done.seconds
    return speed, torch.cuda.max_memory_allocated() if on.torch.type == "cuda" else 0


def theirs(
    base: Path, posts: list[list[int]], end: int, on: Device, size: int, steps: int
) -> tuple[float, int]:
    """The same of the library's Trainer at 1 x `size` in bf16, without dropout, after five steps to warm up."""
    from transformers import AutoModelForCausalLM

    off = dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), 0.0)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, **off)
    blocks = data.concatenate(posts, range(len(posts)), size, end).inputs
    rows = [
        {"input_ids": blocks[step % len(blocks)], "labels": blocks[step % len(blocks)]}
        for step in range(steps)
    ]
    stamps: list[float] = []

    class Clock(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step in (min(5, steps - 1), steps):
                synchronise(on)
                stamps.append(time.perf_counter())

    if on.torch.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=1,
            num_train_epochs=1,
            learning_rate=1e-4,
            bf16=on.bf16,
            fp16=on.fp16,
            use_cpu=on.torch.type == "cpu",
            report_to=[],
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
        )
        Trainer(model=model, args=arguments, train_dataset=rows, callbacks=[Clock()]).train()
    seconds = stamps[-1] - stamps[0]
    peak = torch.cuda.max_memory_allocated() if on.torch.type == "cuda" else 0
    return (steps - min(5, steps - 1)) * size / seconds, peak


def one_model(base: loading.LoadedBase, texts: list[str], recipe: Recipe, on: Device) -> dict[str, float]:
    """Seconds of each stage of one model, from texts to a folder."""
    stages: dict[str, float] = {}
    with timed(stages, "tokenise", on):
        posts = data.tokenise(base.tokenizer, texts)
    cut = len(posts) // 20
    with timed(stages, "reset", on):
        model = base.fresh(recipe, on)
    with timed(stages, "evaluate", on):
        evaluate.losses(model, posts[:cut], base.end, on)
    with timed(stages, "train", on):
        loop.train(
            model,
            posts[2 * cut :],
            posts[cut : 2 * cut],
            base.end,
            recipe,
            on,
            lambda _: None,
            masking=base.masking(recipe.block_size, on),
            optimiser=base.optimiser,
        )
    with timed(stages, "evaluate", on):
        evaluate.losses(model, posts[:cut], base.end, on)
    with tempfile.TemporaryDirectory() as folder, timed(stages, "save", on):
        saving.save(base, model, recipe, GenerationConfig(), Path(folder))
    return stages


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    options.add_argument("--small", action="store_true", help="the demo's base and few posts")
    options.add_argument("--write", action="store_true")
    chosen = options.parse_args()
    if chosen.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("no GPU: PyTorch sees none; to see that the script works: --device cpu --small")
    began = time.perf_counter()
    if chosen.small:
        torch.set_num_threads(1)
    on = device.pick(chosen.device)
    texts = everything(60 if chosen.small else 1500).train
    batches = ((1, 128), (4, 64)) if chosen.small else BATCHES
    with tempfile.TemporaryDirectory() as name:
        folder = BASE if chosen.small else random_gpt2(Path(name) / "base")
        loaded = time.perf_counter()
        base = loading.load(parse(str(folder)))
        start = time.perf_counter() - loaded
        posts = data.tokenise(base.tokenizer, texts)
        peak = machine.products(on.compute, on.torch.type, 1024 if chosen.small else 8192)
        steps = 4 if chosen.small else 60
        length = batches[0][1]
        speed, memory = theirs(folder, posts, base.end, on, length, steps)
        lines = [
            f"{on.name}, {on.dtype}; {machine.describe()}; a large product reaches {peak / 1e12:.2f} TFLOP/s",
            "",
            "| side | blocks | useful tokens a second | against Trainer | utilisation | memory, MB |",
            "| --- | --- | ---: | ---: | ---: | ---: |",
            f"| Trainer | 1 x {length} | {speed:,.0f} | 1.00 x | {speed * operations(base, length) / peak:.1%} | "
            f"{memory / 1e6:,.0f} |",
        ]
        for batch, size in batches:
            if time.perf_counter() - began > BUDGET / 2:
                break
            recipe = Recipe(epochs=1, patience=0, batch_size=batch, block_size=size)
            mine, memory = ours(base, posts, recipe, on)
            lines.append(
                f"| ours | {batch} x {size} | {mine:,.0f} | {mine / speed:.2f} x | "
                f"{mine * operations(base, size) / peak:.1%} | {memory / 1e6:,.0f} |"
            )
            print(lines[-1], flush=True)
        recipe = Recipe(
            block_size=length if chosen.small else 256, epochs=1 if chosen.small else 4, patience=0
        )
        few = posts[:24] if chosen.small else posts  # fp16 on a CPU is thirty times slower than fp32
        once = recipe.model_copy(update={"epochs": 1})
        paths: tuple[Callable[[], list[str]], ...] = (
            lambda: gpu_paths.arithmetic(base, few, once, on),
            lambda: gpu_paths.replay(base, posts, once, on),
            lambda: gpu_paths.memory(base, posts, once, on),
            lambda: gpu_paths.two_at_once(folder, posts, once, on, Path(name)),
        )
        for more in paths:
            if time.perf_counter() - began < BUDGET * 0.7:
                lines += ["", *more()]
                print("\n".join(lines[-4:]), flush=True)
        made: list[dict[str, float]] = []
        lines += ["", "| models in one process | seconds a model, loading included |", "| ---: | ---: |"]
        for size in FLEET:
            while len(made) < size and (not made or time.perf_counter() - began < BUDGET):
                made.append(one_model(base, texts, recipe, on))
            seconds = start + sum(sum(stages.values()) for stages in made)
            lines.append(f"| {len(made)} | {seconds / len(made):.2f} |")
        total = sum(made[-1].values())
        shares = ", ".join(f"{stage} {seconds / total:.0%}" for stage, seconds in made[-1].items())
        lines += ["", f"The last model took {total:.2f} s for {len(texts):,} posts: {shares}."]
    table = "\n".join(lines)
    print(f"\n{table}")
    if chosen.write:
        replace_table(DOCUMENT, "gpu", table)


if __name__ == "__main__":
    main()
