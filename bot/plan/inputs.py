"""The inputs of a plan, as values: desired entries, the hub's listing, the stored state of each entry."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from bot.errors import Problem
from bot.hub import Listing
from bot.plan.guard import MAX_CHANGE
from bot.plan.steps import Estimate
from bot.registry.card_settings import CardSettings

Force = Literal["train", "card", "samples"]


@dataclass(frozen=True, slots=True)
class Desired:
    """One entry as the registry wants it: everything that a plan compares.

    `asked` are the values that the registry sets for its training, and `card` its part of the card (None for a fault).

    `fault` says why the entry cannot be trained at all (then the digests are empty), and `problems` where that
    stands in files. `fetches` is False when the store gets no more posts unless a person imports some.
    `unproven`: a file names no owner.
    """

    name: str
    handles: tuple[str, ...]
    asked: Mapping[str, Any] = field(default_factory=dict)
    base: str = ""
    base_revision: str | None = None
    template: str = ""
    card: CardSettings | None = None
    prompts: str | None = None
    sampling: str | None = None
    max_age: timedelta = timedelta(days=90)
    min_new_posts: int = 100
    paused: bool = False
    fetches: bool = True
    fault: str | None = None
    unproven: bool = False
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class EntryState:
    """The stored state of an entry, known without a fetch.

    `new_posts`: posts in the store newer than the published model's newest. `skip_reason`: why the last try
    published nothing (too little text, no improvement), while nothing has changed since. `ask_again`: the time
    before which another fetch is not worth it, and `last_answer` says what the last fetch found. `wait_reason`: why
    an entry that failed is not tried again now, `block_reason`: why the account itself forbids it; an entry named
    with `only` is tried all the same. `no_posts_reason`: why there is nothing to train on until a person imports
    it. `estimate`: what a fetch would cost. `fault`: why the stored posts may not be used at all. `unproven`: some
    came from a file that names no owner. `unequal`: what is to be said of voices too unequal to be balanced, and
    `unknown_language` of a base that hardly knows the posts' language.
    """

    new_posts: int = 0
    skip_reason: str | None = None
    ask_again: datetime | None = None
    last_answer: str | None = None
    wait_reason: str | None = None
    block_reason: str | None = None
    no_posts_reason: str | None = None
    estimate: Estimate = field(default=Estimate())
    fault: str | None = None
    unproven: bool = False
    unequal: str | None = None
    unknown_language: str | None = None


UNKNOWN = EntryState()
"""The state of an entry of which nothing is stored."""


@dataclass(frozen=True, slots=True)
class PlanInput:
    """All that a plan is computed from.

    `states` goes by the entry's name. `removed` are the handles with a tombstone, and `deletes` says that hiding
    their models is not enough. `only` keeps the named entries, `retry` names those that are
    tried although they wait after a failure, `force` trains (or re-renders, or draws new samples of) valid ones of them
    whatever their state. `overwrite` names the models whose card, damaged by hand, may be written again from
    bot.json. `max_change` is the share of the published fleet (0 to 1) that one change may rewrite, see `guard`.
    """

    desired: tuple[Desired, ...]
    listing: Listing
    namespace: str
    now: datetime
    states: Mapping[str, EntryState] = field(default_factory=dict)
    removed: Container[str] = ()
    deletes: bool = False
    only: Collection[str] = ()
    retry: Collection[str] = ()
    force: Force | None = None
    overwrite: Collection[str] = ()
    max_change: float = MAX_CHANGE

    def state(self, name: str) -> EntryState:
        """The stored state of the entry of that name."""
        return self.states.get(name, UNKNOWN)
