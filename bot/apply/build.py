"""One entry from a corpus to files: train, evaluate, sample, render. Fetching and publishing are the caller's."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

from bot import corpus, manifest
from bot.apply.fetch import Fetcher
from bot.apply.watcher import Watcher
from bot.corpus import AccountCorpus, Corpus
from bot.errors import BotError, Skipped, UsageError, install_command
from bot.hub import base_model as base
from bot.hub.published import Published
from bot.io import digest
from bot.manifest import Account, Manifest, provenance
from bot.plan.desired import template_folders
from bot.registry import Entry, Registry, owners
from bot.registry.card_settings import card_settings
from bot.registry.latest import Latest
from bot.render import card, pictures, publication
from bot.sources.posts import Owner, Profile, Timeline
from bot.store import Store

if TYPE_CHECKING:
    from bot.training.device import Device
    from bot.training.fine_tune import Tuned
    from bot.training.loading import LoadedBase


@dataclass(slots=True)
class RunContext:
    """What every entry's building shares. Bases are loaded once and kept; networks' sources stay open."""

    registry: Registry
    store: Store
    now: Callable[[], datetime]
    watcher: Watcher
    device: str = "auto"
    max_reads: int | None = None
    fetcher: Fetcher = field(init=False)
    _device: Device | None = None
    _bases: dict[str, LoadedBase] = field(default_factory=dict)
    _latest: Latest = field(init=False)

    def __post_init__(self) -> None:
        self._latest = Latest(self.registry)
        self.fetcher = Fetcher(self.registry, self.store, self.now, self.max_reads)

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
        """Why nothing can be trained here, or None: asked before any post is fetched for it."""
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


def check_consent(registry: Registry, entry: Entry, timelines: Sequence[Timeline]) -> None:
    """`consent: self` is believed only when the archive is the account's own. Raises BotError otherwise."""
    for handle, timeline in zip(entry.handles, timelines, strict=True):
        if fault := owners.disbelieved(registry, entry, handle, owners.of_profile(timeline.profile)):
            raise BotError(fault)


def tune(context: RunContext, entry: Entry, cleaned: Corpus, folder: Path) -> Tuned:
    """Trains, evaluates and samples; a loadable model is written into `folder`.

    Raises Skipped when there is no improvement over the base, or too much of it is copied, and TrainingError
    when training cannot end well.
    """
    split = corpus.split(cleaned, entry.recipe.held_out)
    context.watcher.stage(entry.name, "load", base.parse(entry.base).name)
    loaded = context.base(entry)
    from bot.training import tracking
    from bot.training.fine_tune import fine_tune, tracked

    context.watcher.stage(entry.name, "train", f"{cleaned.kept:,} posts, {context.hardware().name}")
    tuned = fine_tune(
        loaded,
        split,
        entry.recipe,
        entry.prompts,
        folder,
        context.hardware(),
        manifest.utc(context.now()),
        lambda progress: context.watcher.progress(entry.name, progress),
        max_copying=context.registry.policy.max_copying,
    )
    if entry.tracking != "none":
        request = tracking.Request(entry.tracking, entry.name, cleaned, context.watcher.say)
        tuned = tracked(tuned, request, entry.recipe.digest())
    for warning in tuned.warnings:
        context.watcher.say(f"{entry.name}: warning: {warning}")
    return tuned


def files(
    context: RunContext,
    entry: Entry,
    cleaned: Corpus,
    tuned: Tuned,
    folder: Path,
    added: Mapping[str, Any],
    hub: str,
) -> dict[str, bytes | Path]:
    """Every file to be published by its path in the repo: the model's in `folder`, the card and its pictures.

    `added` is a human's front matter, `hub` the address of the Hub.
    """
    avatars = {
        publication.avatar_path(handle): pictures.avatar(account.profile.avatar)
        for handle, account in zip(entry.handles, cleaned.accounts, strict=True)
    }
    made = _manifest(context.registry, entry, cleaned, tuned, manifest.utc(context.now()), hub)
    weights = {
        path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()
    }
    return weights | publication.render(made, entry, context.registry, avatars, weights, added)


def _manifest(
    registry: Registry,
    entry: Entry,
    cleaned: Corpus,
    tuned: Tuned,
    now: datetime,
    hub: str,
) -> Manifest:
    settings = card_settings(registry, entry)
    return Manifest(
        name=entry.name,
        repo=f"{registry.namespace}/{entry.name}",
        source=entry.source,
        accounts=tuple(
            _account(handle, account) for handle, account in zip(entry.handles, cleaned.accounts, strict=True)
        ),
        languages=dict(cleaned.languages),
        sensitive_share=round(cleaned.sensitive_share, 4),
        characters=cleaned.characters,
        **settings.manifest_fields(tuned.base.license),
        prompts=entry.prompts,
        base=tuned.base,
        recipe=tuned.recipe.model_dump(),
        asked=dict(tuned.asked),
        training=tuned.training,
        evaluation=tuned.evaluation,
        copying=tuned.copying,
        tracking=tuned.tracking,
        curve=tuned.curve,
        samples=tuned.samples,
        generation=tuned.generation,
        warnings=(*cleaned.warnings, *tuned.warnings),
        hub=hub,
        published=Published(
            handles=entry.handles,
            recipe=entry.recipe.digest(),
            base=tuned.base.identity,
            base_revision=tuned.base.revision,
            template=card.template_digest(entry.template, template_folders(registry)),
            card=settings.digest(),
            prompts=digest.of_value(entry.prompts)[:16],
            newest_post=cleaned.newest,
            trained_at=now,
        ),
        provenance=provenance.from_environment(os.environ),
    )


def _account(handle: str, account: AccountCorpus) -> Account:
    profile = account.profile
    return Account(
        handle=handle,
        name=profile.name,
        network=profile.network,
        id=profile.id,
        parody=profile.parody,
        labels=profile.labels,
        url=profile_url(profile, handle),
        avatar=publication.avatar_path(handle),
        downloaded=account.downloaded,
        dropped=dict(account.dropped),
        not_fetched=account.not_fetched,
        kept=account.kept,
        characters=account.characters,
        first=account.first,
        last=account.last,
        checked_at=manifest.utc(account.checked_at) if account.checked_at else None,
    )


def profile_url(profile: Profile, handle: str) -> str | None:
    """The account's public page on its network, or None where the network is not known."""
    match profile.network:
        case "x":
            return f"https://x.com/{handle}"
        case "bluesky":
            return f"https://bsky.app/profile/{handle}"
        case "mastodon":
            user, _, host = handle.partition("@")
            return f"https://{host}/@{user}"
        case "other":
            return None
        case _:
            assert_never(profile.network)
