"""Opening what a source reads, a local path or any fsspec URL, with every failure as one sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from bot.errors import SourceError

_USERINFO = re.compile(r"(?<=://)[^/@\s]*@")


def is_url(file: str) -> bool:
    """Whether `file` is a URL rather than a path on this machine."""
    return "://" in file


def shown(file: str) -> str:
    """The path or URL as a message may show it: without a user name or password."""
    return _USERINFO.sub("", file)


@contextmanager
def opened(file: str) -> Iterator[BinaryIO]:
    """Opens for reading; a failure while opening or reading is a SourceError that names the file."""
    try:
        with _from_url(file) if is_url(file) else Path(file).expanduser().open("rb") as stream:
            yield stream
    except FileNotFoundError:
        raise SourceError(f"{shown(file)}: there is no such file; check the path") from None
    except IsADirectoryError:
        raise SourceError(f"{shown(file)}: this is a folder, and a file is needed") from None
    except PermissionError:
        raise SourceError(f"{shown(file)}: reading it is not permitted; check its mode and owner") from None
    except OSError as error:
        raise SourceError(
            f"{shown(file)}: reading it failed: {error.strerror or type(error).__name__}"
        ) from None


def _from_url(file: str) -> AbstractContextManager[BinaryIO]:
    import fsspec  # only a URL needs it, and it is slow to import

    try:
        return cast("AbstractContextManager[BinaryIO]", fsspec.open(file, "rb"))
    except (ValueError, ImportError) as error:  # no such protocol, or a package for it is missing
        raise SourceError(f"{shown(file)}: {error}; give a path, or a URL that fsspec can open") from None
