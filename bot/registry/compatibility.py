"""Whether this version of the bot may read a registry: the version of its format, and what `requires:` asks for."""

from __future__ import annotations

from collections.abc import Iterator

from bot import __version__
from bot.errors import WrongValue
from bot.registry.fault import Fault
from bot.registry.yaml_tree import Mapping, Scalar
from bot.sources.handles import shown

FORMAT = 1
"""The version of the registry's format that this bot reads and writes."""

MAX_SPECIFIER = 200
"""Characters in a specifier."""

WAY_BACK = "take back the commit that changed it, or install a version that fits (docs/upgrading.md)"


def check_specifier(text: str) -> str:
    """Returns a PEP 440 specifier such as `>=0.2` as it is. Raises ValueError for what is none or fits no version."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # slow to start, and few registries ask

    try:
        asked = SpecifierSet(text)
    except InvalidSpecifier:
        asked = SpecifierSet()
    if not asked:
        raise WrongValue(
            "write a version specifier as Python packages do: '>=0.2' or '>=0.2,<0.4'",
            instead=["'>=0.2'", "'>=0.2,<0.4'"],
        )
    if asked.is_unsatisfiable():
        known = f"'>={__version__}'"
        raise WrongValue(
            f"no version can satisfy it: write one that exists, such as {known}", instead=[known]
        )
    return text


def incompatibilities(root: Mapping, version: str = __version__) -> Iterator[Fault]:
    """Yields why a bot of this version must not read the file, before anything else in it is looked at.

    What such a file says may be of a format that only a newer bot knows, so its other faults mean nothing.
    """
    written = root.get("version")
    if isinstance(written, Scalar) and _is_newer(written.text):
        yield written.fault(
            f"version: the registry has format {written.text}, and this bot ({version}) reads format {FORMAT}: "
            f"{WAY_BACK}; nothing was written"
        )
        return
    asked = root.get("requires")
    if isinstance(asked, Scalar) and not asked.is_null and not _admits(asked.text, version):
        yield asked.fault(
            f"requires: the registry asks for a bot {shown(asked.text)}, and this one is {version}: {WAY_BACK}; "
            "nothing was written"
        )


def _is_newer(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10 and int(text) > FORMAT


def _admits(text: str, version: str) -> bool:
    """Whether a specifier admits the version; a specifier that cannot be read admits all, and is a fault of its own."""
    from packaging.specifiers import SpecifierSet

    if len(text) > MAX_SPECIFIER:
        return True
    try:
        return SpecifierSet(check_specifier(text)).contains(version, prereleases=True)
    except ValueError:
        return True
