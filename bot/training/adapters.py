"""LoRA: a small adapter is trained beside a base that stays as it is, and published instead of all weights.

A reader loads it on top of the base at the very revision. Nobody else can load a base that is a local folder, so
there the adapter is merged into the weights, which are published whole.
"""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch.nn.utils import parameters_to_vector
from transformers import GenerationConfig, PreTrainedModel
from transformers.pytorch_utils import Conv1D

from bot.errors import TrainingError
from bot.io.installing import install_command
from bot.registry.recipe import Recipe
from bot.training.device import Device
from bot.training.loading import LoadedBase
from bot.training.saving import generation_settings, portable, rounded, written_to
from bot.training.weights import WeightSnapshot

CONFIG = "adapter_config.json"
"""The file by which a folder is known to hold an adapter."""

SCALE = 2
"""LoRA's alpha over its rank: what the adapter adds counts so much, whatever its rank."""


@contextmanager
def added(base: LoadedBase, recipe: Recipe, device: Device) -> Iterator[Any]:
    """A fresh adapter in the base's own model, of whose weights alone gradients are taken: a `peft.PeftModel`.

    Afterwards the model is the base again, to the bit. Raises TrainingError without peft.
    """
    if importlib.util.find_spec("peft") is None:
        raise TrainingError(f"{missing('a recipe with lora_rank')}, or take lora_rank out of the recipe")
    peft = importlib.import_module("peft")
    model = base.fresh(recipe, device, whole=False)
    start = _Start(model) if is_merged(base) else None
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    with torch.random.fork_rng(), suppress_peft_deprecation():
        torch.manual_seed(recipe.seed)
        adapter = peft.get_peft_model(
            model,
            peft.LoraConfig(
                task_type="CAUSAL_LM",
                r=recipe.lora_rank,
                lora_alpha=SCALE * (recipe.lora_rank or 1),
                lora_dropout=recipe.dropout,
                target_modules="all-linear",
                fan_in_fan_out=any(isinstance(module, Conv1D) for module in model.modules()),
            ),
            revision=base.resolved_revision,
        )
    adapter.peft_config["default"].base_model_name_or_path = base.spec.id
    try:
        yield adapter
    finally:
        adapter.unload()
        vars(model).pop("peft_config", None)
        if start is not None:
            start.restore()
        for parameter in learned:
            parameter.requires_grad_(True)


def missing(what: str) -> str:
    """A sentence for who has no peft: `what` needs it."""
    return f"{what} needs peft, which is not installed; {install_command('lora')}"


def is_merged(base: LoadedBase) -> bool:
    """Whether an adapter of this base is published as a part of all weights."""
    return base.spec.id is None


def merge(adapter: Any, recipe: Recipe) -> PreTrainedModel:
    """The base's own model with the adapter added to its weights, rounded to the type in which they are published.

    It stays so until `added` ends.
    """
    with suppress_peft_deprecation():
        model: PreTrainedModel = adapter.merge_and_unload()
    for parameter in model.parameters():
        parameter.data.copy_(rounded(parameter.data, recipe))
    return model


class _Start:
    """The weights of a model before an adapter is merged into them, in a file that costs no memory."""

    def __init__(self, model: PreTrainedModel) -> None:
        self._parameters = list(model.parameters())
        self._file = WeightSnapshot()
        self._file.write(parameters_to_vector(self._parameters).detach())

    def restore(self) -> None:
        """Gives the model its weights back, in float32."""
        sizes = [parameter.numel() for parameter in self._parameters]
        values = torch.empty(sum(sizes), device=self._parameters[0].device)
        self._file.read(values)
        for parameter, own in zip(self._parameters, values.split(sizes), strict=True):
            parameter.data = own.view(parameter.shape)


@contextmanager
def suppress_peft_deprecation() -> Iterator[None]:
    """Inside, transformers does not warn of a name that peft still uses: nobody who reads it could act on it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        yield


def save(base: LoadedBase, adapter: Any, generation: GenerationConfig, folder: Path) -> None:
    """Writes the adapter (float32), its configuration, the settings of sampling, and the tokenizer.

    Raises TrainingError where the disk does not take them.
    """
    with written_to(folder):
        adapter.save_pretrained(folder, save_embedding_layers=False)
        (folder / "README.md").unlink()  # peft's own card
        tokenizer = portable(base.tokenizer)
        generation_settings(generation, tokenizer).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
