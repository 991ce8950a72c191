"""What is known of deletions in a stored account, and what a look-up of its posts by their ids changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from bot.store.account import AccountFolder
from bot.store.facts import Check
from bot.store.format import kept
from bot.store.losses import is_sudden


def record(
    account: AccountFolder, asked: int, gone: Collection[str], newer: Mapping[str, str], check: Check | None
) -> tuple[str, ...]:
    """Removes the posts that are `gone` of those `asked`, and returns what to tell of it.

    Nothing goes when they are more than half: they are counted as held back. `newer` maps an older version of an
    edited post to the newest. `check` is what is known of deletions from now on; None leaves it as it is.
    """
    found, known = account.read(), account.known()
    if found.segment is None or known is None:
        return ()
    before = found.segment.posts
    absent = before.keys() & set(gone)
    check = check or known.check
    warnings: tuple[str, ...] = ()
    if is_sudden(len(absent), asked):
        check = replace(check, held_back=len(absent)) if check else None
        warnings, absent = held_back(account.handle, len(absent)), set()
    elif absent:
        what = "post that is" if len(absent) == 1 else "posts that are"
        was = "was" if len(absent) == 1 else "were"
        warnings = (f"{len(absent):,} {what} gone from the network {was} removed",)
    posts = {
        key: kept(replace(post, superseded_by=newer.get(key, post.superseded_by)))
        for key, post in before.items()
        if key not in absent
    }
    segment = replace(found.segment, posts=posts)
    if posts == before and len(found.files) == 1:
        account.confirm(segment, found.files[0], known.read_at, clock=True, check=check)
    else:
        account.write(segment, found.files, known.read_at, check=check)
    return warnings


def after_reading(
    known: Check | None,
    now: datetime,
    *,
    network: bool,
    evidence: bool,
    first: bool,
    added: bool,
    held_back: int,
) -> Check | None:
    """What is known of deletions after a reading: of a `network` or of a file, whole (`evidence`) or not.

    `first`: nothing was stored before, so that all there is was just seen. `added`: a file brought posts for which
    nobody has looked at the network.
    """
    if network and (evidence or first):
        return Check(now, held_back)
    return None if added and not network else known


def held_back(handle: str, count: int) -> tuple[str, ...]:
    """What to tell of posts that are gone at their source and were too many to go at once."""
    return (
        f"{count:,} posts that are gone from the network were kept: more than half, which is too many to go at "
        f"once; if their author deleted them: bot purge {handle}, and the next run reads what is left",
    )
