"""What training chooses between on a GPU, each measured by itself: arithmetic, graphs, memory, two models at once.

benchmarks/gpu.py prints these tables. Two models at once are two processes, as two shards of one plan on one machine
are: in one process Python would launch the kernels of both in turn.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import machine
import torch

from bot.hub.base_model import parse
from bot.registry.recipe import Recipe
from bot.training import data, device, evaluate, graphs, loading, loop
from bot.training.data import IGNORED
from bot.training.device import Device
from bot.training.gradients import Gradients
from bot.training.loss_scale import LossScale
from bot.training.packing import Packer


def kinds(on: Device) -> list[Device]:
    """The device with each arithmetic that it can train in."""
    found = [replace(on, bf16=False, fp16=False)]
    if on.bf16:
        found.append(replace(on, bf16=True, fp16=False))
    return [*found, replace(on, bf16=False, fp16=True)]


def arithmetic(base: loading.LoadedBase, posts: list[list[int]], recipe: Recipe, on: Device) -> list[str]:
    """A table of the arithmetics: speed, the held-out loss against fp32, and steps that overflowed."""
    lines = [
        "| arithmetic | useful tokens a second | held-out loss | against fp32, nats | steps left out |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    held_out, rest = posts[: len(posts) // 10], posts[len(posts) // 10 :]
    first: float | None = None
    for kind in kinds(on):
        model = base.fresh(recipe, kind)
        masking = base.masking(recipe.block_size, kind)
        done = loop.train(
            model,
            rest,
            held_out,
            base.end,
            recipe,
            kind,
            lambda _: None,
            masking=masking,
            optimiser=base.optimiser,
        )
        loss = sum(evaluate.losses(model, held_out, base.end, replace(kind, bf16=False, fp16=False)))
        loss /= data.num_targets(held_out)
        first = loss if first is None else first
        skipped = "" if done.skipped_steps is None else str(done.skipped_steps)
        lines.append(
            f"| {kind.dtype} | {done.tokens / done.seconds:,.0f} | {loss:.4f} | {loss - first:+.4f} | {skipped} |"
        )
    return lines


def replay(base: loading.LoadedBase, posts: list[list[int]], recipe: Recipe, on: Device) -> list[str]:
    """A table of one batch's passes with and without a CUDA graph, and whether a step waits for the device.

    Elsewhere than on CUDA the same buffers are used without a graph.
    """
    model = base.fresh(recipe, on).train()
    assert base.weights is not None
    assert base.optimiser is not None
    base.optimiser.restart(recipe)
    scale = LossScale(base.optimiser, on)
    gradients = Gradients(model, base.weights, base.masking(recipe.block_size, on), on, recipe.batch_size)
    batch = Packer(posts, recipe.block_size, base.end, recipe.seed).layout()
    batch = batch.part(0, recipe.batch_size).to(on.torch)
    count = int((batch.labels != IGNORED).sum())
    plain = graphs._seconds(lambda: gradients._work(batch, count, scale.factor), on.torch)
    try:
        taken = graphs.Replay(gradients._work, batch, count, scale.factor)
        replayed = f"{1000 * graphs._seconds(lambda: taken(batch, count, scale.factor), on.torch) / graphs.TIMED:.2f}"
    except RuntimeError as error:
        replayed = f"not captured: {str(error).splitlines()[0][:80]}"
    base.weights.gradients.zero_()

    def step() -> None:
        gradients.accumulate(batch, count, scale.factor)
        scale.step(1e-5, 1.0)

    step()
    return [
        "| blocks | a pass, ms | replayed, ms | a step waits for the device |",
        "| --- | ---: | ---: | --- |",
        f"| {recipe.batch_size} x {recipe.block_size} | {1000 * plain / graphs.TIMED:.2f} | {replayed} | "
        f"{waits(step, on)} |",
    ]


def waits(step: object, on: Device) -> str:
    """Whether a step makes the host wait, by PyTorch's own check, which there is on CUDA alone."""
    assert callable(step)
    if on.torch.type != "cuda":
        return "not applicable"
    torch.cuda.set_sync_debug_mode("error")
    try:
        step()
    except RuntimeError as error:
        return f"yes: {str(error).splitlines()[0][:80]}"
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return "no"


def memory(base: loading.LoadedBase, posts: list[list[int]], recipe: Recipe, on: Device) -> list[str]:
    """A line on a batch that is larger than the device: how many blocks were worked on at once."""
    large = recipe.model_copy(update={"batch_size": 256 if on.torch.type == "cuda" else 8, "epochs": 1})
    repeated = posts * (1 if on.torch.type == "cpu" else 8)
    done = loop.train(
        base.fresh(large, on),
        repeated,
        posts[:1],
        base.end,
        large,
        on,
        lambda _: None,
        masking=base.masking(large.block_size, on),
        optimiser=base.optimiser,
    )
    said = "; ".join(done.warnings) or "all at once"
    return [
        f"Asked for {large.batch_size} x {large.block_size}: {done.micro_batch_size} blocks at a time ({said})."
    ]


def two_at_once(folder: Path, posts: list[list[int]], recipe: Recipe, on: Device, scratch: Path) -> list[str]:
    """A table of one process and two at once, by the useful tokens a second of all together."""
    job = scratch / "job.json"
    job.write_text(
        json.dumps(
            {"base": str(folder), "posts": posts, "recipe": recipe.model_dump(), "device": on.torch.type}
        )
    )
    lines = ["| processes at once | useful tokens a second in all |", "| ---: | ---: |"]
    for number in (1, 2):
        gate = scratch / f"gate-{number}"
        command = [sys.executable, __file__, str(job), str(gate)]
        running = [
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=machine.environment(1))
            for _ in range(number)
        ]
        for one in running:  # each says so when it is warm, and waits for the gate
            assert one.stdout is not None
            one.stdout.readline()
        gate.touch()
        speeds = [float(one.communicate()[0] or "nan") for one in running]
        lines.append(f"| {number} | {sum(speeds):,.0f} |")
    return lines


def worker(job: Path, gate: Path) -> None:
    """One process of `two_at_once`: trains a model to warm up, waits for the gate, trains another, prints its speed."""
    asked = json.loads(job.read_text())
    recipe, on = Recipe.model_validate(asked["recipe"]), device.pick(asked["device"])
    base = loading.load(parse(asked["base"]))
    masking = base.masking(recipe.block_size, on)

    def train() -> float:
        done = loop.train(
            base.fresh(recipe, on),
            asked["posts"],
            asked["posts"][:1],
            base.end,
            recipe,
            on,
            lambda _: None,
            masking=masking,
            optimiser=base.optimiser,
        )
        return done.tokens / done.seconds

    train()
    print("warm", flush=True)
    while not gate.exists():
        time.sleep(0.01)
    print(train(), flush=True)


if __name__ == "__main__":
    worker(Path(sys.argv[1]), Path(sys.argv[2]))
