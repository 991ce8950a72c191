"""From posts to a folder of weights: tokenise, train, score base and tuned model, save, sample."""

from __future__ import annotations

import math
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError

from bot import manifest
from bot.corpus import Split, Text, balanced
from bot.errors import Skipped, TrainingError
from bot.manifest import Evaluation, Point, Sample, Training
from bot.progress import Progress
from bot.recipe import Recipe
from bot.training import data, evaluate, loop, sample, tensorboard
from bot.training.device import Device
from bot.training.loading import LoadedBase


@dataclass(frozen=True, slots=True)
class Tuned:
    """A model that is worth publishing; its files lie in the folder that was given."""

    base: manifest.Base
    training: Training
    evaluation: Evaluation
    curve: tuple[Point, ...]
    samples: tuple[Sample, ...]
    generation: dict[str, Any]


def fine_tune(
    base: LoadedBase,
    split: Split,
    recipe: Recipe,
    prompts: Sequence[str],
    folder: Path,
    device: Device,
    now: datetime,
    report: Callable[[Progress], None],
) -> Tuned:
    """Fine-tunes a copy of `base` on the split's training posts and writes a loadable model into `folder`.

    Raises Skipped when the tuned model is no better than its base on the test posts, and TrainingError when
    there is nothing to train on or a loss is not a number: then nothing in `folder` is to be published.
    """
    recipe = recipe.model_copy(update={"block_size": min(recipe.block_size, base.context)})
    posts = data.tokenise(base.tokenizer, [text.text for text in balanced(split.train)])
    validation, test = (_held_out(base, part) for part in (split.validation, split.test))
    if not any(posts) or not test.posts or not validation.posts:
        raise TrainingError(
            f"{len(posts)} training, {len(validation.posts)} validation and {len(test.posts)} test posts are "
            "too few to train and to evaluate; add posts"
        )
    model = base.fresh(recipe, device)
    before = evaluate.score(model, test, base.end, device)
    run = loop.train(model, posts, validation.posts, base.end, recipe, device, report)
    after = evaluate.score(model, test, base.end, device)
    if not (math.isfinite(after.loss) and after.loss < before.loss):
        raise Skipped(
            f"no improvement over the base: held-out loss {after.loss:.3f} nats a token after training, "
            f"{before.loss:.3f} before, on the same {len(test.posts)} posts; not published"
        )
    folder.mkdir(parents=True, exist_ok=True)
    generation = sample.settings(base.context, base.end)
    _restore_dropout(base, model)
    model.generation_config = generation
    try:
        model.save_pretrained(folder)
        base.tokenizer.save_pretrained(folder)
        tensorboard.write(folder / "runs", run.curve, now)
    except (OSError, SafetensorError) as error:
        raise TrainingError(
            f"the model could not be written to {folder}: {error}; free some space, or set TMPDIR to a larger disk"
        ) from error
    return Tuned(
        base=_facts(base),
        training=Training(
            posts=sum(map(len, split.train)),
            tokens=run.tokens,
            steps=run.steps,
            epochs=recipe.epochs,
            best_epoch=run.best_epoch,
            seconds=round(run.seconds, 1),
            hardware=device.name,
            dtype=device.dtype,
            versions={
                "python": platform.python_version(),
                "torch": torch.__version__,
                "transformers": transformers.__version__,
            },
        ),
        evaluation=Evaluation(
            posts=len(test.posts), tokens=test.tokens, bytes=test.bytes, base=before, tuned=after
        ),
        curve=run.curve,
        samples=sample.generate(folder, prompts, recipe.seed, device),
        generation=sample.described(generation),
    )


def _held_out(base: LoadedBase, parts: tuple[tuple[Text, ...], ...]) -> evaluate.HeldOut:
    """The texts as tokens; a post longer than the context is cut, and its bytes are counted as cut."""
    texts = [text.text for part in parts for text in part]
    posts = data.tokenise(base.tokenizer, texts)
    room = base.context - 1
    size = 0
    for index, (text, tokens) in enumerate(zip(texts, posts, strict=True)):
        if len(tokens) > room:
            posts[index] = tokens[:room]
            text = str(base.tokenizer.decode(posts[index]))
        size += len(text.encode())
    return evaluate.HeldOut(posts, size)


def _restore_dropout(base: LoadedBase, model: transformers.PreTrainedModel) -> None:
    """The published configuration is the base's: dropout was the training's, not the model's."""
    model.config = base.model.config.__class__.from_dict(base.model.config.to_dict())


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
