"""One entry from a corpus to files: train, evaluate, sample, render. Fetching and publishing are the caller's."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot import corpus, manifest
from bot.apply import kept_training
from bot.apply.context import RunContext
from bot.corpus import AccountCorpus, Corpus, vocabulary
from bot.errors import BotError
from bot.hub import base_model as base
from bot.hub.published import Published
from bot.io import digest
from bot.manifest import Account, Manifest, measurement, provenance
from bot.manifest.used_recipe import UsedRecipe
from bot.plan.desired import template_folders
from bot.registry import Entry, Registry, asked, owners
from bot.registry.card_settings import card_settings
from bot.render import card, pictures, publication
from bot.sources.handles import profile_url
from bot.sources.posts import Owner, Timeline

if TYPE_CHECKING:
    from bot.training.fine_tune import Tuned
    from bot.training.loading import LoadedBase


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
    from bot.training import allocator, checkpoint, tracking
    from bot.training.fine_tune import fine_tune, tracked

    detail = f"{cleaned.kept:,} posts, {context.hardware().name}{context.expected_time(entry.name)}"
    context.watcher.stage(entry.name, "train", detail)
    people = [Owner(handle) for handle in entry.handles]
    people += [owners.of_profile(account.profile) for account in cleaned.accounts]
    with (
        kept_training.place(context.registry.path.parent, entry.name, people) as kept,
        allocator.failures_named(context.hardware().name),
    ):
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
            sampling=entry.sampling,
            announce=lambda stage, detail: context.watcher.stage(entry.name, stage, detail),
            keep=checkpoint.Place(kept, lambda text: context.watcher.say(f"{entry.name}: {text}"))
            if kept is not None
            else None,
        )
    if entry.tracking != "none":
        request = tracking.Request(entry.tracking, entry.name, cleaned, context.watcher.say)
        tuned = tracked(tuned, request, asked.recipe_digest(asked.values_of(entry)))
    if unknown := unknown_language(loaded, cleaned):
        tuned = replace(tuned, warnings=(*tuned.warnings, unknown))
    for warning in tuned.warnings:
        context.watcher.say(f"{entry.name}: warning: {warning}")
    return tuned


def unknown_language(loaded: LoadedBase, cleaned: Corpus) -> str | None:
    """The sentence for the card on a base that hardly knows the language of the posts."""
    from bot.training.data import tokenise

    texts = [text.text for account in cleaned.accounts for text in account.texts]
    share = vocabulary.share_of_english(
        texts, lambda some: sum(map(len, tokenise(loaded.tokenizer, list(some))))
    )
    return vocabulary.unknown_language(share, list(cleaned.languages), loaded.spec.name)


def files(
    context: RunContext,
    entry: Entry,
    cleaned: Corpus,
    tuned: Tuned,
    folder: Path,
    added: Mapping[str, Any],
) -> dict[str, bytes | Path]:
    """All files of a publication by their path in the repo: the model's in `folder`, the card and its pictures.

    `added` is the front matter that people added to the published card.
    """
    avatars = {
        publication.avatar_path(handle): pictures.avatar(account.profile.avatar)
        for handle, account in zip(entry.handles, cleaned.accounts, strict=True)
    }
    made = _manifest(context, entry, cleaned, tuned)
    weights = {
        path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()
    }
    return weights | publication.render(made, entry, context.registry, avatars, weights, added)


def _manifest(context: RunContext, entry: Entry, cleaned: Corpus, tuned: Tuned) -> Manifest:
    registry = context.registry
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
        recipe=UsedRecipe.model_validate(tuned.recipe.model_dump()),
        selection=entry.selection.model_dump(mode="json"),
        asked=dict(tuned.asked),
        training=tuned.training,
        evaluation=tuned.evaluation,
        copying=tuned.copying,
        tracking=tuned.tracking,
        curve=tuned.curve,
        samples=tuned.samples,
        generation=tuned.generation,
        prefixes=dict(tuned.prefixes),
        warnings=(*cleaned.warnings, *tuned.warnings),
        hub=context.hub.address,
        published=Published(
            handles=entry.handles,
            **asked.published_fields(entry),
            base=tuned.base.identity,
            base_revision=tuned.base.revision,
            template=card.template_digest(entry.template, template_folders(registry)),
            **settings.published_fields(),
            prompts=digest.short(entry.prompts),
            sampling=entry.sampling.digest(),
            newest_post=cleaned.newest,
            trained_at=manifest.utc(context.now()),
            measured=measurement.measured(tuned.training, tuned.base.parameters),
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
        url=profile_url(handle, profile.network),
        avatar=publication.avatar_path(handle),
        downloaded=account.downloaded,
        dropped=dict(account.dropped),
        not_fetched=account.not_fetched,
        kept=account.kept,
        characters=account.characters,
        first=account.first,
        last=account.last,
        checked_at=manifest.utc(account.checked_at) if account.checked_at else None,
        changed=dict(account.changed),
    )
