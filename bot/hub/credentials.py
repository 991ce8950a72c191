"""The identity and rights of a token, from the Hub's `whoami`. Each refusal says how to fix it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bot.errors import CredentialsError, HubError

T = TypeVar("T")

_NOT_WRITING = frozenset({"read", "no_access"})
"""Roles without write access. Any other role, of this Hub or another one, is tried."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A user, the organisations it is in (name -> role), and the rights of the token.

    `role` is read, write, fineGrained or another role of the Hub. `grants` (entity name in lower case -> its
    permissions) is None where the token's rights are not limited to certain entities. `groups` (organisation ->
    the user's roles in its resource groups): a reader of the organisation may be a writer in one of them.
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
    """CredentialsError for a malformed token, and with `write` for a missing one."""
    where = f"make one with write access to {namespace} at {endpoint}/settings/tokens and set HF_TOKEN to it"
    if token is None:
        if write:
            raise CredentialsError(f"writing to {namespace} needs a token: {where}")
    elif not token:
        raise CredentialsError(f"HF_TOKEN is set but empty: unset it to read public repos only, or {where}")
    elif not re.fullmatch(r"[\x21-\x7e]+", token):
        raise CredentialsError(f"HF_TOKEN holds white space or characters that no token has: {where}")


def identify(answer: object, endpoint: str) -> Identity:
    """The identity in an answer of `whoami`; a missing key counts as not granted or not limited.

    Raises HubError for an answer that is not an object.
    """
    if not isinstance(answer, dict):
        raise HubError(
            f"{endpoint} did not say whose token this is: its answer to whoami is no object; look at HF_ENDPOINT, "
            "or run again later",
            transient=True,
        )
    organisations, groups = _organisations(answer.get("orgs"))
    access = _mapping(_mapping(answer.get("auth")).get("accessToken"))
    user, role = str(answer.get("name") or "?"), str(access.get("role") or "")
    return Identity(user, organisations, role, _grants(access.get("fineGrained")), groups)


def _organisations(value: object) -> tuple[dict[str, str], dict[str, frozenset[str]]]:
    """The user's role in each organisation, and the roles in its resource groups."""
    named = {str(item["name"]): item for item in map(_mapping, _list(value)) if item.get("name")}
    groups = {
        name: frozenset(
            str(group["role"])
            for group in map(_mapping, _list(item.get("resourceGroups")))
            if group.get("role")
        )
        for name, item in named.items()
    }
    return {name: str(item.get("roleInOrg") or "write") for name, item in named.items()}, groups


def _grants(value: object) -> dict[str, frozenset[str]] | None:
    """The permissions of a fine-grained token by entity; None for any other token."""
    if not isinstance(value, dict):
        return None
    everywhere = frozenset(map(str, _list(value.get("global"))))
    grants: dict[str, frozenset[str]] = {}
    for item in map(_mapping, _list(value.get("scoped"))):
        name = str(_mapping(item.get("entity")).get("name") or "").lower()
        permissions = frozenset(map(str, _list(item.get("permissions"))))
        grants[name] = grants.get(name, frozenset()) | permissions | everywhere
    return grants


def _of(values: Mapping[str, T], namespace: str) -> T | None:
    return {name.lower(): value for name, value in values.items()}.get(namespace.lower())


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
