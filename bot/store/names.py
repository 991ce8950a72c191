"""File names in the store, for any handle, name or run: none leads out of its folder, none is hidden."""

from __future__ import annotations

from urllib.parse import quote

from bot.errors import UsageError


def key(handle: str) -> str:
    """A handle as the store knows it: in lower case, without the @ before it."""
    return handle.strip().removeprefix("@").lower()


def quoted(name: str) -> str:
    """A file name for any text; a leading dot is quoted, too. UsageError for nothing at all."""
    if not name:
        raise UsageError("a handle is empty; name the account")
    quoted = quote(name, safe="")
    return f"%2E{quoted[1:]}" if quoted.startswith(".") else quoted
