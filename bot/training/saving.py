"""A trained model as a folder that transformers loads: safetensors, tied weights once, no trace of training."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError
from transformers import GenerationConfig, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from bot.errors import TrainingError
from bot.registry.recipe import Recipe
from bot.training.loading import LoadedBase

TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
"""The types in which a recipe's `weights` are published."""


MACHINE = ("name_or_path", "is_local", "local_files_only", "cache_dir", "token", "_commit_hash")
"""What a tokenizer remembers of how and where it was loaded."""


def rounded(values: torch.Tensor, recipe: Recipe) -> torch.Tensor:
    """The values as a reader of the published weights will have them, in float32."""
    return values.to(TYPES[recipe.weights]).float()


def round_weights(base: LoadedBase, recipe: Recipe) -> None:
    """Rounds the trained weights to the type they are published in, so that what is scored is what is read."""
    if base.weights is not None and recipe.weights != "fp32":
        values = base.weights.values
        values.copy_(rounded(values, recipe))


def save(
    base: LoadedBase, model: PreTrainedModel, recipe: Recipe, generation: GenerationConfig, folder: Path
) -> None:
    """Writes weights, configuration and tokenizer. The configuration is the base's: dropout was the training's.

    Raises TrainingError where the disk does not take them.
    """
    if base.weights is not None:
        base.weights.detach_as(TYPES[recipe.weights])
    else:  # a merged adapter's: `adapters.added` brings the base's back
        for parameter in model.parameters():
            parameter.data = parameter.data.to(TYPES[recipe.weights])
    trained_with = model.config
    tokenizer = portable(base.tokenizer)
    model.config = copy.deepcopy(base.config)
    for config in (model.config, model.config.get_text_config(decoder=True)):
        _name_tokens(config, tokenizer)
    model.generation_config = generation_settings(generation, tokenizer)
    try:
        with written_to(folder):
            model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
    finally:
        model.config = trained_with


def generation_settings(generation: GenerationConfig, tokenizer: PreTrainedTokenizerBase) -> GenerationConfig:
    """The settings as they are published: with the tokenizer's special tokens, and no length that a caller's could
    contradict. With a least length in the file, transformers warns every caller whose `max_new_tokens` is smaller.
    """
    own = copy.deepcopy(generation)
    _name_tokens(own, tokenizer)
    own.min_length = own.min_new_tokens = own.max_length = None
    return own


def _name_tokens(settings: PreTrainedConfig | GenerationConfig, tokenizer: PreTrainedTokenizerBase) -> None:
    settings.bos_token_id = tokenizer.bos_token_id
    settings.eos_token_id = tokenizer.eos_token_id
    settings.pad_token_id = tokenizer.pad_token_id


def portable(tokenizer: PreTrainedTokenizerBase) -> PreTrainedTokenizerBase:
    """A copy of a base's tokenizer to be published: as the model was trained, without a trace of this machine.

    Posts began at the end-of-text token and no other was added to them, so none is added to a prompt. A chat
    template is left out, since no chat was trained. Several prompts at once are padded on the left, since a causal
    model writes on from the right.
    """
    own = copy.deepcopy(tokenizer)
    for name in MACHINE:
        own.init_kwargs.pop(name, None)
    own.name_or_path = ""
    own.padding_side = own.init_kwargs["padding_side"] = "left"  # only what stands in both is saved
    own.bos_token = own.eos_token
    if own.pad_token is None:
        own.pad_token = own.eos_token
    own.chat_template = None
    own.init_kwargs.pop("chat_template", None)
    if own("a").input_ids != own("a", add_special_tokens=False).input_ids:
        for name in ("add_bos_token", "add_eos_token"):
            setattr(own, name, False)
            own.init_kwargs[name] = False
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
