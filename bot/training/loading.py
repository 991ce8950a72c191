"""Loading a base: any causal model that transformers loads, from safetensors or GGUF, with an end-of-text token."""

from __future__ import annotations

import copy
import importlib.util
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import try_to_load_from_cache
from safetensors import SafetensorError
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.activations import NewGELUActivation
from transformers.utils import logging as transformers_logging

from bot.errors import TrainingError
from bot.hub.base_model import BaseSpec
from bot.io.installing import install_command
from bot.registry.recipe import Recipe
from bot.sources.files import shown
from bot.training.attention import Masking, agrees, implementation, masking_for
from bot.training.device import Device
from bot.training.optimiser import Optimiser
from bot.training.weights import Weights

# Progress and faults are reported by the bot itself.
transformers_logging.disable_progress_bar()
transformers_logging.set_verbosity_error()

DROPOUTS = ("resid_pdrop", "embd_pdrop", "attn_pdrop", "dropout", "attention_dropout", "hidden_dropout")
"""The names under which transformers' configurations keep dropout rates."""

CONTEXTS = ("max_position_embeddings", "n_positions", "max_seq_len", "n_ctx", "seq_length")
"""The names under which they keep the longest text."""


@dataclass(slots=True)
class LoadedBase:
    """A base in memory, one for a whole fleet: every fine-tuning resets this one model in place.

    `config` is the base's own, as it was loaded; `context` is in tokens, `end` the end-of-text token's id.
    `resolved_revision` is the Hub commit that was loaded, None for a folder.
    After a full fine-tuning `weights` and `optimiser` are its buffers, which the next one uses again.
    """

    spec: BaseSpec
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    config: PreTrainedConfig
    context: int
    end: int
    resolved_revision: str | None = None
    weights: Weights | None = None
    optimiser: Optimiser | None = None
    _maskings: dict[tuple[int, str], Masking | None] = field(default_factory=dict)
    _agrees: bool | None = None
    _dropouts: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        self._dropouts = {
            name: rate
            for name, module in self.model.named_modules()
            if (rate := _dropout(module)) is not None
        }

    @property
    def has_dropout(self) -> bool:
        """Whether the base was made with dropout anywhere: elsewhere a recipe's dropout has nothing to act on."""
        return any(self._dropouts.values())

    @property
    def parameters(self) -> int:
        """How many weights the model has, tied ones counted once."""
        return sum(parameter.numel() for parameter in self.model.parameters())

    @property
    def width(self) -> int:
        """The size of its hidden states; of its embeddings where its configuration does not say."""
        size = getattr(self.config.get_text_config(), "hidden_size", None)
        return int(size or self.model.get_input_embeddings().embedding_dim)  # type: ignore[arg-type]

    def fresh(self, recipe: Recipe, device: Device, *, whole: bool = True) -> PreTrainedModel:
        """The model with the base's weights to the bit, on the device, with the recipe's dropout.

        Dropout is set where the base itself has any. It is the same object every time: it overwrites what an
        earlier call returned. `whole` allocates what training all its weights takes; without it they are only set
        back, gradients are None.
        """
        for name in DROPOUTS:
            if getattr(self.config, name, None):
                setattr(self.model.config, name, recipe.dropout)
        for name, module in self.model.named_modules():
            if self._dropouts.get(name):
                setattr(
                    module,
                    "p" if isinstance(module, torch.nn.Dropout) else "attention_dropout",
                    recipe.dropout,
                )
        self._prepare(recipe.block_size, device)
        if self.weights is not None:
            self.weights.reset()
        if whole and self.weights is None:
            self.weights = Weights(self.model.parameters())
            self.optimiser = Optimiser(self.weights)
        if not whole:
            self.model.zero_grad(set_to_none=True)
        self.model.eval()
        return self.model

    def masking(self, size: int, device: Device) -> Masking | None:
        """How the model keeps posts in a block of `size` tokens apart, tried once; None where it cannot."""
        self._prepare(size, device)
        key = (size, str(self.model.config._attn_implementation))
        if key not in self._maskings:
            if self.weights is not None:
                self.weights.reset()  # what was saved last may still be in bf16, too coarse to compare
            self._maskings[key] = masking_for(self.model, size)
        return self._maskings[key]

    def _prepare(self, size: int, device: Device) -> None:
        """Moves the model to the device, and has it work out attention as is fastest there."""
        if self.model.device.type != device.torch.type:
            self.weights = self.optimiser = None
            self.model.to(device=device.torch)  # type: ignore[call-arg]
        if self.config._attn_implementation == "sdpa":  # else the model has no other than its own
            wanted = implementation(size, device)
            if wanted != "sdpa" and self._agrees is None:
                self.model.set_attn_implementation("sdpa")
                self._agrees = agrees(self.model, wanted, min(size, self.context))
            self.model.set_attn_implementation(wanted if self._agrees else "sdpa")


