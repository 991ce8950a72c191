"""From posts to a folder of weights: tokenise, train, score base and tuned model, save, sample."""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
import transformers

from bot import __version__, manifest
from bot.corpus import Split, oversample_to_largest
from bot.corpus.balance import repeat_words
from bot.errors import Skipped, TrainingError
from bot.io import digest
from bot.manifest import Asked, Copying, Evaluation, Point, Sample, Tracking, Training
from bot.registry.recipe import Recipe
from bot.registry.sampling import DEFAULT, Sampling
from bot.training import (
    adapters,
    checkpoint,
    evaluate,
    loop,
    memorisation,
    sample,
    saving,
    tensorboard,
    tracking,
    voices,
)
from bot.training.device import Device
from bot.training.fitting import fitting
from bot.training.loading import LoadedBase
from bot.training.progress import Progress

LEAST_GAIN = 0.001
"""Nats per token by which a model must be better than its base: rounding the weights alone moves it by less."""

DIVERGED = 0.5
"""Nats per token by which a training that found nothing better than the base ends above it, where it diverged."""


@dataclass(frozen=True, slots=True)
class Tuned:
    """A model that is worth publishing; its files lie in the folder that was given.

    `prefixes` are the lines that ask for one voice of several, by handle; empty where voices have no names.
    `recipe` is the one that was used, `asked` what of it was asked otherwise, by name. `warnings` are sentences
    for the log and the card: what training did otherwise than asked, and why.
    """

    base: manifest.Base
    recipe: Recipe
    training: Training
    evaluation: Evaluation
    curve: tuple[Point, ...]
    samples: tuple[Sample, ...]
    generation: dict[str, Any]
    copying: Copying | None = None
    tracking: Tracking | None = None
    prefixes: Mapping[str, str] = field(default_factory=dict)
    asked: Mapping[str, Asked] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def fine_tune(
    base: LoadedBase,
    split: Split,
    recipe: Recipe,
    prompts: Sequence[str],
    folder: Path,
    device: Device,
    now: datetime,
    report: Callable[[Progress], None],
    *,
    max_copying: float = 1.0,
    sampling: Sampling = DEFAULT,
    announce: Callable[[str, str], None] = lambda _stage, _detail: None,
    keep: checkpoint.Place | None = None,
) -> Tuned:
    """Fine-tunes a copy of `base` on the split's training posts and writes a loadable model into `folder`.

    `sampling` draws the answers to `prompts` and the texts by which copying is measured, and is published.
    `announce` is called with each stage after training and its details. In the place `keep` the training is kept
    while it goes on, and goes on from there where it is this very one that was interrupted.

    Raises Skipped when the tuned model is no better than its base on the test posts, or when a larger share of
    its samples than `max_copying` are whole training posts, and TrainingError when there is nothing to train on
    or a loss is not a number: then nothing in `folder` is to be published.
    """
    began = time.monotonic()
    recipe, asked, warnings = fitting(base, recipe, device)
    texts = oversample_to_largest(split.train)
    training_posts = voices.training_posts(base.tokenizer, texts, recipe)
    posts = training_posts.posts
    validation, test = (
        evaluate.held_out(base.tokenizer, base.context, part) for part in (split.validation, split.test)
    )
    if not any(posts) or not test.posts or not validation.posts:
        raise TrainingError(
            f"{len(posts)} training, {len(validation.posts)} validation and {len(test.posts)} test posts are "
            "too few to train and to evaluate; add posts"
        )
    key = _key(base, recipe, (posts, training_posts.hidden, validation.posts), device)
    with adapters.added(base, recipe, device) if recipe.lora_rank else nullcontext() as adapter:
        model = base.fresh(recipe, device) if adapter is None else base.model
        before = evaluate.losses(model, test.posts, base.end, device)
        run = loop.train(
            model,
            posts,
            validation.posts,
            base.end,
            recipe,
            device,
            report,
            masking=base.masking(recipe.block_size, device) if recipe.layout == "packed" else None,
            optimiser=base.optimiser if adapter is None else None,
            hidden=training_posts.hidden,
            keep=partial(checkpoint.Keeper, keep, key, device=device) if keep is not None else None,
        )
        announce("score", _epochs(run, recipe))
        if adapter is None:
            saving.round_weights(base, recipe)
        elif adapters.is_merged(base):
            model, adapter = adapters.merge(adapter, recipe), None
        scores = evaluate.evaluation(test, before, evaluate.losses(model, test.posts, base.end, device))
        _check_improvement(scores, run, recipe)
        generation = sample.settings(sampling, base.context, base.end)
        if adapter is None:
            saving.save(base, model, recipe, generation, folder)
        else:
            adapters.save(base, adapter, generation, folder)
    with saving.written_to(folder):
        tensorboard.write(folder / "runs", run.curve, now)
    longest = max(map(len, posts))
    announce(
        "sample", f"{len(prompts)} {'prompt' if len(prompts) == 1 else 'prompts'}, then texts without one"
    )
    samples, copied = write_samples(folder, prompts, split, recipe.seed, device, longest)
    counts = {account[0].handle: len(account) for account in split.train if account}
    memorisation.check(copied, max_copying, repeat_words(counts))
    training = _training(sum(map(len, split.train)), run, recipe, device)
    rest = {
        "characters": sum(len(text.text) for text in texts),
        "other_seconds": round(max(0.0, time.monotonic() - began - (run.seconds - run.earlier_seconds)), 1),
    }
    return Tuned(
        base=_facts(base),
        recipe=recipe,
        training=training.model_copy(update=rest),
        evaluation=scores,
        curve=run.curve,
        samples=samples,
        generation=sample.described(generation),
        copying=copied,
        prefixes=training_posts.prefixes,
        asked=asked,
        warnings=(*warnings, *run.warnings, *sample.warnings(sampling, generation, base.spec.name)),
    )


