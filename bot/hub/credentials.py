"""Whose token it is and what it may do, from the Hub's `whoami`. Each refusal is a sentence with the way out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bot.errors import CredentialsError, HubError

T = TypeVar("T")

_NOT_WRITING = frozenset({"read", "no_access"})
"""Roles that are known not to write. Any other word, of this Hub or another one, is tried."""


@dataclass(frozen=True, slots=True)
class Identity:
    """`user` and the organisations it is in (name -> role); what the token may do, by namespace or repo.

    `role` is read, write, fineGrained or another word of the Hub's. `grants` (entity name in lower case -> its
    permissions) is None where the token's rights are not limited to certain entities. `groups` (organisation ->
    the user's roles in its resource groups): who may only read in the organisation may write in one of those.
    """

    user: str
    organisations: Mapping[str, str]
    role: str
    grants: Mapping[str, frozenset[str]] | None
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def sees(self, namespace: str) -> bool:
        """Whether private repos of the namespace are in this token's listing."""
        if self.grants is not None:
            return bool({"repo.content.read", "repo.write"} & self.grants.get(namespace.lower(), frozenset()))
        return self._belongs(namespace)

    def require_read(self, namespace: str, endpoint: str) -> None:
        """CredentialsError for a token from outside the namespace: its private repos would look missing."""
        if not (self.sees(namespace) or self._entities(namespace)):
            raise CredentialsError(
                f"the token is {self.user}'s, who is not in the namespace {namespace}, so private repos there would "
                f"look missing: make one with access to {namespace} at {endpoint}/settings/tokens and set HF_TOKEN "
                "to it, or unset HF_TOKEN to look at public repos only"
            )

    def require_write(self, namespace: str, endpoint: str) -> None:
        """CredentialsError unless repos of the namespace can be written with this token."""
        where = (
            f"make one with write access to {namespace} at {endpoint}/settings/tokens and set HF_TOKEN to it"
        )
        if self.grants is not None:
            if any("repo.write" in self.grants[entity] for entity in self._entities(namespace)):
                return
            raise CredentialsError(f"the token of {self.user} is fine-grained without write access: {where}")
        if self.role == "read":
            raise CredentialsError(f"the token of {self.user} may only read: {where}")
        if not self._belongs(namespace):
            raise CredentialsError(
                f"the token is {self.user}'s, who is not in the namespace {namespace}: {where}"
            )
        role = _of(self.organisations, namespace)
        in_groups = _of(self.groups, namespace) or frozenset()
        if role in _NOT_WRITING and in_groups <= _NOT_WRITING:
            raise CredentialsError(
                f"{self.user} is in {namespace} as '{role}' and cannot write there: ask an admin of "
                f"{namespace} for the role 'write'"
            )

    def _entities(self, namespace: str) -> list[str]:
        prefix = namespace.lower()
        return [name for name in self.grants or () if name == prefix or name.startswith(f"{prefix}/")]

    def _belongs(self, namespace: str) -> bool:
        return namespace.lower() in {self.user.lower(), *(name.lower() for name in self.organisations)}


def require_token(token: str | None, namespace: str, endpoint: str, *, write: bool) -> None:
    """CredentialsError for a token that cannot be one, or with `write` for none at all."""
    where = f"make one with write access to {namespace} at {endpoint}/settings/tokens and set HF_TOKEN to it"
    if token is None:
        if write:
            raise CredentialsError(f"writing to {namespace} needs a token: {where}")
    elif not token:
        raise CredentialsError(f"HF_TOKEN is set but empty: unset it to read public repos only, or {where}")
    elif not re.fullmatch(r"[\x21-\x7e]+", token):
        raise CredentialsError(f"HF_TOKEN holds white space or characters that no token has: {where}")


def identify(answer: object, endpoint: str) -> Identity:
    """Reads the answer of `whoami`; what is missing in it counts as not granted or not limited.

    Raises HubError for an answer that is no object: nothing is known of the token then.
    """
    if not isinstance(answer, dict):
        raise HubError(
            f"{endpoint} did not say whose token this is: its answer to whoami is no object; look at HF_ENDPOINT, "
            "or run again later",
            transient=True,
        )
    access = _mapping(_mapping(answer.get("auth")).get("accessToken"))
    organisations: dict[str, str] = {}
    groups: dict[str, frozenset[str]] = {}
    for item in map(_mapping, _list(answer.get("orgs"))):
        if name := str(item.get("name") or ""):
            organisations[name] = str(item.get("roleInOrg") or "write")
            groups[name] = frozenset(
                str(group["role"])
                for group in map(_mapping, _list(item.get("resourceGroups")))
                if group.get("role")
            )
    grants: dict[str, frozenset[str]] | None = None
    fine = access.get("fineGrained")
    if isinstance(fine, dict):
        everywhere = frozenset(map(str, _list(fine.get("global"))))
        grants = {}
        for item in map(_mapping, _list(fine.get("scoped"))):
            name = str(_mapping(item.get("entity")).get("name") or "").lower()
            permissions = frozenset(map(str, _list(item.get("permissions"))))
            grants[name] = grants.get(name, frozenset()) | permissions | everywhere
    user, role = str(answer.get("name") or "?"), str(access.get("role") or "")
    return Identity(user, organisations, role, grants, groups)


def _of(values: Mapping[str, T], namespace: str) -> T | None:
    return {name.lower(): value for name, value in values.items()}.get(namespace.lower())


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
