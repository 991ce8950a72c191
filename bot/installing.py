"""How a part of the bot that is missing gets installed: the one place that says so."""

from __future__ import annotations


def install_command(extra: str) -> str:
    """The command that adds an extra of pyproject.toml, for the middle of a sentence.

    The bot is on no package index, so it is installed from a clone of its repository.
    """
    return f"in a clone of the bot's repository run: pip install '.[{extra}]'"
