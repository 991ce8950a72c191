"""Samples: what the published folder says when loaded as a reader of the card would load it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig, TextGenerationPipeline, pipeline, set_seed

from bot.manifest import Sample
from bot.training.device import Device

PER_PROMPT = 5
"""Samples for each prompt, as the card's snippet asks for; none is chosen over another."""

UNPROMPTED = 200
"""Texts written without a prompt, to measure how much the model copies."""

UNPROMPTED_SLOW = 100
"""The same for a large model on a CPU, where each text costs seconds."""

LARGE = 50_000_000
"""Parameters from which a model is large for a CPU."""

BATCH = 100
"""Texts written at once without a prompt: bounds memory."""

FIRST = 32
"""Tokens after which texts that have ended leave the batch; the rest go on to twice as many, and so forth."""


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


def load(folder: Path, device: Device) -> TextGenerationPipeline:
    """The published folder by the very call of the card's snippet, on the device; an adapter brings its base."""
    return pipeline("text-generation", model=str(folder), device=device.torch)


def answers(generator: TextGenerationPipeline, prompts: Sequence[str], seed: int) -> tuple[Sample, ...]:
    """What the generator answers to each prompt after `set_seed`, in the order in which it comes.

    The first prompt has `seed`, each further one the next number: with one seed for all they would sound alike.
    The process's own random numbers go on afterwards as if nothing had been drawn.
    """
    samples = []
    with torch.random.fork_rng():
        for own_seed, prompt in enumerate(prompts, start=seed):
            set_seed(own_seed)
            for answer in generator(prompt, num_return_sequences=PER_PROMPT):
                text = answer["generated_text"].removeprefix(prompt)
                samples.append(Sample(prompt=prompt, text=text, seed=own_seed))
    return tuple(samples)


def unprompted_count(parameters: int, device: Device) -> int:
    """How many texts to write without a prompt: fewer where they would cost more than they tell."""
    return UNPROMPTED_SLOW if device.torch.type == "cpu" and parameters >= LARGE else UNPROMPTED


@torch.inference_mode()
def unprompted(generator: TextGenerationPipeline, count: int, seed: int) -> list[str]:
    """`count` texts that begin at the end-of-text token alone, as training posts do, by the published settings."""
    model: Any = generator.model
    tokenizer: Any = generator.tokenizer
    end, longest = model.generation_config.eos_token_id, model.generation_config.max_length
    texts: list[str] = []
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for first in range(0, count, BATCH):
            rows = torch.full((min(BATCH, count - first), 1), end, device=model.device)
            length = FIRST
            while len(rows):
                length = min(length, longest)
                rows = model.generate(rows, attention_mask=torch.ones_like(rows), max_length=length)
                ended = (rows[:, 1:] == end).any(dim=1) | (length == longest)
                texts.extend(tokenizer.batch_decode(rows[ended], skip_special_tokens=True))
                rows, length = rows[~ended], 2 * length
    return texts
