"""The flags by which a person says how a file is to be read, for `bot import` and `bot inspect`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.sources.archives.detector import Detected
    from bot.sources.archives.kind import Choices

_OPTIONS = (
    click.option(
        "--communities", is_flag=True, help="Of an archive of X, read posts in communities as well."
    ),
    click.option(
        "--text-column", metavar="NAME", help="Of a table, the column with the text; default: text."
    ),
    click.option(
        "--date-column",
        metavar="NAME",
        help="Of a table, the column with the date; default: created_at, if any.",
    ),
    click.option(
        "--id-column", metavar="NAME", help="Of a table, the column with an id; default: id, if any."
    ),
    click.option(
        "--date-format",
        metavar="FORM",
        help="How dates of a table are written, such as %d/%m/%Y; default: ISO 8601.",
    ),
    click.option(
        "--post-per", type=click.Choice(["line", "paragraph"]), help="What is a post in a plain text."
    ),
    click.option(
        "--public", is_flag=True, help="Of an export of Meta's, read posts that it does not mark as public."
    ),
)


def file_choices(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives the command these flags, and passes them to it as `choices`."""

    @wraps(command)
    def with_choices(**given: Any) -> Any:
        from bot.sources.archives.kind import NAMES, Choices

        return command(choices=Choices(**{name: given.pop(name) for name in NAMES}), **given)

    for option in reversed(_OPTIONS):
        with_choices = option(with_choices)
    return with_choices


def check_choices(found: Detected, choices: Choices) -> None:
    """Raises UsageError for a flag that makes no difference for such files."""
    for name in choices.flags:
        if name not in found.kind.CHOICES:
            raise UsageError(
                f"{found.where}: this is {found.kind.TITLE}, for which {flag(name)} says nothing; leave it out"
            )


def flag(name: str) -> str:
    """The flag of a choice."""
    return "--" + name.replace("_", "-")


def arguments(choices: Choices) -> list[str]:
    """The choices as arguments of a command."""
    return [word for name, value in choices.flags.items() for word in (flag(name), value) if word]
