"""The Hub's rules for names of repos and namespaces, model ids and tags."""

from __future__ import annotations

import re

MAX_LENGTH = 96
"""Characters in the name of a repo."""

_WORD = re.compile(r"[A-Za-z0-9._-]+")
_REPO_ID = re.compile(r"[\w.-]+(/[\w.-]+)?(@[\w][\w./-]*)?", re.ASCII)
_TAG = re.compile(r"[A-Za-z0-9][\w.:+-]{0,63}", re.ASCII)


def refusal(name: str) -> str | None:
    """The reason why the Hub refuses this name of a repo or namespace, as half a sentence; None if it accepts it."""
    if not _WORD.fullmatch(name):
        return "only letters, digits, '.', '_' and '-' are allowed"
    if len(name) > MAX_LENGTH:
        return f"it has {len(name)} characters and {MAX_LENGTH} are allowed"
    if name[0] in "-." or name[-1] in "-.":
        return "it may not begin or end with '-' or '.'"
    if "--" in name or ".." in name:
        return "'--' and '..' are not allowed"
    if name.endswith(".git"):
        return "it may not end with '.git'"
    return None


def is_model_id(text: str) -> bool:
    """Whether this reads as a model's Hub id, `namespace/name` or `name`, with an optional `@revision`."""
    repo, _, revision = text.partition("@")
    return (
        _REPO_ID.fullmatch(text) is not None
        and ".." not in revision
        and not any(refusal(part) for part in repo.split("/"))
    )


def is_tag(text: str) -> bool:
    """Whether this reads as a tag of a model card: one word of at most 64 characters."""
    return _TAG.fullmatch(text) is not None
