"""What the model wrote, as a card shows it: samples under their prompts, copied ones counted and never shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.manifest import Sample
from bot.render import escape


def by_prompt(samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """Samples under the prompt and seed they share, in the order they were made; copied ones only counted."""
    groups: dict[tuple[str, int], list[Sample]] = {}
    for sample in samples:
        groups.setdefault((escape.clean(sample.prompt), sample.seed), []).append(sample)
    return [
        {
            "prompt": prompt,
            "seed": seed,
            "texts": [continuation(sample) for sample in group if not sample.copied],
            "withheld": sum(sample.copied for sample in group),
        }
        for (prompt, seed), group in groups.items()
    ]


SHOWN = 5
"""Texts that a card shows unfolded."""


def in_order(samples: Sequence[Sample]) -> list[dict[str, str]]:
    """`prompt` and `text` of each sample in the order they were made, copied ones left out."""
    return [
        {"prompt": escape.clean(one.prompt), "text": continuation(one)} for one in samples if not one.copied
    ]


def shown(samples: Sequence[Sample]) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """The texts that are shown first and the rest, copied ones left out, each in the order they were made.

    Shown first are `SHOWN`, among them the first of each prompt as far as that goes.
    """
    texts = [one for one in samples if not one.copied]
    leading = {one.prompt: number for number, one in reversed(list(enumerate(texts)))}
    chosen = sorted(leading.values())[:SHOWN]
    chosen += [number for number in range(len(texts)) if number not in chosen][: SHOWN - len(chosen)]
    rows = in_order(texts)
    first = [rows[number] for number in sorted(chosen)]
    return first, [row for number, row in enumerate(rows) if number not in chosen]


def of_first_prompt(samples: Sequence[Sample]) -> list[Sample]:
    """Those of the first prompt: what the snippet's one call prints."""
    return [sample for sample in samples if sample.prompt == samples[0].prompt]


def continuation(sample: Sample) -> str:
    """What follows the cleaned prompt: begins with a space or a letter, as the model wrote it."""
    prompt = escape.clean(sample.prompt)
    whole = escape.clean(sample.prompt + sample.text, keep_lines=True)
    if whole.startswith(prompt):
        return whole.removeprefix(prompt)
    return " " * sample.text[:1].isspace() + escape.clean(sample.text, keep_lines=True)
