"""Deletions found by looking stored posts up by their ids, and the state of that look (`Check`) after a reading."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from bot.sources.posts import Post
from bot.store.account import AccountFolder
from bot.store.facts import Check
from bot.store.format import kept
from bot.store.losses import is_sudden


def record(
    account: AccountFolder, asked: int, gone: Collection[str], newer: Mapping[str, str], check: Check | None
) -> tuple[str, ...]:
    """Removes the posts that are `gone` of those `asked`, and returns warnings.

    None is removed when they are more than half: they are counted as held back. `newer` maps an older version of
    an edited post to the newest. `check` is the state of the look for deletions; None leaves it as it is.
    """
    stored, facts = account.read(), account.stored_facts()
    if stored.segment is None or facts is None:
        return ()
    absent = stored.posts.keys() & set(gone)
    check = check or facts.check
    warnings: tuple[str, ...] = ()
    if is_sudden(len(absent), asked):
        check = replace(check, held_back=len(absent)) if check else None
        warnings, absent = held_back(account.handle, len(absent)), set()
    elif absent:
        noun, verb = ("post that is", "was") if len(absent) == 1 else ("posts that are", "were")
        warnings = (f"{len(absent):,} {noun} gone from the network {verb} removed",)
    posts = _without(stored.posts, absent, newer)
    segment = replace(stored.segment, posts=posts)
    if posts == stored.posts and len(stored.files) == 1:
        account.confirm(segment, stored.files[0], facts.read_at, clock=True, check=check)
    else:
        account.write(segment, stored.files, facts.read_at, check=check)
    return warnings


def _without(posts: Mapping[str, Post], absent: Collection[str], newer: Mapping[str, str]) -> dict[str, Post]:
    """The posts that are not absent; older versions of edited ones as the store keeps them."""
    return {
        key: kept(replace(post, superseded_by=newer.get(key, post.superseded_by)))
        for key, post in posts.items()
        if key not in absent
    }


def after_reading(
    before: Check | None,
    now: datetime,
    *,
    network: bool,
    evidence: bool,
    first: bool,
    added: bool,
    held_back: int,
) -> Check | None:
    """The state of the look for deletions after a reading of a `network` or a file; `evidence` of all posts or not.

    `first`: nothing was stored before, so every post was just seen. `added`: the reading added posts, and those of
    a file were not looked up on the network.
    """
    if network and (evidence or first):
        return Check(now, held_back)
    return None if added and not network else before


def held_back(handle: str, count: int) -> tuple[str, ...]:
    """The warning on posts that are gone at their source and too many to be removed at once."""
    return (
        f"{count:,} posts that are gone from the network were kept: more than half, which is too many to go at "
        f"once; if their author deleted them: bot purge {handle}, and the next run reads what is left",
    )
