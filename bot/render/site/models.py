"""What the fleet page says of one model: its state, and the facts of its manifest that visitors compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from bot.hub import Repo
from bot.manifest import Manifest
from bot.plan.steps import Step
from bot.registry.tombstones import Tombstones
from bot.render import escape
from bot.render.card import accounts as card_accounts
from bot.render.card import curve, sentences
from bot.render.card import variables as card_facts

LEVELS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
"""Heights of a sparkline's points, one character each, the lowest loss first."""
SAMPLE_LENGTH = 140
"""Characters of a sample with its prompt. A model that is not for all audiences shows none."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What its manifest says of a model, at the commit `head`.

    `people` are display name and handle of each account, `avatars` the paths of their pictures in the repo.
    `kept` counts posts, `base` and `tuned` are perplexities on held-out posts. `line` is the held-out loss over
    the training, see `LEVELS`, from `first` to the `least` (nats a token). `sample` is a prompt and what the model
    wrote after it. What was not measured is None or empty.
    """

    head: str
    people: tuple[tuple[str, str], ...]
    trained: date
    kept: int
    base: float | None = None
    tuned: float | None = None
    first: float | None = None
    least: float | None = None
    line: str = ""
    sample: tuple[str, str] | None = None
    avatars: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    """One model of the page. `facts` are None where none could be read; `pictures` are paths from the page."""

    name: str
    state: str
    handles: tuple[str, ...]
    on_hub: bool
    facts: Facts | None = None
    trained: date | None = None
    pictures: tuple[str | None, ...] = ()


def facts_of(made: Manifest, head: str) -> Facts:
    """The facts of a manifest."""
    score = made.evaluation
    rows = [row["held_out"] for row in curve.rows(made.curve)] if curve.is_drawable(made.curve) else []
    names = card_accounts.display_names(made.accounts)
    return Facts(
        head=head,
        people=tuple(
            (name, card_accounts.at(account)) for name, account in zip(names, made.accounts, strict=True)
        ),
        trained=made.published.trained_at.date(),
        kept=sum(account.kept for account in made.accounts),
        base=round(score.base.perplexity, 1) if score else None,
        tuned=round(score.tuned.perplexity, 1) if score else None,
        first=round(rows[0], 2) if rows else None,
        least=round(min(rows), 2) if rows else None,
        line=_line(rows),
        sample=None if card_facts.is_sensitive(made) else sentences.first(made.samples, SAMPLE_LENGTH),
        avatars=tuple(account.avatar for account in made.accounts),
    )


def shown(step: Step, repos: Mapping[str, Repo], gone: Tombstones) -> bool:
    """Whether the page may name the model: no private repo, and nobody who asked to be removed."""
    repo = repos.get(step.name)
    return (
        not (repo is not None and repo.private) and not gone.among(step.handles) and step.action != "remove"
    )


def plain(handles: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """People of whom only the handle is known."""
    return tuple((f"@{handle}", f"@{handle}") for handle in map(escape.clean, handles))


def _line(losses: list[float]) -> str:
    if len(losses) < 2:
        return ""
    low, high = min(losses), max(losses)
    span = high - low or 1.0
    return "".join(LEVELS[round((loss - low) / span * (len(LEVELS) - 1))] for loss in losses)
