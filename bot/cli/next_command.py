"""Commands that output proposes: as they are to be typed here, so that they can be copied."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from bot.plan.outcome import Outcome


def command_line(*words: str) -> str:
    """`bot` with these words, quoted where a shell needs it, by its path where it is not found by its name."""
    own = Path(sys.executable).parent / "bot"
    found = shutil.which("bot")
    by_name = found is not None and (not own.exists() or Path(found).resolve() == own.resolve())
    return as_typed(["bot" if by_name else str(near(own)), *words])


def as_typed(words: Iterable[str]) -> str:
    """The words as a line for bash: quoted where it needs that, with the bytes of what is not UTF-8."""
    return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    if not any("\ud800" <= character <= "\udfff" for character in word):
        return shlex.quote(word)
    plain = (
        chr(byte) if chr(byte).isprintable() and byte < 127 else f"\\x{byte:02x}"
        for byte in os.fsencode(word)
    )
    return "$'" + "".join(f"\\{each}" if each in "'\\" else each for each in plain) + "'"


def near(path: Path) -> Path:
    """The path as it is typed from here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def say_command(outcomes: Sequence[Outcome], registry: Path, hub: str | None) -> str | None:
    """The command that lets the first newly trained model speak; None where none was trained.

    The registry and the hub's target are named where the flags were needed.
    """
    made = next((one.name for one in outcomes if one.action == "train" and one.result == "done"), None)
    if made is None:
        return None
    flags = [] if registry == Path("registry.yaml") else ["--registry", os.fspath(registry)]
    return command_line("say", made, *flags, *(["--hub", hub] if hub else []))
