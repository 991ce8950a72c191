"""Samples: what the published folder says when loaded as a reader of the card would load it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, pipeline, set_seed

from bot.manifest import Sample
from bot.training.device import Device

PER_PROMPT = 5
"""Samples for each prompt, as the card's snippet asks for; none is chosen over another."""


def settings(context: int, end: int) -> GenerationConfig:
    """The older system's sampling: nucleus 0.95 at temperature 1, 10 to 160 tokens, ending at end-of-text."""
    return GenerationConfig(
        do_sample=True,
        temperature=1.0,
        top_k=0,
        top_p=0.95,
        min_length=10,
        max_length=min(160, context),
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
    )


def described(config: GenerationConfig) -> dict[str, Any]:
    """The settings as the card and the manifest name them."""
    names = ("do_sample", "temperature", "top_k", "top_p", "min_length", "max_length")
    return {name: getattr(config, name) for name in names}


def generate(folder: Path, prompts: Sequence[str], seed: int, device: Device) -> tuple[Sample, ...]:
    """What `pipeline("text-generation", model=folder)` answers to each prompt after `set_seed`.

    The first prompt has `seed`, each further one the next number: with one seed for all they would sound alike.
    """
    generator = pipeline(
        "text-generation",
        model=AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32),
        tokenizer=AutoTokenizer.from_pretrained(folder),
        device=device.torch,
    )
    samples = []
    for own_seed, prompt in enumerate(prompts, start=seed):
        set_seed(own_seed)
        for answer in generator(prompt, num_return_sequences=PER_PROMPT):
            text = answer["generated_text"].removeprefix(prompt)
            samples.append(Sample(prompt=prompt, text=text, seed=own_seed))
    return tuple(samples)
