"""One entry from posts to files: fetch, clean, train, evaluate, sample, render. Publishing is the caller's."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot import base, card, corpus, digest, manifest, pictures
from bot.corpus import Corpus
from bot.desired import LOCAL_SOURCES, card_facts, template_folders
from bot.errors import BotError, Skipped
from bot.manifest import Manifest, Published
from bot.posts import Timeline
from bot.progress import Watcher
from bot.registry import Entry, Registry
from bot.sources import open_source
from bot.store import Store

if TYPE_CHECKING:
    from bot.training.device import Device
    from bot.training.fine_tune import Tuned
    from bot.training.loading import LoadedBase

ASSETS = "assets"


@dataclass(slots=True)
class Workshop:
    """What every entry's building shares. Bases are loaded once and kept."""

    registry: Registry
    store: Store
    now: Callable[[], datetime]
    watcher: Watcher
    device: str = "auto"
    _device: Device | None = None
    _bases: dict[str, LoadedBase] = field(default_factory=dict)

    def hardware(self) -> Device:
        """The device that trains; looked for once."""
        if self._device is None:
            from bot.training import device

            self._device = device.pick(self.device)
        return self._device

    def base(self, entry: Entry) -> LoadedBase:
        """The entry's base, loaded when first asked for."""
        spec = base.parse(entry.base)
        if spec.identity not in self._bases:
            from bot.training import loading

            self._bases[spec.identity] = loading.load(spec)
        return self._bases[spec.identity]


def fetch(entry: Entry, store: Store, now: datetime) -> tuple[Timeline, ...]:
    """Brings the store up to date from the entry's source and returns what it holds, a timeline a handle.

    Raises SourceError when the source cannot be read, and Skipped when the store holds nothing of a handle.
    """
    timelines = []
    for handle in entry.handles:
        warnings: tuple[str, ...] = ()
        if handle in entry.files or entry.source not in LOCAL_SOURCES:
            fresh = open_source(entry.source, file=entry.files.get(handle)).read(handle)
            merged = store.merge(fresh, entry.source, now=now)
            warnings = (*fresh.warnings, *merged.warnings)
        held = store.load(handle, entry.source)
        if held is None:
            raise Skipped(
                f"the store holds no posts of {handle}; import them with: bot import {handle} FILE, "
                f"or give the entry a path ({entry.source}: FILE)"
            )
        timelines.append(Timeline(held.profile, held.posts, (*warnings, *held.warnings)))
    return tuple(timelines)


def check_consent(registry: Registry, entry: Entry, timelines: Sequence[Timeline]) -> None:
    """`consent: self` is believed only when the archive is the account's own. Raises BotError otherwise."""
    if registry.policy.consent != "required" or entry.consent != "self":
        return
    for handle, timeline in zip(entry.handles, timelines, strict=True):
        if timeline.profile.handle.lower() != handle:
            raise BotError(
                f"the archive given for {handle} says it is {timeline.profile.handle}'s, so consent: self is "
                "not believed; give that person's own archive, or consent: with an https address where they agreed"
            )


def train(
    shop: Workshop, entry: Entry, timelines: Sequence[Timeline], folder: Path
) -> tuple[Manifest, Mapping[str, bytes]]:
    """Cleans, trains and samples; weights are left in `folder`. Returns the manifest and the avatars by path."""
    now = manifest.utc(shop.now())
    shop.watcher.stage(entry.name, "clean")
    cleaned = corpus.build(timelines)
    corpus.require_enough(cleaned)
    for warning in cleaned.warnings:
        shop.watcher.say(f"{entry.name}: warning: {warning}")
    split = corpus.split(cleaned, entry.recipe.held_out)
    shop.watcher.stage(entry.name, "load", f"base {base.parse(entry.base).name}")
    loaded = shop.base(entry)
    from bot.training.fine_tune import fine_tune

    kept = sum(account.kept for account in cleaned.accounts)
    shop.watcher.stage(entry.name, "train", f"{kept:,} posts, {shop.hardware().name}")
    tuned = fine_tune(
        loaded,
        split,
        entry.recipe,
        entry.prompts,
        folder,
        shop.hardware(),
        now,
        lambda progress: shop.watcher.progress(entry.name, progress),
    )
    shop.watcher.stage(entry.name, "render")
    avatars = {
        f"{ASSETS}/{account.profile.handle_slug}.png": pictures.avatar(account.profile.avatar)
        for account in cleaned.accounts
    }
    return _manifest(shop.registry, entry, cleaned, tuned, timelines, now), avatars


def _manifest(
    registry: Registry,
    entry: Entry,
    cleaned: Corpus,
    tuned: Tuned,
    timelines: Sequence[Timeline],
    now: datetime,
) -> Manifest:
    warnings = [*cleaned.warnings]
    for timeline in timelines:
        warnings.extend(warning for warning in timeline.warnings if warning not in warnings)
    facts = card_facts(registry, entry)
    return Manifest(
        name=entry.name,
        repo=f"{registry.namespace}/{entry.name}",
        source=entry.source,
        handles=entry.handles,
        accounts=tuple(_account(account) for account in cleaned.accounts),
        languages=dict(cleaned.languages),
        sensitive_share=round(cleaned.sensitive_share, 4),
        characters=cleaned.characters,
        consent=facts["consent"],
        contact=registry.contact or "",
        license=entry.license or tuned.base.license,
        tags=entry.tags,
        sensitive=entry.sensitive,
        prompts=entry.prompts,
        base=tuned.base,
        recipe=entry.recipe.model_dump(),
        training=tuned.training,
        evaluation=tuned.evaluation,
        curve=tuned.curve,
        samples=tuned.samples,
        generation=tuned.generation,
        warnings=tuple(warnings),
        published=Published(
            handles=entry.handles,
            recipe=entry.recipe.digest(),
            base=tuned.base.identity,
            template=card.template_digest(entry.template, template_folders(registry)),
            card=digest.of_value(facts)[:16],
            newest_post=cleaned.newest,
            trained_at=now,
        ),
        provenance=provenance(os.environ),
    )
