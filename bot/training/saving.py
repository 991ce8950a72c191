"""A trained model as a folder that transformers loads: safetensors, tied weights once, no trace of training."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError
from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

from bot.errors import TrainingError
from bot.registry.recipe import Recipe
from bot.training.loading import LoadedBase

TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
"""The types in which a recipe's `weights` are published."""


MACHINE = ("name_or_path", "is_local", "local_files_only", "cache_dir", "token", "_commit_hash")
"""What a tokenizer remembers of how and where it was loaded."""


def round_weights(base: LoadedBase, recipe: Recipe) -> None:
    """Rounds the trained weights to the type they are published in, so that what is scored is what is read."""
    if base.weights is not None and recipe.weights != "fp32":
        values = base.weights.values
        values.copy_(values.to(TYPES[recipe.weights]))


def save(
    base: LoadedBase, model: PreTrainedModel, recipe: Recipe, generation: GenerationConfig, folder: Path
) -> None:
    """Writes weights, configuration and tokenizer. The configuration is the base's: dropout was the training's.

    Raises TrainingError where the disk does not take them.
    """
    if base.weights is not None:
        base.weights.detach_as(TYPES[recipe.weights])
    trained_with = model.config
    model.config = copy.deepcopy(base.config)
    model.generation_config = generation
    try:
        with written_to(folder):
            model.save_pretrained(folder)
            portable(base.tokenizer).save_pretrained(folder)
    finally:
        model.config = trained_with


def portable(tokenizer: PreTrainedTokenizerBase) -> PreTrainedTokenizerBase:
    """A copy of a base's tokenizer to be published: it says nothing of this machine, and pads what it is given.

    Several prompts at once are padded on the left, since a causal model writes on from the right.
    """
    own = copy.deepcopy(tokenizer)
    for name in MACHINE:
        own.init_kwargs.pop(name, None)
    own.name_or_path = ""
    own.padding_side = own.init_kwargs["padding_side"] = "left"  # only what stands in both is saved
    if own.pad_token is None:
        own.pad_token = own.eos_token
    return own


@contextmanager
def written_to(folder: Path) -> Iterator[None]:
    """Inside, files are written into `folder`: where the disk does not take them, a TrainingError says so."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except (OSError, SafetensorError) as error:
        raise TrainingError(
            f"the model could not be written to {folder}: {error}; free some space, or set TMPDIR to a larger disk"
        ) from error
