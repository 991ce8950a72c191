"""The two sides of a comparison, each a process of its own: ours, and the library's Trainer.

    python benchmarks/sides.py ours|trainer JOB.json

A job names base, posts, recipe, precision and folders. Both sides tokenise with one function, train, and write
a folder that loads; the Trainer gets the very blocks that the recipe's stream layout makes, in their order. Of
each model a line of JSON goes to standard output.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bot.registry.recipe import Recipe
from bot.training.progress import Progress


@dataclass(frozen=True, slots=True)
class Job:
    """`posts` is a JSON file with the texts of `train` and `validation` of each model, written to `out`/0, 1, …

    `bf16` says whether matrix products are in bf16. Without `save` no folder is written.
    """

    base: str
    posts: str
    out: str
    recipe: dict[str, Any]
    bf16: bool
    save: bool = True


@dataclass(frozen=True, slots=True)
class Cost:
    """What a side's process took, in CPU seconds, seconds and bytes, and what it says of each model."""

    cpu: float
    wall: float
    peak: int
    models: list[dict[str, Any]]

    @property
    def tokens(self) -> int:
        """Useful tokens of all its models."""
        return sum(int(model["tokens"]) for model in self.models)


def run(side: str, job: Job, folder: Path, environment: dict[str, str]) -> Cost:
    """Runs one side to its end, which must be a good one."""
    file = folder / "job.json"
    file.write_text(json.dumps(dataclasses.asdict(job)))
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, __file__, side, str(file)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode:
        raise SystemExit(f"the side {side} ended with {process.returncode}")
    models = [json.loads(line) for line in said.splitlines() if line.startswith('{"')]
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * 1024, models)


def ours(job: Job) -> None:
    """All models of the job, one after the other, in this process."""
    from transformers import GenerationConfig

    from bot.hub.base_model import parse
    from bot.training import data, device, loading, loop, saving
    from bot.training.optimiser import with_rate

    recipe = Recipe.model_validate(job.recipe)
    picked = dataclasses.replace(device.pick("cpu"), bf16=job.bf16)
    base = loading.load(parse(job.base))
    recipe = with_rate(
        recipe.model_copy(update={"block_size": min(recipe.block_size, base.context)}), base.width
    )
    masking = base.masking(recipe.block_size, picked) if recipe.layout == "packed" else None
    for number, texts in enumerate(json.loads(Path(job.posts).read_text())):
        began = time.process_time()
        posts, validation = (data.tokenise(base.tokenizer, texts[part]) for part in ("train", "validation"))
        model = base.fresh(recipe, picked)
        stamps: list[tuple[int, float]] = []
        prepared = time.process_time()
        done = loop.train(
            model,
            posts,
            validation,
            base.end,
            recipe,
            picked,
            partial(_stamp, stamps),
            masking=masking,
            optimiser=base.optimiser,
        )
        trained = time.process_time()
        if job.save:
            saving.save(base, model, recipe, GenerationConfig(), Path(job.out) / str(number))
        ended = time.process_time()
        stages = {"prepare": prepared - began, "train": trained - prepared, "save": ended - trained}
        _say(done.tokens, done.steps, stamps, full=done.fill_ratio, **stages)


def _stamp(stamps: list[tuple[int, float]], progress: Progress) -> None:
    stamps.append((progress.step, time.process_time()))


def trainer(job: Job) -> None:
    """The one model of the job, as the library's documentation has it done; no evaluation in between."""
    import random

    import torch
    from transformers import (
        AutoConfig,
        AutoModelForCausalLM,
        AutoTokenizer,
        Trainer,
        TrainerCallback,
        TrainingArguments,
    )

    from bot.training import data
    from bot.training.data import IGNORED
    from bot.training.loading import DROPOUTS

    recipe = Recipe.model_validate(job.recipe)
    (texts,) = json.loads(Path(job.posts).read_text())
    tokenizer = AutoTokenizer.from_pretrained(job.base)
    config = AutoConfig.from_pretrained(job.base)
    for name in DROPOUTS:
        if getattr(config, name, None):  # as ours: where the base itself has dropout
            setattr(config, name, recipe.dropout)
    model = AutoModelForCausalLM.from_pretrained(job.base, config=config, dtype=torch.float32)
    posts = data.tokenise(tokenizer, texts["train"])
    size = min(recipe.block_size, model.config.max_position_embeddings)
    shuffle, order, rows = random.Random(recipe.seed), list(range(len(posts))), []
    for _ in range(recipe.epochs):
        shuffle.shuffle(order)
        made = data.concatenate(posts, order, size, tokenizer.eos_token_id)
        for row, wanted in zip(made.inputs, made.labels, strict=True):
            # The library shifts labels by itself, so it is given the tokens and leaves out the last of each.
            labels = torch.cat([row[:1], wanted[:-1]]).where(torch.arange(size) > 0, torch.tensor(IGNORED))
            rows.append({"input_ids": row, "labels": labels})
    stamps: list[tuple[int, float]] = []

    class Clock(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            stamps.append((state.global_step, time.process_time()))

    arguments = TrainingArguments(
        output_dir=job.out,
        per_device_train_batch_size=recipe.batch_size,
        num_train_epochs=1,
        learning_rate=float(recipe.learning_rate),
        lr_scheduler_type="cosine",
        weight_decay=recipe.weight_decay,
        max_grad_norm=recipe.clip,
        train_sampling_strategy="sequential",
        bf16=job.bf16,
        use_cpu=True,
        seed=recipe.seed,
        report_to=[],
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        dataloader_pin_memory=False,
    )
    teacher = Trainer(model=model, args=arguments, train_dataset=rows, callbacks=[Clock()])
    teacher.train()
    if job.save:
        teacher.save_model(str(Path(job.out) / "0"))
        tokenizer.save_pretrained(Path(job.out) / "0")
    _say(data.num_targets(posts) * recipe.epochs, len(stamps), stamps)


def _say(tokens: int, steps: int, stamps: Sequence[tuple[int, float]], **more: float) -> None:
    """A line about a model; a step's CPU seconds without the first step, which warms up."""
    (first, began), (last, ended) = stamps[0], stamps[-1]
    step = (ended - began) / (last - first) if last > first else None
    print(json.dumps({"tokens": tokens, "steps": steps, "step": step, **more}), flush=True)


if __name__ == "__main__":
    asked = Job(**json.loads(Path(sys.argv[2]).read_text()))
    ours(asked) if sys.argv[1] == "ours" else trainer(asked)
