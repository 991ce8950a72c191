"""State that all steps of a run share, and one step of it with its entry."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from bot.apply.fetch import Fetcher
from bot.apply.watcher import Watcher
from bot.errors import Skipped, UsageError, install_command
from bot.hub import Hub
from bot.hub import base_model as base
from bot.plan.steps import Step
from bot.registry import Entry, Registry
from bot.registry.latest import Latest
from bot.sources.posts import Owner
from bot.store import Store

if TYPE_CHECKING:
    from bot.training.device import Device
    from bot.training.loading import LoadedBase


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one run: models to train, posts and profiles to pay for, and repos to remove.

    `max_reads` None: no limit of the run's own. `allow_removals` None: removals are not allowed.
    `overwrite_edits` names the models whose card and files, edited on the Hub, may be overwritten.
    """

    max_models: int = 50
    max_reads: int | None = None
    allow_removals: int | None = None
    overwrite_edits: frozenset[str] = frozenset()


@dataclass(slots=True)
class RunContext:
    """State shared by all steps of a run. A base is loaded once and kept; a network's source stays open.

    `registry` is replaced when its file changes while the run goes on; `token_refused` is set once the Hub refused
    the token, since no later step could publish either, and `device_lost` once the GPU failed, since this process
    could train on it no more.
    """

    registry: Registry
    hub: Hub
    store: Store
    now: Callable[[], datetime]
    watcher: Watcher
    limits: Limits = Limits()
    device: str = "auto"
    token_refused: bool = False
    device_lost: bool = False
    fetcher: Fetcher = field(init=False)
    _device: Device | None = None
    _bases: dict[str, LoadedBase] = field(default_factory=dict)
    _fitting: set[tuple[str, bool]] = field(default_factory=set)
    _latest: Latest = field(init=False)

    def __post_init__(self) -> None:
        self._latest = Latest(self.registry)
        self.fetcher = Fetcher(self.registry, self.store, self.now, self.limits.max_reads)

    def check_tombstones(self, entry: Entry, of: Iterable[Owner] = ()) -> None:
        """Raises Skipped when a person of the entry was removed from the registry while this run went on.

        `of` are the owners of the posts. The sentence names nobody.
        """
        self.registry = self._latest.read()
        asked = len(self.registry.gone.among(entry.handles))
        asked = asked or sum(self.registry.gone.line_of(each) is not None for each in of)
        if asked:
            people = "a person" if asked == 1 else f"{asked} people"
            raise Skipped(f"{people} of this entry asked to be removed while this ran; nothing is published")

    def check_people(self, entry: Entry, of: Iterable[Owner] = ()) -> None:
        """As `check_tombstones`, and when one was purged from the store, as a takedown on another machine does."""
        self.check_tombstones(entry, of)
        if self.store.purged_since_start(entry.handles):
            raise Skipped(
                "a person of this model was purged from the store while this ran; nothing is published: "
                "run it again if that was a mistake"
            )

    def training_unavailable_reason(self) -> str | None:
        """Why nothing can be trained here, or None. Checked before any post is fetched for a training."""
        if not all(map(importlib.util.find_spec, ("torch", "transformers", "tensorboardX"))):
            return (
                "training needs PyTorch and transformers, which are not installed; "
                f"{install_command('train')}"
            )
        try:
            self.hardware()
        except UsageError as error:
            return str(error)
        return None

    def hardware(self) -> Device:
        """The device that trains, picked once."""
        if self._device is None:
            from bot.training import device

            self._device = device.pick(self.device)
        return self._device

    def check_memory(self, entry: Entry) -> None:
        """Raises TrainingError where the entry's base is too large for this machine; loads nothing of it."""
        spec = base.parse(entry.base)
        key = (spec.identity, entry.recipe.lora_rank is None)
        if spec.identity in self._bases or key in self._fitting:
            return
        from bot.training import memory

        memory.check(spec, entry.recipe, self.hardware())
        self._fitting.add(key)

    def base(self, entry: Entry) -> LoadedBase:
        """The entry's base, loaded on first use."""
        spec = base.parse(entry.base)
        if spec.identity not in self._bases:
            from bot.training import loading

            self._bases[spec.identity] = loading.load(spec)
        return self._bases[spec.identity]


@dataclass(frozen=True, slots=True)
class Task:
    """One step of a run: what the plan asks, the entry it is about, and the run it belongs to."""

    step: Step
    entry: Entry
    context: RunContext

    @property
    def overwrites_edits(self) -> bool:
        """Whether edits that people made in this model's repo may be overwritten."""
        return self.entry.name in self.context.limits.overwrite_edits
