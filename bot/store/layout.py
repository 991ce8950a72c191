"""The paths of the store's own files, as against files of others beside them."""

from __future__ import annotations

import re
from typing import get_args

from bot.sources.posts import Network

MOVE = "move.json"
"""The record of `bot store move`, in the new store."""

_NETWORKS = "|".join(get_args(Network))
_NAME = r"[^/.][^/]*"  # never hidden, as `bot.store.names.quoted` writes it
_OURS = re.compile(
    rf"(?:{_NETWORKS})/{_NAME}/(?:facts\.json|unlisted\.json|(?:damaged-)?posts-[0-9a-f]{{16}}\.jsonl\.gz)"
    rf"|notes/{_NAME}\.json"
    rf"|ledger/(?:{_NETWORKS})/\d{{4}}-\d\d/{_NAME}\.json"
    rf"|purged/{_NAME}\.json"
    r"|doctor-[0-9a-f]{32}"
    rf"|{re.escape(MOVE)}"
)
_POSTS = re.compile(r"(?:.*/)?(?:damaged-)?posts-[0-9a-f]{16}\.jsonl\.gz")
_ACCOUNT = re.compile(rf"((?:{_NETWORKS})/{_NAME})/[^/]+")


def is_ours(path: str) -> bool:
    """Whether the store itself writes files at this path, which is relative to it."""
    return _OURS.fullmatch(path) is not None


def account_of(path: str) -> str | None:
    """The account's folder, NETWORK/HANDLE, that a file of the store lies in; None for any other file."""
    found = _ACCOUNT.fullmatch(path)
    return found[1] if found else None


def is_posts(path: str) -> bool:
    """Whether a file of that name holds posts, wherever it lies."""
    return _POSTS.fullmatch(path) is not None
