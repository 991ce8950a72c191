"""Which of a model's texts stands alone: the first that is whole and short enough, for pictures and the fleet page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from bot.render import escape
from bot.render.card import samples as card_samples

if TYPE_CHECKING:
    from bot.manifest import Sample

_END = re.compile(r"(?:[.!?…؟۔।։]+[\"'”’»)\]]*(?=\s|$)|[。！？｡]+[」』）”’]*)")
_WHOLE = re.compile(r"[.!?…؟۔।։。！？｡][\"'”’»)\]」』）]*\s*$")


def is_whole(text: str) -> bool:
    """Whether a text ends as a sentence does."""
    return _WHOLE.search(text) is not None


def beginnings(text: str) -> Iterator[str]:
    """The text cut after one of its sentences, the longest first."""
    for end in reversed([found.end() for found in _END.finditer(text)]):
        yield text[:end]


def first(samples: Sequence[Sample], longest: int) -> tuple[str, str] | None:
    """Prompt and text of the first sample with at most `longest` characters in all; None where nothing was written.

    One that ends as a sentence does comes first, then any, then the first sentences of a longer one; the last
    resort ends in an ellipsis.
    """
    written = [
        (one["prompt"], " " * one["text"][:1].isspace() + escape.clean(one["text"]))
        for one in card_samples.in_order(samples)
        if one["text"].strip()
    ]
    short = [one for one in written if len("".join(one)) <= longest]
    whole = [one for one in short if is_whole(one[1])]
    cut = [
        (prompt, part)
        for prompt, text in written
        for part in beginnings(text)
        if len(prompt + part) <= longest
    ]
    found = next(iter((*whole, *short, *cut)), None)
    if found is None and written:
        prompt, text = written[0]
        return escape.shorten(prompt, longest // 2), " " + escape.shorten(text, longest // 2)
    return found
