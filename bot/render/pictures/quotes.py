"""Which of a model's texts a picture shows: the first that fit whole, set as large as they allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.render.card import sentences
from bot.render.pictures import typeset
from bot.render.pictures.typeset import Block

LEADING = 1.24
GAP = 0.75
"""Between two texts, in ems."""
LONGEST = 600
"""Characters: no text that is longer fits into a picture."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A text and where its top lies, in the drawing's units below the first one's."""

    y: float
    block: Block

    @property
    def bottom(self) -> float:
        """Where the text ends."""
        return self.y + self.block.height


def fitting(
    samples: Sequence[Mapping[str, str]],
    width: float,
    height: float,
    sizes: Sequence[float],
    *,
    legible: float,
    most: int = 2,
) -> list[Placed]:
    """The first of the samples (`prompt` and `text`) that fit whole into the box, at most `most`; [] for none.

    Texts that end as a sentence does come first; where none fits, any that fits whole, and last the first
    sentences of one that does not fit. They are chosen at the size `legible`, or where nothing fits then, at the
    smaller ones among `sizes`, and set at the largest of `sizes` at which all of them fit.
    """
    written = [one for one in samples if one["text"].strip()]
    short = [one for one in written if len(one["text"]) <= LONGEST]
    for texts, count in (
        ([one for one in short if sentences.is_whole(one["text"])], most),
        (short, most),
        ([part for one in written for part in _beginnings(one)], 1),
    ):
        for aim in sorted((size for size in sizes if size <= legible), reverse=True):
            chosen = _choose(texts, width, height, aim, count)
            if chosen:
                larger = sorted((size for size in sizes if size > aim), reverse=True)
                settings = (_place(chosen, width, height, size) for size in (*larger, aim))
                return next(placed for placed in settings if placed)
    return []


def _choose(
    texts: Sequence[Mapping[str, str]], width: float, height: float, size: float, most: int
) -> list[Mapping[str, str]]:
    """The first texts that fit into what room the ones before them leave."""
    chosen: list[Mapping[str, str]] = []
    for text in texts:
        if len(chosen) == most:
            break
        if _place([*chosen, text], width, height, size):
            chosen.append(text)
    return chosen


def _place(texts: Sequence[Mapping[str, str]], width: float, height: float, size: float) -> list[Placed]:
    """The texts below one another; [] where they do not fit, or a word alone is wider than a line."""
    placed: list[Placed] = []
    top = 0.0
    for text in texts:
        lines = int((height - top) / (size * LEADING) + 1e-6)
        if lines < 1:
            return []
        block = typeset.block(
            text["prompt"] + text["text"],
            size,
            width,
            lines=lines,
            bold=True,
            leading=LEADING,
            lead=text["prompt"],
        )
        if block.shortened or block.broken or not block.lines:
            return []
        placed.append(Placed(top, block))
        top += block.height + GAP * size
    return placed


def _beginnings(sample: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """The sample cut after one of its sentences, the longest first."""
    for text in sentences.beginnings(sample["text"][:LONGEST]):
        yield {"prompt": sample["prompt"], "text": text}
