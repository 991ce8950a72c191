"""Tombstones: people who are never imitated.

They are handles and account ids as they are, or as salted hashes, so that a public registry need not name people.

A hash hides a handle from readers of the file, not from somebody who tries handles: those can be guessed. An id
stays when its account is renamed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.sources.posts import Owner

_HASH = re.compile(r"sha256:([0-9a-f]{8,64}):([0-9a-f]{64})")


def is_hash(text: str) -> bool:
    """Whether a tombstone's handle or account id is a hash, `sha256:SALT:DIGEST` in hex."""
    return _HASH.fullmatch(text) is not None


def hashed(handle: str, salt: str) -> str:
    """The handle, normalised, or the account id as a tombstone that does not name it."""
    return f"sha256:{salt}:{hashlib.sha256(f'{salt}:{handle}'.encode()).hexdigest()}"


def salt_for(known: Iterable[str]) -> str:
    """The salt of the hashes that stand in a registry already, so that checking them stays quick, or a new one."""
    import secrets  # slow to start, and only a removal needs it

    return next((found[1] for each in known if (found := _HASH.fullmatch(each))), None) or secrets.token_hex(
        16
    )


@dataclass(frozen=True, slots=True)
class Tombstones:
    """All removed people. `handle in tombstones` asks for plain handles and hashes alike, `line_of` for accounts."""

    lines: Mapping[str, int] = field(default_factory=dict)
    """The line (from 1) of each handle or hash in the registry."""
    accounts: Mapping[str, int] = field(default_factory=dict)
    """The line (from 1) of each account id or hash of one, as `bot.sources.posts.owner` gives ids."""
    _salts: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        found = (_HASH.fullmatch(each) for each in (*self.lines, *self.accounts))
        object.__setattr__(self, "_salts", tuple(dict.fromkeys(each[1] for each in found if each)))

    def line(self, handle: str) -> int | None:
        """Where a normalised handle is named; None for one that is not removed."""
        return self._find(handle, self.lines)

    def line_of(self, owner: Owner) -> int | None:
        """Where the owner of an account is named, by the handle or by the account's id; None for who is not removed."""
        line = self.line(owner.handle) if owner.handle else None
        if line is None and owner.account:
            line = self._find(owner.account, self.accounts)
        return line

    def _find(self, text: str, among: Mapping[str, int]) -> int | None:
        spellings = (text, *(hashed(text, salt) for salt in self._salts))
        return next((among[each] for each in spellings if each in among), None)

    def __contains__(self, handle: object) -> bool:
        return isinstance(handle, str) and self.line(handle) is not None

    def among(self, handles: Iterable[str]) -> list[str]:
        """Those of the handles that are removed, sorted."""
        return sorted(handle for handle in set(handles) if handle in self)
