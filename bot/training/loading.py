"""Loading a base: any causal model that transformers loads, from safetensors, with an end-of-text token."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from bot.base import BaseSpec
from bot.errors import TrainingError
from bot.recipe import Recipe
from bot.training.device import Device

DROPOUTS = ("resid_pdrop", "embd_pdrop", "attn_pdrop", "dropout", "attention_dropout", "hidden_dropout")
"""The names under which transformers' configurations keep dropout rates."""


@dataclass(slots=True)
class LoadedBase:
    """A base in memory. `model` stays as it was loaded; every fine-tuning works on a copy from `fresh`."""

    spec: BaseSpec
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    context: int
    end: int

    @property
    def parameters(self) -> int:
        """How many weights the model has, tied ones counted once."""
        return sum(parameter.numel() for parameter in self.model.parameters())

    @property
    def resolved_revision(self) -> str | None:
        """The Hub commit that was loaded, or None for a local folder."""
        commit = getattr(self.model.config, "_commit_hash", None)
        return commit if isinstance(commit, str) else None

    def fresh(self, recipe: Recipe, device: Device) -> PreTrainedModel:
        """A copy of the base on the device, with the recipe's dropout."""
        model = copy.deepcopy(self.model)
        for name in DROPOUTS:
            if hasattr(model.config, name):
                setattr(model.config, name, recipe.dropout)
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = recipe.dropout
            elif isinstance(getattr(module, "attention_dropout", None), float):
                module.attention_dropout = recipe.dropout  # type: ignore[assignment]
        model.to(device=device.torch)  # type: ignore[call-arg]
        return model


def load(spec: BaseSpec) -> LoadedBase:
    """Loads weights (float32) and tokenizer. Raises TrainingError when the base cannot be trained on.

    Pickled weights are refused: they can run code. So is code that comes with a model.
    """
    where: dict[str, Any] = {"revision": spec.revision} if spec.revision else {}
    try:
        config = AutoConfig.from_pretrained(spec.source, **where)
        tokenizer = AutoTokenizer.from_pretrained(spec.source, **where)
        model = AutoModelForCausalLM.from_pretrained(
            spec.source, config=config, dtype=torch.float32, use_safetensors=True, **where
        )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise TrainingError(
            f"base {spec.name} cannot be loaded: {_first_line(error)}; {_mend(error)}"
        ) from error
    end = tokenizer.eos_token_id
    if end is None:
        raise TrainingError(
            f"base {spec.name}: its tokenizer has no end-of-text token, so posts cannot be told apart; "
            "choose a base whose tokenizer names an eos_token"
        )
    known = int(model.get_input_embeddings().num_embeddings)  # type: ignore[arg-type]
    if len(tokenizer) > known:
        raise TrainingError(
            f"base {spec.name}: its tokenizer knows {len(tokenizer):,} tokens but the model only "
            f"{known:,}; the two files do not belong together"
        )
    context = getattr(config, "max_position_embeddings", None) or getattr(config, "n_positions", None) or 1024
    return LoadedBase(spec, model, tokenizer, int(context), int(end))


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")[:300]


def _mend(error: BaseException) -> str:
    text = str(error)
    if "safetensors" in text:
        return "choose a base that ships safetensors (pickled weights can run code and are refused)"
    if "Unrecognized configuration class" in text or "AutoModelForCausalLM" in text:
        return "choose a causal language model such as openai-community/gpt2"
    if "trust_remote_code" in text:
        return "choose a base that needs no code of its own"
    return "check the name, the revision, and that the Hub or the folder can be read"
