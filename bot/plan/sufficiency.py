"""Whether the store alone shows that there is too little to train on: for entries that have no file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.errors import BotError, Skipped
from bot.registry import Entry
from bot.sources import SOURCES, network_of

if TYPE_CHECKING:
    from bot.sources.posts import Timeline
    from bot.store import Facts

MOST_POSTS = 1_000
"""Posts of an entry up to which they are opened: an account with more has enough text, or the fetch says otherwise."""
MOST_OPENED = 200
"""Accounts that one plan opens; those of later entries are looked at when they are fetched."""


@dataclass(slots=True)
class Sufficiency:
    """Finds entries without enough stored posts.

    `facts` go by network and handle, `load` opens one account's posts by handle and source. It counts
    the accounts that it opens, so it belongs to one plan.
    """

    facts: Mapping[tuple[str, str], Facts]
    load: Callable[[str, str], Timeline | None]
    opened: int = 0

    def no_posts_reason(self, entry: Entry) -> str | None:
        """The reason why a training could only end without a model; None when it may succeed, or is not known yet.

        Only what a person imports is judged: a network may have more by now, and so may a file that is read again.
        """
        if not SOURCES[entry.source].reads_file:
            return None
        imported = [handle for handle in entry.handles if handle not in entry.files]
        held = {handle: self.facts.get((network_of(entry.source, handle), handle)) for handle in imported}
        if empty := [handle for handle, one in held.items() if one is None or not (one.total or one.damaged)]:
            return nothing_stored(entry, empty)
        known = [one for one in held.values() if one is not None]
        few = sum(one.own for one in known) <= MOST_POSTS and not any(one.damaged for one in known)
        if entry.files or not few or self.opened + len(imported) > MOST_OPENED:
            return None
        self.opened += len(imported)
        return self._too_little(entry)

    def _too_little(self, entry: Entry) -> str | None:
        from bot import corpus

        try:
            timelines = [self.load(handle, entry.source) for handle in entry.handles]
            corpus.require_enough(
                corpus.build([_in_any_language(one) for one in timelines if one is not None], entry.selection)
            )
        except Skipped as skipped:
            return f"{skipped}; import more with: {_imports(entry.handles)}"
        except BotError:
            return None  # the fetch says what is wrong with the store
        return None


def _in_any_language(timeline: Timeline) -> Timeline:
    """The timeline with a language on every post, so that none is detected: here it does not matter which."""
    posts = tuple(post if post.lang else replace(post, lang="und") for post in timeline.posts)
    return replace(timeline, posts=posts)


def nothing_stored(entry: Entry, handles: Sequence[str]) -> str:
    """The sentence for handles of which the store holds nothing."""
    return (
        f"the store holds no posts of {' and '.join(handles)}; import them with: {_imports(handles)}, "
        f"or give the entry a path ({entry.source}: FILE)"
    )


def _imports(handles: Sequence[str]) -> str:
    return " and ".join(f"bot import {handle} FILE" for handle in handles)
