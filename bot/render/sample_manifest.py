"""Facts for the card of a model that does not exist yet: invented values that show the layout and say so.

They come from the entry alone. No archive, store, base or network is read: the entry may be a stranger's.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from bot.hub.published import Published
from bot.manifest import (
    Account,
    Base,
    Copying,
    Evaluation,
    Manifest,
    Point,
    Sample,
    Score,
    Training,
    provenance,
)
from bot.manifest.used_recipe import UsedRecipe
from bot.plan.desired import template_folders
from bot.registry import Entry, Registry, asked
from bot.registry.card_settings import card_settings
from bot.render import card, publication
from bot.sources import network_of

NOTE = "Sample facts: not measured. This model does not exist yet; every number, date and text is made up."
"""What stands above such a card, and in it."""
_TEXT = " (sample text: here stands what the model writes)"
_WHEN = datetime(2000, 1, 1, tzinfo=UTC)
_DROPPED = {"retweets": 200, "short": 100}
_KEPT = 700
_CURVE = ((0, None, 4.0), (50, 3.8, 3.6), (100, 3.4, 3.4), (150, 3.2, 3.35), (200, 3.1, 3.36))


def sample(entry: Entry, registry: Registry) -> Manifest:
    """A manifest of sample facts for the entry: round numbers, and texts that call themselves samples."""
    settings = card_settings(registry, entry)
    people = len(entry.handles)
    folder = Path(entry.base).is_absolute()
    base, _, revision = (Path(entry.base).name, "", "") if folder else entry.base.partition("@")
    return Manifest(
        name=entry.name,
        repo=f"{registry.namespace or 'namespace'}/{entry.name}",
        source=entry.source,
        accounts=tuple(_account(handle, entry) for handle in entry.handles),
        languages={},
        characters=50_000 * people,
        **settings.manifest_fields(),
        prompts=entry.prompts,
        base=Base(
            name=base,
            identity=base,
            id=None if folder else base,
            revision=revision or None,
        ),
        recipe=UsedRecipe.model_validate(entry.recipe.model_dump()),
        selection=entry.selection.model_dump(mode="json"),
        training=Training(
            posts=600 * people,
            tokens=50_000 * people,
            steps=200,
            epochs=entry.recipe.epochs,
            seconds=60.0,
            hardware="sample hardware",
            dtype="fp32",
            versions={},
        ),
        evaluation=Evaluation(
            posts=50 * people,
            tokens=1_000 * people,
            bytes=4_000 * people,
            base=Score(loss=4.0, perplexity=54.6, bits_per_byte=1.5),
            tuned=Score(loss=3.4, perplexity=30.0, bits_per_byte=1.275),
        ),
        copying=Copying(
            samples=200,
            seed=entry.recipe.seed,
            words=6,
            runs=0.1,
            whole=0.0,
            text=0.02,
            posts=50 * people,
            natural_runs=0.1,
            natural_whole=0.0,
            natural_text=0.02,
        ),
        curve=tuple(
            Point(step=step, epoch=step / 50, train=train, held_out=held_out)
            for step, train, held_out in _CURVE
        ),
        samples=tuple(
            Sample(prompt=prompt, text=_TEXT, seed=entry.recipe.seed + number)
            for number, prompt in enumerate(entry.prompts)
            for _ in range(3)
        ),
        generation={},
        warnings=(NOTE,),
        published=Published(
            handles=entry.handles,
            **asked.published_fields(entry),
            base=base,
            template=card.template_digest(entry.template, template_folders(registry)),
            **settings.published_fields(),
            trained_at=_WHEN,
        ),
        provenance=provenance.from_environment(os.environ),
    )


def _account(handle: str, entry: Entry) -> Account:
    return Account(
        handle=handle,
        name=handle,
        network=network_of(entry.source, handle),
        avatar=publication.avatar_path(handle),
        downloaded=sum(_DROPPED.values()) + _KEPT,
        dropped=dict(_DROPPED),
        kept=_KEPT,
        characters=50_000,
        first=_WHEN,
        last=_WHEN,
    )
