"""Which files of a repository are run or read by jobs that hold the fleet's tokens: a change of them is said loudly.

Installing and every command start in the repository's folder, so a module, a package or a setting anywhere near the
top can take part. Hence what is known to be harmless is left out, and whatever may be code counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

FOLDERS = (".github", ".ci", "bot", "templates", "tools")
"""Whatever lies in these counts: workflows, the installation, the bot, what its cards are rendered with."""
APART = ("docs", "tests", "benchmarks")
"""No job that holds a token opens what lies in these."""
_PLAIN = (".gitignore", "AUTHORS", "COPYING", "LICENSE", "NOTICE")
_CODE = re.compile(
    r".*\.(cfg|cjs|dylib|in|ini|j2|js|lock|mjs|mk|pth|py|pyc|pyd|sh|so|toml|ts|txt|whl)", re.DOTALL
)
_SETTINGS = ("action", "constraint", "requirement", "lock", "setup", "tox", "zizmor")
_SHOWN = 5


def touched(paths: Iterable[str]) -> list[str]:
    """Those of the changed paths that run or are read with the fleet's tokens, sorted, each once."""
    return sorted({path for path in paths if _counts(PurePosixPath(path))})


def caution(paths: Iterable[str]) -> str | None:
    """The sentence on a change of such files; None where there is none."""
    code = touched(paths)
    if not code:
        return None
    some = ", ".join(code[:_SHOWN]) + (f" and {len(code) - _SHOWN:,} more" if len(code) > _SHOWN else "")
    return f"It changes what runs with the fleet's tokens after the merge: {some}."


def _counts(path: PurePosixPath) -> bool:
    top = path.parts[0] if path.parts else ""
    if top in FOLDERS:
        return True
    alone = len(path.parts) == 1
    if path.name in _PLAIN if alone else top in APART:
        return False
    # At the top a name without an ending may be a program, a link or another repository; a dot begins a setting.
    unclear = alone and (not path.suffix or top.startswith("."))
    return unclear or top.lower().startswith(_SETTINGS) or _CODE.fullmatch(path.name.lower()) is not None