def _key(base: LoadedBase, recipe: Recipe, posts: object, device: Device) -> dict[str, str]:
    """All that a training depends on: where one of them differs, another one's weights are not gone on from."""
    machine = [__version__, torch.__version__, device.name, device.dtype, torch.get_num_threads()]
    return {
        "recipe": digest.short(recipe.model_dump()),
        "base": digest.short([base.spec.identity, base.resolved_revision, base.spec.digest]),
        "posts": digest.short(posts),
        "machine or program": digest.short(machine),
    }


def tracked(tuned: Tuned, request: tracking.Request, recipe_digest: str) -> Tuned:
    """The model with its run at a tracking service, where that took it. `recipe_digest` is that of the recipe asked."""
    record = tracking.record(
        request,
        tuned.recipe,
        recipe_digest,
        tuned.base,
        tuned.training,
        tuned.evaluation,
        tuned.curve,
        tuned.copying,
    )
    return replace(tuned, tracking=tracking.track(request, record))


def _check_improvement(scores: Evaluation, run: loop.Run, recipe: Recipe) -> None:
    first, last = run.curve[0].held_out, run.curve[-1].held_out
    if run.best_epoch == 0 and first is not None and last is not None and last > first + DIVERGED:
        raise TrainingError(
            f"training diverged: the held-out loss rose from the base's {first:.3f} nats per token to {last:.3f}; "
            f"nothing is published. Lower the recipe's learning_rate ({recipe.learning_rate}) and try again"
        )
    if not (math.isfinite(scores.tuned.loss) and scores.tuned.loss < scores.base.loss - LEAST_GAIN):
        raise Skipped(
            f"no improvement over the base: held-out loss {scores.tuned.loss:.3f} nats per token after training, "
            f"{scores.base.loss:.3f} before, on the same {scores.posts} posts; not published"
        )


def _epochs(run: loop.Run, recipe: Recipe) -> str:
    """Which epoch's weights are kept, and whether training ended early: `best epoch 2 of 4, stopped early after 3`."""
    best = f"best epoch {run.best_epoch} of {recipe.epochs}"
    return best if run.epochs == recipe.epochs else f"{best}, stopped early after epoch {run.epochs}"


def _training(posts: int, run: loop.Run, recipe: Recipe, device: Device) -> Training:
    return Training(
        posts=posts,
        tokens=run.tokens,
        steps=run.steps,
        epochs=run.epochs,
        best_epoch=run.best_epoch,
        seconds=round(run.seconds, 1),
        hardware=device.name,
        dtype=device.dtype,
        weights=recipe.weights,
        micro_batch_size=run.micro_batch_size,
        skipped_steps=run.skipped_steps,
        versions={
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            **({"peft": version("peft")} if recipe.lora_rank else {}),
        },
    )


def write_samples(
    folder: Path, prompts: Sequence[str], split: Split, seed: int, device: Device, longest: int
) -> tuple[tuple[Sample, ...], Copying]:
    """The published weights' answers to the prompts, and how much they copy. A training post is never shown."""
    generator = sample.load(folder, device)
    answers = sample.answers(generator, prompts, seed)
    texts = sample.unprompted(generator, seed, longest)
    held_out = [text.text for part in (*split.validation, *split.test) for text in part]
    found = memorisation.overlaps(
        [
            *(answer.prompt + answer.text for answer in answers),
            *(answer.text for answer in answers),
            *texts,
            *held_out,
        ],
        (text.text for part in split.train for text in part),
    )
    whole, alone = found[: len(answers)], found[len(answers) : 2 * len(answers)]
    rest = found[2 * len(answers) :]
    shown = tuple(
        answer.model_copy(update={"text": "", "copied": True})
        if one.reveals_post or other.reveals_post
        else answer
        for answer, one, other in zip(answers, whole, alone, strict=True)
    )
    withheld = sum(answer.copied for answer in shown)
    return shown, memorisation.measure(rest[: len(texts)], rest[len(texts) :], seed=seed, withheld=withheld)


def _facts(base: LoadedBase) -> manifest.Base:
    spec = base.spec
    return manifest.Base(
        name=spec.name,
        identity=spec.identity,
        id=spec.id,
        declared=spec.declared,
        revision=base.resolved_revision,
        digest=spec.digest,
        license=spec.license,
        parameters=base.parameters,
        context=base.context,
    )
