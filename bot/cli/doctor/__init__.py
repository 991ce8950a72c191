"""The doctor: looks at everything a run needs, before a run needs it, and says how to get what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from bot.cli.doctor import fleet, machine, repository
from bot.cli.doctor.finding import Finding, State
from bot.cli.doctor.repository import examine_settings
from bot.errors import BotError, CredentialsError, RegistryError

if TYPE_CHECKING:
    from bot.hub import Hub
    from bot.registry import Registry

__all__ = ["Finding", "State", "examine", "examine_settings", "exit_code"]


def examine(
    registry: Registry | BotError,
    hub: Callable[[Registry], Hub],
    store_url: str | None,
    environment: Mapping[str, str],
    *,
    fix: bool = False,
) -> Iterator[Finding]:
    """Runs one check after the other. None costs money or leaves anything behind.

    Only with `fix` is anything made: the store's bucket, private, where there is none.
    """
    yield from machine.examine(environment)
    if isinstance(registry, BotError):
        lines = str(registry).splitlines()
        more = f"; and {len(lines) - 1:,} more, see bot validate" if lines[1:] else ""
        yield Finding("registry", "missing", f"{lines[0]}{more}", registry.exit_code)
    else:
        yield from fleet.examine(registry, hub, store_url, environment, fix=fix)
    yield from repository.examine(environment)


def exit_code(findings: Sequence[Finding]) -> int:
    """0 when nothing is missing; otherwise what the gravest finding asks for: credentials, registry, the rest."""
    codes = {finding.code for finding in findings if finding.state == "missing"}
    return next(
        (code for code in (CredentialsError.exit_code, RegistryError.exit_code) if code in codes),
        min(codes, default=0),
    )
