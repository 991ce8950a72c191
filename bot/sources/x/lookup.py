"""Parses a look-up of posts by id: which are deleted or withheld, and which have a newer version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.sources import LookedUp
from bot.sources.archives import tweets
from bot.sources.x import answers
from bot.sources.x.posts import versions
from bot.sources.x.timeline import records


def looked_up(payload: Mapping[str, Any], asked: Sequence[str]) -> LookedUp:
    """The result of a look-up. A post that X withholds in some country counts as gone."""
    shown = {
        found: one
        for one in records(payload)
        if (found := tweets.identifier(one, "id")) is not None and found in asked
    }
    missing = answers.missing(payload).intersection(asked) - shown.keys()
    withheld = {key for key, one in shown.items() if one.get("withheld")}
    newest = {key: max((*versions(one), key), key=int) for key, one in shown.items()}
    return LookedUp(
        tuple(asked),
        gone=missing | withheld,
        newer={key: last for key, last in newest.items() if last != key and key not in withheld},
        unanswered=len(set(asked) - shown.keys() - missing),
    )
