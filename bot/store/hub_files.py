"""Files of the store in a Storage Bucket of the Hub, or in a repo with history, by the Hub's own API.

`hf://` of fsspec caches listings for as long as a process lives, so two runs on one store would not see each
other. Here every call goes to the Hub, with the retries of `bot.hub.client`, and fails as one sentence.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Protocol

from huggingface_hub import HfApi, constants, get_token
from huggingface_hub.errors import (
    EntryNotFoundError,
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)
from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status  # type: ignore[attr-defined]

from bot import __version__
from bot.errors import CredentialsError, HubError, SourceError
from bot.hub.client import Operation, install, operation
from bot.hub.errors import translated
from bot.io.retry import RetryPolicy
from bot.sources.files import shown
from bot.store.hub_containers import BucketContainer, Refused, RepoContainer
from bot.store.places import Place

_READERS = 8
"""Files read at the same time."""

_ADDRESS = re.compile(r", at [A-Z]+ (https?://[^/\s]+)\S*")


class Container(Protocol):
    """A bucket or a repo. Paths are those in the container. Calls raise the client library's exceptions."""

    what: str
    make: str

    def address(self, path: str) -> str:
        """The address from which a file is read."""
        ...

    def below(self, folder: str) -> Iterator[str]:
        """The paths below a folder, or below everything for an empty one, as they are now."""
        ...

    def update(self, writes: Mapping[str, bytes], removes: Collection[str], current: Operation) -> None:
        """Writes and removes files: one batch, or one commit."""
        ...


class HubFiles:
    """A tree of files below a place on the Hub at `HF_ENDPOINT`, with the token of this machine; see `Files`."""

    def __init__(self, place: Place, *, policy: RetryPolicy | None = None) -> None:
        self.url = shown(place.url)
        self._prefix = place.prefix
        self._policy = policy or RetryPolicy()
        endpoint = (os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")
        install()
        self._token: str | None = os.environ.get("HF_TOKEN", "").strip() or None
        if self._token is None:
            with self._calling("find a token"):
                self._token = get_token()  # of `hf auth login`
        api = HfApi(
            endpoint=endpoint, token=self._token or False, library_name="mynah", library_version=__version__
        )
        try:
            self._container: Container = (
                BucketContainer(api, place.container)
                if place.kind == "bucket"
                else RepoContainer(api, place.container, place.kind)
            )
        except Refused as error:
            raise SourceError(f"store {self.url}: {error}") from None

    def read(self, path: str) -> bytes | None:
        """See `Files`."""
        with self._calling(f"read {path}"):
            response = get_session().get(self._container.address(self._at(path)), headers=self._headers())
            try:
                hf_raise_for_status(response)
            except EntryNotFoundError:
                return None
            return bytes(response.content)

    def read_many(self, paths: Sequence[str]) -> dict[str, bytes]:
        """See `Files`."""
        with ThreadPoolExecutor(_READERS, thread_name_prefix="store") as pool:
            found = dict(zip(paths, pool.map(self.read, paths), strict=True))
        return {path: data for path, data in found.items() if data is not None}

    def update(self, writes: Mapping[str, bytes], removes: Iterable[str] = ()) -> None:
        """See `Files`."""
        removes = [path for path in dict.fromkeys(removes) if path not in writes]
        if not writes and not removes:
            return
        doing = [
            f"{verb} {_counted(len(some))}" for verb, some in (("write", writes), ("remove", removes)) if some
        ]
        with self._calling(" and ".join(doing)) as current:
            self._container.update(
                {self._at(path): data for path, data in writes.items()},
                [self._at(path) for path in removes],
                current,
            )

    def write(self, path: str, data: bytes) -> None:
        """See `Files`."""
        self.update({path: data})

    def remove(self, path: str) -> None:
        """See `Files`."""
        self.update({}, [path])

    def remove_folder(self, path: str) -> int:
        """See `Files`."""
        paths = self._listed(path, "list the files of an account")
        self.update({}, paths)
        return len(paths)

    def names(self, path: str) -> list[str]:
        """See `Files`."""
        inside = f"{path}/" if path else ""
        names = [found.removeprefix(inside) for found in self.below(path)]
        return [name for name in names if "/" not in name]

    def below(self, path: str) -> list[str]:
        """See `Files`."""
        return self._listed(path, f"list {path or 'it'}")

    def _listed(self, path: str, doing: str) -> list[str]:
        folder = self._at(path).rstrip("/")
        with self._calling(doing):
            found = list(self._container.below(folder))
        prefix = f"{self._prefix}/" if self._prefix else ""
        inside = f"{folder}/" if folder else ""
        return sorted(one.removeprefix(prefix) for one in found if one.startswith(inside))

    def _at(self, path: str) -> str:
        return f"{self._prefix}/{path}" if self._prefix else path

    def _headers(self) -> dict[str, str]:
        headers = build_hf_headers(
            token=self._token or False, library_name="mynah", library_version=__version__
        )
        return dict(headers)

    @contextmanager
    def _calling(self, doing: str) -> Iterator[Operation]:
        """Wraps every call of the library: bounds its waits, and raises its failures as one SourceError."""
        try:
            with operation(self._policy) as current, translated(doing, self._token):
                try:
                    yield current
                except HfHubHTTPError as error:
                    if not _is_missing(error):
                        raise
                    raise _Sentence(self._missing(error.response.status_code)) from None
                except OfflineModeIsEnabled:
                    raise _Sentence("HF_HUB_OFFLINE is set, so the Hub is not asked: unset it") from None
                except Refused as error:
                    raise _Sentence(f"could not {doing}: {error}") from None
        except (HubError, CredentialsError, _Sentence) as error:
            words = _ADDRESS.sub(r", at \1", str(error))  # the rest of an address names an account
            later = isinstance(error, HubError) and error.transient and "run again" not in words
            raise SourceError(f"store {self.url}: {words}{'; run again later' if later else ''}") from None

    def _missing(self, status: int) -> str:
        """The sentence for a bucket or repo that this token cannot see, which is not an empty store."""
        what, token = self._container.what, "set HF_TOKEN to a token that may read it"
        if status == 401 and self._token:
            return f"the token is invalid or has expired, or may not see this {what}: {token}"
        return f"there is no such {what}, or the token may not see it: {self._container.make}, or {token}"


class _Sentence(Exception):
    """A finished sentence that is not translated as the library's errors are."""


def _is_missing(error: HfHubHTTPError) -> bool:
    missing = error.response.headers.get("X-Error-Code") == "RepoNotFound"
    return missing or isinstance(error, RepositoryNotFoundError)


def _counted(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"
