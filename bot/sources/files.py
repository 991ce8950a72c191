"""Opens a source's input, a local path or any fsspec URL; every failure is one sentence."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from bot.errors import SourceError
from bot.io.installing import install_command

NOT_OPENED = "give a path, or a URL that fsspec can open"

_FOREIGN = (
    ("botocore.exceptions", "BotoCoreError"),
    ("botocore.exceptions", "ClientError"),
    ("aiohttp", "ClientError"),
    ("huggingface_hub.errors", "HfHubHTTPError"),
    ("httpx2", "HTTPError"),
)
_REASONS = {
    "ConnectError": "there is no connection to it",
    "EndpointConnectionError": "there is no connection to it",
    "NoCredentialsError": "no credentials were found",
    "OfflineModeIsEnabled": "HF_HUB_OFFLINE is set, so the Hub is not asked",
}
_USERINFO = re.compile(r"(?<=://)[^/?#\s]*@")


def is_url(file: str) -> bool:
    """Whether `file` is a URL rather than a path on this machine."""
    return "://" in file


def shown(file: str) -> str:
    """A path, a URL, or a text with URLs in it, without user names and passwords: safe for messages."""
    return _USERINFO.sub("", file)


def failures() -> tuple[type[Exception], ...]:
    """OSError and the exceptions of loaded packages behind fsspec, for use in `except`."""
    loaded = (getattr(sys.modules[module], name) for module, name in _FOREIGN if module in sys.modules)
    return (OSError, *loaded)


def reason(error: Exception) -> str:
    """Why an operation failed, without addresses or credentials."""
    name = type(error).__name__
    return getattr(error, "strerror", None) or _REASONS.get(name) or name


@contextmanager
def opened(file: str) -> Iterator[BinaryIO]:
    """Opens a file for reading. Raises SourceError that names the file, while opening or reading."""
    try:
        with _from_url(file) if is_url(file) else Path(file).expanduser().open("rb") as stream:
            yield stream
    except FileNotFoundError:
        raise SourceError(f"{shown(file)}: there is no such file; check the path") from None
    except IsADirectoryError:
        raise SourceError(f"{shown(file)}: this is a folder, and a file is needed") from None
    except PermissionError:
        raise SourceError(f"{shown(file)}: reading it is not permitted; check its mode and owner") from None
    except failures() as error:
        raise SourceError(f"{shown(file)}: reading it failed: {reason(error)}") from None


def _from_url(file: str) -> AbstractContextManager[BinaryIO]:
    import fsspec  # only a URL needs it, and it is slow to import

    try:
        return cast("AbstractContextManager[BinaryIO]", fsspec.open(file, "rb"))
    except (ValueError, ImportError) as error:  # no such protocol, or a package for it is missing
        raise SourceError(
            f"{shown(file)}: {shown(str(error))}; {NOT_OPENED} (for s3:// {install_command('s3')})"
        ) from None