def load(spec: BaseSpec) -> LoadedBase:
    """Loads weights (float32) and tokenizer. Raises TrainingError when the base cannot be trained on.

    Pickled weights are refused: they can run code. So is code that comes with a model.
    """
    if spec.gguf is not None and not all(map(importlib.util.find_spec, ("gguf", "accelerate"))):
        raise TrainingError(
            f"base {spec.name} is a GGUF file, and reading one needs the packages gguf and accelerate: "
            f"{install_command('gguf')}, or name a folder with safetensors"
        )
    try:
        config, tokenizer, model = _read(spec)
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
        raise TrainingError(
            f"base {spec.name} cannot be loaded: {first_line(error)}; {_mend(error)}"
        ) from error
    _fuse_activations(model)
    end = tokenizer.eos_token_id
    if end is None:
        raise TrainingError(
            f"base {spec.name}: its tokenizer has no end-of-text token, so posts cannot be separated; "
            "choose a base whose tokenizer names an eos_token"
        )
    known = int(model.get_input_embeddings().num_embeddings)  # type: ignore[arg-type]
    largest = max(len(tokenizer) - 1, int(end), *tokenizer.get_vocab().values())
    if largest >= known:
        raise TrainingError(
            f"base {spec.name}: its tokenizer knows {largest + 1:,} tokens but the model only "
            f"{known:,}; the two files do not belong together"
        )
    own = copy.deepcopy(model.config)
    return LoadedBase(spec, model, tokenizer, own, context(config), int(end), _commit(spec))


def _read(spec: BaseSpec) -> tuple[PreTrainedConfig, PreTrainedTokenizerBase, PreTrainedModel]:
    """What transformers makes of the base's files; its exceptions pass."""
    where: dict[str, Any] = {"revision": spec.revision} if spec.revision else {}
    if spec.gguf is None:
        safe = {"use_safetensors": True}
    else:
        where, safe = {"gguf_file": spec.gguf}, {}
    config = AutoConfig.from_pretrained(spec.source, **where)
    tokenizer = AutoTokenizer.from_pretrained(spec.source, **where)
    model = AutoModelForCausalLM.from_pretrained(
        spec.source, config=config, dtype=torch.float32, **safe, **where
    )
    return config, tokenizer, model if spec.gguf is None else _plain(model)


def _plain(model: PreTrainedModel) -> PreTrainedModel:
    """A model with the same weights that knows nothing of GGUF, since transformers saves none that does."""
    config = copy.deepcopy(model.config)
    vars(config).pop("quantization_config", None)
    plain: PreTrainedModel = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    plain.load_state_dict(model.state_dict())
    return plain


def _dropout(module: torch.nn.Module) -> float | None:
    """The rate of a module that drops values; None of any other."""
    rate = module.p if isinstance(module, torch.nn.Dropout) else getattr(module, "attention_dropout", None)
    return rate if isinstance(rate, float) else None


def end_warning(base: LoadedBase) -> str | None:
    """A sentence for the card where the base's configuration ends texts at another token than its tokenizer names."""
    named = getattr(base.config.get_text_config(), "eos_token_id", None)
    ends = named if isinstance(named, list) else [named]
    if named is None or base.end in ends:
        return None
    token = shown(str(base.tokenizer.eos_token))
    return (
        f"{base.spec.name} names two ends of a text: its tokenizer {token} ({base.end}), its configuration "
        f"{', '.join(map(str, ends))}; posts end, and the published model stops, at the tokenizer's"
    )


def _fuse_activations(model: PreTrainedModel) -> None:
    """Has PyTorch's one operation work out GPT-2's activation, for which transformers spells out seven."""
    for module in model.modules():
        for name, child in module.named_children():
            if isinstance(child, NewGELUActivation):
                setattr(module, name, torch.nn.GELU(approximate="tanh"))


def _commit(spec: BaseSpec) -> str | None:
    """The Hub commit that was just loaded, by where the cache keeps its files; None for a folder."""
    held = try_to_load_from_cache(spec.id, "config.json", revision=spec.revision) if spec.id else None
    return Path(held).parent.name if isinstance(held, str) else None


def context(config: PreTrainedConfig) -> int:
    """The longest text in tokens that the base was made for; 1,024 where its configuration does not say."""
    config = config.get_text_config(decoder=True)
    named = (getattr(config, name, None) for name in CONTEXTS)
    return next((length for length in named if isinstance(length, int) and length > 0), 1024)


def first_line(error: BaseException) -> str:
    """The first line of another library's error, without credentials, as a part of a sentence."""
    return shown((str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")[:300])


def _mend(error: BaseException) -> str:
    text = str(error)
    if "safetensors" in text:
        return "choose a base that ships safetensors (pickled weights can run code and are refused)"
    if "Unrecognized configuration class" in text or "AutoModelForCausalLM" in text:
        return "choose a causal language model such as openai-community/gpt2"
    if "trust_remote_code" in text:
        return "choose a base that needs no code of its own"
    if "valid git identifier" in text:
        return "the pinned revision is gone from the Hub; pin another one, or none"
    return "check the name, the revision, and that the Hub or the folder can be read"
