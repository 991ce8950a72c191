"""Samples: what the published folder says when loaded as a reader of the card would load it."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig, TextGenerationPipeline, pipeline, set_seed

from bot.manifest import Sample
from bot.training import adapters
from bot.training.device import Device

PER_PROMPT = 5
"""Samples for each prompt, as the card's snippet asks for; none is chosen over another."""

UNPROMPTED = 200
"""Texts written without a prompt on a GPU, to measure how much the model copies."""

UNPROMPTED_ON_CPU = 100
"""The same on a CPU, where twice as many would take a notable part of the training's time."""

BATCH = 100
"""Texts written at once without a prompt: bounds memory."""

SHORTEST = 10
"""Tokens that a text without a prompt has at least: what two people say alike in fewer is no copy."""

STRETCH = {"cpu": 32}
"""Tokens after which texts that have ended leave the batch. On a GPU a smaller batch is no faster, so none does."""


def settings(context: int, end: int) -> GenerationConfig:
    """The older system's sampling: nucleus 0.95 at temperature 1, ending at end-of-text after 160 tokens at most.

    They are counted without the prompt, as most callers do, and leave it a quarter of a small base's `context`.
    """
    return GenerationConfig(
        do_sample=True,
        temperature=1.0,
        top_k=0,
        top_p=0.95,
        max_new_tokens=min(160, context * 3 // 4),
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
    )


def described(config: GenerationConfig) -> dict[str, Any]:
    """The settings as the card and the manifest name them."""
    names = ("do_sample", "temperature", "top_k", "top_p", "max_new_tokens")
    return {name: getattr(config, name) for name in names}


def load(folder: Path, device: Device) -> TextGenerationPipeline:
    """The published folder by the very calls of the card's snippet, on the device; an adapter brings its base."""
    if not (folder / adapters.CONFIG).exists():
        return pipeline("text-generation", model=str(folder), device=device.torch)
    peft = importlib.import_module("peft")
    with adapters.suppress_peft_deprecation():
        model = peft.AutoPeftModelForCausalLM.from_pretrained(folder)
    model.generation_config = GenerationConfig.from_pretrained(folder)
    return pipeline("text-generation", model=model, tokenizer=str(folder), device=device.torch)


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


@torch.inference_mode()
def unprompted(generator: TextGenerationPipeline, seed: int, longest: int) -> list[str]:
    """Texts that begin at the end-of-text token alone, as training posts do, by the published settings.

    They end after `longest` tokens, the length of the longest training post: what is longer is no whole post.
    """
    model: Any = generator.model
    tokenizer: Any = generator.tokenizer
    kind = model.device.type
    config = model.generation_config
    end, longest = config.eos_token_id, min(config.max_new_tokens, longest) + 1
    count = UNPROMPTED_ON_CPU if kind == "cpu" else UNPROMPTED
    texts: list[str] = []
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for first in range(0, count, BATCH):
            rows = torch.full((min(BATCH, count - first), 1), end, device=model.device)
            while len(rows):
                length = min(rows.shape[1] + STRETCH.get(kind, longest), longest)
                rows = model.generate(
                    rows,
                    attention_mask=torch.ones_like(rows),
                    generation_config=config,
                    min_length=min(SHORTEST, length),
                    max_new_tokens=length - rows.shape[1],
                )
                ended = (rows[:, 1:] == end).any(dim=1) | (length == longest)
                texts.extend(tokenizer.decode(row, skip_special_tokens=True) for row in rows[ended])
                rows = rows[~ended]
    return texts
