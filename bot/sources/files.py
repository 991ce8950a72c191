"""Opening what a source reads, a local path or any fsspec URL, with every failure as one sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
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
        if is_url(file):
            import fsspec  # only a URL needs it, and it starts slowly

            with fsspec.open(file, "rb") as stream:
                yield cast("BinaryIO", stream)
        else:
            with Path(file).expanduser().open("rb") as stream:
                yield stream
    except FileNotFoundError:
        raise SourceError(f"{shown(file)}: there is no such file; check the path") from None
    except IsADirectoryError:
        raise SourceError(f"{shown(file)}: this is a folder, and a file is needed") from None
    except PermissionError:
        raise SourceError(f"{shown(file)}: reading it is not permitted; check its mode and owner") from None
    except ImportError as error:
        raise SourceError(f"{shown(file)}: this kind of URL needs a package: {error}") from None
    except OSError as error:
        raise SourceError(
            f"{shown(file)}: reading it failed: {error.strerror or type(error).__name__}"
        ) from None
