"""Tables of docs/quality.md from the rows of a sweep: losses by base and number of posts, and texts by corpus."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy
from sweep_results import Row

from bot.render.escape import escape, shorten
from bot.training.evaluate import bootstrap_interval

REFERENCE = "classic"
"""The candidate that all others are held against."""

LENGTH = 240
"""Characters of a text at most, in the tables."""

NAMES = {"base": "The demo's base", "smollm2-135m": "SmolLM2-135M"}
"""Of bases, by the folder they lie in."""


def tables(rows: Sequence[Row]) -> str:
    """Markdown: for each base and number of posts, the held-out loss of each candidate on each corpus."""

    def group(row: Row) -> tuple[str, int]:
        return row.base, row.posts

    groups = itertools.groupby(sorted(rows, key=group), key=group)
    return "\n\n".join(_table(base, posts, list(found)) for (base, posts), found in groups)


def samples(rows: Sequence[Row]) -> str:
    """Markdown: for each base and corpus, the first texts of every model that wrote some, side by side."""
    wrote = [row for row in rows if row.samples]

    def group(row: Row) -> tuple[str, str, int]:
        return row.base, row.corpus, row.posts

    parts = []
    for (base, corpus, posts), found in itertools.groupby(sorted(wrote, key=group), key=group):
        models = list(found)
        lines = [
            f"**{corpus}**, {posts} training posts, {NAMES.get(base, base)}",
            "",
            f"| {' | '.join(f'{row.candidate} ({row.loss:.3f})' for row in models)} |",
            f"| {' | '.join('---' for _ in models)} |",
            *(
                f"| {' | '.join(escape(shorten(text, LENGTH)) for text in texts)} |"
                for texts in zip(*(row.samples for row in models), strict=False)
            ),
        ]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _table(base: str, posts: int, rows: list[Row]) -> str:
    corpora = list(dict.fromkeys(row.corpus for row in rows))
    seeds = sorted({row.seed for row in rows})
    lines = [
        f"**{NAMES.get(base, base)}**, {posts} training posts, "
        f"{'seed' if len(seeds) == 1 else 'seeds'} {', '.join(map(str, seeds))}",
        "",
        f"| recipe | {' | '.join(corpora)} | mean | against {REFERENCE} (95%) | CPU s |",
        f"| --- | {'---: | ' * (len(corpora) + 3)}".rstrip(),
        _line(
            "no training", [_mean([row.base_loss for row in rows if row.corpus == one]) for one in corpora]
        ),
    ]
    reference = [row for row in rows if row.candidate == REFERENCE]
    for candidate in dict.fromkeys(row.candidate for row in rows):
        own = [row for row in rows if row.candidate == candidate]
        losses = [_mean([row.loss for row in own if row.corpus == one]) for one in corpora]
        seconds = _mean([row.cpu_seconds for row in own])
        lines.append(_line(candidate, losses, _difference(own, reference), f"{seconds or 0:.0f}"))
    return "\n".join(lines)


def _line(name: str, losses: Sequence[float | None], difference: str = "", seconds: str = "") -> str:
    known = [loss for loss in losses if loss is not None]
    mean = _mean(known) if len(known) == len(losses) else None
    cells = [name, *map(_number, [*losses, mean]), difference, seconds]
    return f"| {' | '.join(cells)} |"


def _number(loss: float | None) -> str:
    return "–" if loss is None else f"{loss:.3f}"


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _difference(own: Sequence[Row], reference: Sequence[Row]) -> str:
    """Mean difference in nats per token over the posts that both scored, with the bootstrap's interval over posts."""
    other = {(row.corpus, row.seed): row for row in reference}
    pairs = [(row, other[row.corpus, row.seed]) for row in own if (row.corpus, row.seed) in other]
    if not pairs or all(row is same for row, same in pairs):
        return ""
    nats = numpy.concatenate([numpy.subtract(row.test_tuned, same.test_tuned) for row, same in pairs])
    tokens = numpy.concatenate([numpy.array(row.test_tokens) for row, _ in pairs])
    low, high = bootstrap_interval(nats, tokens)
    mean = nats.sum() / tokens.sum()
    return f"{mean:+.3f} ({low:+.3f} to {high:+.3f})" if low is not None else f"{mean:+.3f}"
