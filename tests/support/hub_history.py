"""A store on the test Hub that holds canaries, and everything that the Hub could still give of them."""

from __future__ import annotations

import gzip
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hub_bench import HubBench

from bot.sources.posts import Post, Profile, Timeline
from bot.store import Store

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def canary(handle: str) -> bytes:
    """Words that each post of the account holds."""
    return f"the canary of {handle} sings".encode()


def use(bench: HubBench, monkeypatch: pytest.MonkeyPatch, *, xet: bool = False) -> None:
    """Leads this process to the bench."""
    from huggingface_hub import constants

    for name in ("HF_ENDPOINT", "HF_TOKEN", "HF_HOME"):
        monkeypatch.setenv(name, bench.environment()[name])
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", not xet)


def timeline(handle: str, count: int) -> Timeline:
    """So many posts of an account, each with its canary."""
    posts = (
        Post(str(n), f"{canary(handle).decode()}, {n}", NOW + timedelta(hours=n), "en") for n in range(count)
    )
    return Timeline(Profile(handle, handle.title(), "x", id=f"id-{handle}"), tuple(posts))


def fill(url: str, *handles: str) -> Store:
    """A store with accounts that grew over three readings, a note on them, and a ledger."""
    store = Store(url)
    for handle in handles:
        for count in (3, 5, 8):
            store.merge(timeline(handle, count), "x", now=NOW)
    store.remember("-".join(handles), handles=handles, last_answer="fine")
    store.record_reads("x", "run", 24, NOW)
    return store


class Reader:
    """Asks the bench for what it ever listed of a repo."""

    def __init__(self, bench: HubBench, repo: str, kind: str = "datasets") -> None:
        self.bench, self.repo, self.kind = bench, repo, kind

    def get(self, path: str) -> bytes | None:
        """The answer to a GET, None for 404."""
        request = urllib.request.Request(
            self.bench.url + path, headers={"Authorization": f"Bearer {self.bench.token}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def commits(self, revision: str = "main") -> list[str]:
        """Every commit that a name reaches."""
        data = self.get(f"/api/{self.kind}/{self.repo}/commits/{revision}?limit=1000")
        return [commit["id"] for commit in json.loads(data or b"[]")]

    def addresses(self, *revisions: str) -> list[str]:
        """The address of every tree, and of every file of each of these revisions' histories."""
        found = []
        for commit in {commit for revision in revisions or ("main",) for commit in self.commits(revision)}:
            tree = f"/api/{self.kind}/{self.repo}/tree/{commit}?recursive=true"
            found.append(tree)
            found += [
                f"/{self.kind}/{self.repo}/resolve/{commit}/{entry['path']}"
                for entry in json.loads(self.get(tree) or b"[]")
                if entry["type"] == "file"
            ]
        return found

    def bodies(self, addresses: list[str]) -> Iterator[bytes]:
        """What those that answer give, unpacked."""
        for address in addresses:
            if (data := self.get(address)) is not None:
                yield unpacked(data)

    def objects(self) -> list[str]:
        """The large-file objects that the Hub lists."""
        listed = json.loads(self.get(f"/api/{self.kind}/{self.repo}/lfs-files") or b"[]")
        return [entry["fileOid"] for entry in listed]


def on_disk(bench: HubBench) -> bytes:
    """Everything that the Hub keeps, compressed files as what they hold."""
    return b"\0".join(unpacked(path.read_bytes()) for path in sorted(bench.root.rglob("*")) if path.is_file())


def unpacked(data: bytes) -> bytes:
    """The contents of a compressed file, of any other its bytes."""
    try:
        return gzip.decompress(data)
    except (OSError, EOFError):
        return data
