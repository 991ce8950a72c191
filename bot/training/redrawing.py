"""Samples of weights that are published already, by other prompts or settings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import AutoConfig, AutoTokenizer

from bot.corpus import Split
from bot.errors import Skipped
from bot.manifest import Copying, Sample
from bot.registry.sampling import Sampling
from bot.training import adapters, data, loading, memorisation, sample, saving
from bot.training.device import Device
from bot.training.fine_tune import write_samples


def write_settings(folder: Path, sampling: Sampling) -> dict[str, Any]:
    """Writes the settings beside the weights in `folder`, and returns them as a card names them."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    if (folder / adapters.CONFIG).exists():
        context = loading.context(_config_of_base(folder))
    else:
        context = loading.context(AutoConfig.from_pretrained(folder))
    if tokenizer.eos_token_id is None:
        raise Skipped("its tokenizer has no end-of-text token; new samples come with the next training")
    settings = sample.settings(sampling, context, int(tokenizer.eos_token_id))
    saving.generation_settings(settings, tokenizer).save_pretrained(folder)
    return sample.described(settings)


def _config_of_base(folder: Path) -> Any:
    import importlib.util

    if importlib.util.find_spec("peft") is None:
        raise Skipped(adapters.missing("a model with an adapter"))
    peft = importlib.import_module("peft")
    adapter = peft.PeftConfig.from_pretrained(folder)
    return AutoConfig.from_pretrained(adapter.base_model_name_or_path, revision=adapter.revision)


def draw(
    folder: Path, prompts: Sequence[str], split: Split | None, seed: int, device: Device, most_copied: float
) -> tuple[tuple[Sample, ...], Copying | None]:
    """The answers to the prompts, compared with the posts of the split; without one they are not compared.

    Raises Skipped where more of the model's texts are whole posts than `most_copied`.
    """
    if split is None:
        return sample.answers(sample.load(folder, device), prompts, seed), None
    tokenizer = AutoTokenizer.from_pretrained(folder)
    posts = [text.text for part in split.train for text in part]
    longest = max(map(len, data.tokenise(tokenizer, posts)), default=sample.SHORTEST)
    samples, copying = write_samples(folder, prompts, split, seed, device, longest)
    memorisation.check(copying, most_copied)
    return samples, copying
