"""Estimate how long a training takes, by what earlier models took on the same hardware. Pure.

The time grows with the text, the epochs and the base's size; what scoring and sampling take grows with the size
alone. Every figure is a published model's own: on hardware that made none, nothing is estimated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import mean, median
from typing import TYPE_CHECKING

from bot.plan.steps import Estimate, Step

if TYPE_CHECKING:
    from bot.hub import Listing
    from bot.hub.published import Measured, Published
    from bot.store import Facts

NO_MODEL = "until the first model"
NO_POSTS = "until the posts are fetched"
NO_SIZE = "until its base is loaded"
"""When a time that is not known will be, as it follows `unknown`."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a training will be: `base` and `recipe` as a plan compares them, `epochs` at most.

    `characters` are those of the posts of one epoch, repeats of smaller accounts included, and `parameters` the
    base's; both None where not known.
    """

    base: str
    recipe: str
    epochs: int
    characters: float | None
    parameters: int | None = None


@dataclass(frozen=True, slots=True)
class Measurements:
    """The published models that show what a training takes on `hardware`; none where it is empty."""

    hardware: str = ""
    models: tuple[tuple[Published, Measured], ...] = ()

    def estimate(self, wanted: Wanted, cost: Estimate) -> Estimate:
        """The `cost` with the minutes of the training, or with when they will be known.

        It rests on models of the same base and recipe, else of the same base, else on all.
        """
        if not self.models:
            return replace(cost, unknown=NO_MODEL)
        of_base = [pair for pair in self.models if pair[0].base == wanted.base]
        alike = [pair for pair in of_base if pair[0].recipe == wanted.recipe]
        nearest = [measured for _, measured in alike or of_base or self.models]
        parameters = wanted.parameters or (nearest[0].parameters if of_base else None)
        if wanted.characters is None or parameters is None:
            return replace(cost, unknown=NO_POSTS if wanted.characters is None else NO_SIZE)
        epochs = mean(one.epochs for one in nearest) if alike else wanted.epochs
        rate = median(one.seconds / (one.characters * one.epochs * one.parameters) for one in nearest)
        rest = median(one.other_seconds / one.parameters for one in nearest)
        seconds = parameters * (rate * wanted.characters * epochs + rest)
        return replace(
            cost, minutes=round(seconds / 60, 2), hardware=self.hardware, models=len(nearest), unknown=""
        )

    def size_of(self, base: str) -> int | None:
        """The number of weights of a base that was trained before."""
        return next(
            (measured.parameters for published, measured in self.models if published.base == base), None
        )


def measurements(listing: Listing) -> Measurements:
    """The measurements of a fleet, on the hardware that trained last: there the next training is expected."""
    found = [
        (repo.published, repo.published.measured)
        for repo in listing.repos.values()
        if repo.published is not None and repo.published.measured is not None
    ]
    if not found:
        return Measurements()
    _, newest = max(found, key=lambda pair: pair[0].trained_at)
    return Measurements(newest.hardware, tuple(pair for pair in found if pair[1].hardware == newest.hardware))


def characters(facts: Sequence[Facts | None], held_out: float) -> float | None:
    """The characters of an epoch by the stored facts of all accounts: each account's posts count as many as the
    largest one's, without the share `held_out`. None where an account is not stored, or its text was not counted.
    """
    sizes = [(one.own, one.characters) for one in facts if one is not None]
    most = max((own for own, _ in sizes), default=0)
    if len(sizes) < len(facts) or not most:
        return None
    total = 0.0
    for own, length in sizes:
        if length is None or not own:
            return None
        total += length * most / own
    return total * (1 - held_out)


def span(minutes: float) -> str:
    """`9 min`, `3 h 20 min`; `less than a minute`."""
    whole = round(minutes)
    if whole < 1:
        return "less than a minute"
    return f"{whole} min" if whole < 120 else f"{whole // 60} h {whole % 60} min"


def sentence(cost: Estimate) -> str:
    """`about 9 min on AMD EPYC, 2 cores, by 3 earlier models`, or `unknown until the first model`."""
    if cost.minutes is None:
        return f"unknown {cost.unknown or NO_POSTS}"
    models = f"{cost.models:,} earlier {'model' if cost.models == 1 else 'models'}"
    return f"about {span(cost.minutes)} on {cost.hardware}, by {models}"


def total(steps: Iterable[Step]) -> str:
    """The time of all trainings among the steps that are not held back; empty where there is none.

    `about 25 min on AMD EPYC, 2 cores, by 3 earlier models; unknown for 1 model until the posts are fetched`.
    """
    costs = [step.estimate for step in steps if step.action == "train" and not step.held]
    timed = [cost for cost in costs if cost.minutes is not None]
    parts = []
    if timed:
        widest = max(timed, key=lambda cost: cost.models)
        parts.append(sentence(replace(widest, minutes=sum(cost.minutes or 0.0 for cost in timed))))
    reasons = Counter(cost.unknown or NO_POSTS for cost in costs if cost.minutes is None)
    if len(reasons) == 1 and not timed:
        return f"unknown {next(iter(reasons))}"
    parts += [
        f"unknown for {count:,} {'model' if count == 1 else 'models'} {reason}"
        for reason, count in reasons.items()
    ]
    return "; ".join(parts)
