"""The notes of a plan: what its reader must know that no single step says. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from bot.hub.published import Published
from bot.plan.inputs import Desired, PlanInput
from bot.plan.steps import WORK, Note, NoteKind, Step
from bot.registry import asked

NAMED = 5
"""Models that one note names."""


def notes(given: PlanInput, steps: Iterable[Step]) -> Iterator[Note]:
    """The notes on a plan of these `steps`, without those of a guard."""
    yield from (Note("listing", text) for text in given.listing.notes)
    if not given.listing.sees_private:
        text = "without a token of the namespace private repos are invisible to this plan"
        yield Note("listing", text)
    pairs = list(_published_entries(given))
    yield from _changed_prompts(pairs)
    yield from _changed_sampling(pairs)
    yield from _moved_bases(pairs)
    yield from _older_defaults(pairs)
    steps = list(steps)
    yield from _unproven(given, steps)
    yield from _about_posts(given, steps)


def _published_entries(given: PlanInput) -> Iterator[tuple[Desired, Published]]:
    for entry in given.desired:
        repo = given.listing.repos.get(entry.name)
        if repo is not None and repo.published is not None:
            yield entry, repo.published


def _changed_prompts(pairs: Iterable[tuple[Desired, Published]]) -> Iterator[Note]:
    count = sum(published.prompts not in (None, entry.prompts) for entry, published in pairs)
    if count:
        text = (
            f"the prompts of {count:,} published {'model' if count == 1 else 'models'} changed: new samples "
            "come with the next training, or now and without one by --only NAME --force samples"
        )
        yield Note("prompts", text)


def _changed_sampling(pairs: Iterable[tuple[Desired, Published]]) -> Iterator[Note]:
    count = sum(published.sampling not in (None, entry.sampling) for entry, published in pairs)
    if count:
        text = (
            f"the sampling settings of {count:,} published {'model' if count == 1 else 'models'} changed: they take "
            "effect with the next training, or now and without one by --only NAME --force samples"
        )
        yield Note("sampling", text)


def _moved_bases(pairs: Iterable[tuple[Desired, Published]]) -> Iterator[Note]:
    moved = Counter(
        entry.base
        for entry, published in pairs
        if entry.base_revision is not None
        and published.base == entry.base
        and published.base_revision not in (None, entry.base_revision)
    )
    for base, count in sorted(moved.items()):
        text = (
            f"base {base} moved on the Hub since {count:,} of its models were trained, which is no reason to train "
            f"again; to do so, pin it: base: {base}@REVISION"
        )
        yield Note("base", text)


def _older_defaults(pairs: Iterable[tuple[Desired, Published]]) -> Iterator[Note]:
    count = sum(asked.has_older_defaults(entry.asked, published) for entry, published in pairs)
    if count:
        text = (
            f"{count:,} published {'model was' if count == 1 else 'models were'} trained with the defaults of an "
            "earlier version, which is no reason to train again; today's apply at the next training"
        )
        yield Note("defaults", text)


def _unproven(given: PlanInput, steps: Iterable[Step]) -> Iterator[Note]:
    """The note on entries that will be published though their files name no owner."""
    unproven = {each.name for each in given.desired if each.unproven or given.state(each.name).unproven}
    names = sorted(step.name for step in steps if step.action in WORK and step.name in unproven)
    if not names:
        return
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    text = (
        f"nothing but your word shows whose posts these are, since their files name no owner: "
        f"{', '.join(names[:NAMED])}{more}; consent: self is not proved there, nor that nobody was removed"
    )
    yield Note("unproven", text)


def _about_posts(given: PlanInput, steps: Iterable[Step]) -> Iterator[Note]:
    """Notes on the stored posts of models to be trained: unequal voices, and languages that a base hardly knows."""
    training = [(step.name, given.state(step.name)) for step in steps if step.action == "train"]
    voices = [(name, words) for name, state in training if (words := state.unequal)]
    languages = [(name, words) for name, state in training if (words := state.unknown_language)]
    kinds: tuple[tuple[NoteKind, list[tuple[str, str]]], ...] = (("voices", voices), ("language", languages))
    for kind, found in kinds:
        for name, words in found[:NAMED]:
            yield Note(kind, f"{name}: {words}")
        if len(found) > NAMED:
            yield Note(
                kind, f"the same is true of {len(found) - NAMED:,} more models; bot corpus NAME shows each"
            )
