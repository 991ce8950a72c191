"""Bluesky's own servers on loopback, and accounts that write to them as an app does.

with run_network(programs) as net:
    carol = net.account("carol.test", displayName="Carol")
    carol.post("Good morning, all")
    net.settle()
    open_source("bluesky", environment=net.environment).read("carol.test")
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from services import find_node, find_program, run_postgres, run_redis

Json = dict[str, Any]

FOLDER = Path(__file__).parent
POST, REPOST, PROFILE = "app.bsky.feed.post", "app.bsky.feed.repost", "app.bsky.actor.profile"
_PASSWORD = "not-a-secret"
_MOST_WRITES = 200  # of one com.atproto.repo.applyWrites


class Refused(Exception):
    """A server's refusal of a call that the tests make."""


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs that the network needs, by their paths."""

    node: str
    initdb: str
    postgres: str
    redis: str


def find_programs() -> Programs | str:
    """The programs, or what is missing."""
    if not (FOLDER / "node_modules" / "@atproto" / "dev-env").is_dir():
        return "Bluesky's servers are not installed: run `make test-peers`"
    paths = {
        "node": find_node(),
        "initdb": find_program("initdb"),
        "postgres": find_program("postgres"),
        "redis": find_program("redis-server"),
    }
    missing = [name for name, path in paths.items() if path is None]
    if missing:
        return f"missing programs: {', '.join(missing)}"
    return Programs(**{name: path for name, path in paths.items() if path})


class Network:
    """A running network. `environment` is for `open_source`; `pds` and `appview` are addresses."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        started = self._line()
        self.pds: str = started["pds"]
        self.appview: str = started["appview"]
        self._admin = {"Authorization": started["authorization"]}
        self.environment = {"BLUESKY_API_BASE": self.appview}

    def account(self, handle: str, **profile: Any) -> Account:
        """A new account; with any of a profile's fields, one that has a profile."""
        made = self.call(
            "com.atproto.server.createAccount",
            {"handle": handle, "email": f"{uuid.uuid4().hex}@example.com", "password": _PASSWORD},
        )
        account = Account(self, made["did"], {"Authorization": f"Bearer {made['accessJwt']}"})
        if profile:
            account.set_profile(**profile)
        return account

    def settle(self) -> None:
        """Waits until the AppView has indexed everything that was written."""
        assert self._process.stdin
        print(file=self._process.stdin, flush=True)
        if error := self._line().get("error"):
            raise Refused(error)

    def call(self, method: str, body: Json, headers: Json | None = None) -> Json:
        """The answer of the PDS to a procedure. Raises Refused."""
        return _answer(requests.post(f"{self.pds}/xrpc/{method}", json=body, headers=headers, timeout=60))

    def ask(self, method: str, **query: str | int) -> requests.Response:
        """The response of the AppView to a query, whatever it is."""
        return requests.get(f"{self.appview}/xrpc/{method}", params=query, timeout=60)

    def repository(self, did: str) -> bytes:
        """The CAR file of an account's repository."""
        answer = requests.get(f"{self.pds}/xrpc/com.atproto.sync.getRepo", params={"did": did}, timeout=60)
        answer.raise_for_status()
        return answer.content

    def delete(self, account: Account) -> None:
        """Deletes an account, as its owner can."""
        self.call("com.atproto.admin.deleteAccount", {"did": account.did}, self._admin)

    def suspend(self, account: Account) -> None:
        """Takes an account down, as a moderator can."""
        subject = {"$type": "com.atproto.admin.defs#repoRef", "did": account.did}
        body = {"subject": subject, "takedown": {"applied": True, "ref": "x"}}
        self.call("com.atproto.admin.updateSubjectStatus", body, self._admin)

    def _line(self) -> Json:
        assert self._process.stdout
        for line in self._process.stdout:
            if line.startswith("{"):  # the servers themselves print, too
                value: Json = json.loads(line)
                return value
        raise RuntimeError(f"the network ended: {self._process.wait()}")


@dataclass(frozen=True, slots=True)
class Account:
    """An account that is signed in to the PDS."""

    network: Network
    did: str
    headers: dict[str, str]

    def call(self, method: str, **body: Any) -> Json:
        """The answer to a procedure in this account's name."""
        return self.network.call(method, body, self.headers)

    def create(self, collection: str, **record: Any) -> Json:
        """A new record: its `uri` and `cid`."""
        value = {"$type": collection, **record}
        made = self.call("com.atproto.repo.createRecord", repo=self.did, collection=collection, record=value)
        return {"uri": made["uri"], "cid": made["cid"]}

    def post(self, text: str, **fields: Any) -> Json:
        """A new post; without `createdAt` it is of 2025."""
        return self.create(POST, **{"text": text, "createdAt": "2025-01-01T00:00:00.000Z", **fields})

    def post_all(self, records: Sequence[Json]) -> list[Json]:
        """Many new posts, in their order."""
        made: list[Json] = []
        for start in range(0, len(records), _MOST_WRITES):
            writes = [
                {
                    "$type": "com.atproto.repo.applyWrites#create",
                    "collection": POST,
                    "value": {"$type": POST, **record},
                }
                for record in records[start : start + _MOST_WRITES]
            ]
            results = self.call("com.atproto.repo.applyWrites", repo=self.did, writes=writes)["results"]
            made.extend({"uri": result["uri"], "cid": result["cid"]} for result in results)
        return made

    def repost(self, subject: Json, at: str) -> Json:
        """A new repost of a post, at a time."""
        return self.create(REPOST, subject=subject, createdAt=at)

    def remove(self, record: Json) -> None:
        """Deletes a record of this account."""
        collection, key = record["uri"].split("/")[-2:]
        self.call("com.atproto.repo.deleteRecord", repo=self.did, collection=collection, rkey=key)

    def set_profile(self, **fields: Any) -> None:
        """Writes the profile, new or in the place of the old one."""
        self.call(
            "com.atproto.repo.putRecord",
            repo=self.did,
            collection=PROFILE,
            rkey="self",
            record={"$type": PROFILE, **fields},
        )

    def upload(self, data: bytes, kind: str) -> Json:
        """Uploads a file of a media type, and returns the reference that records hold."""
        url = f"{self.network.pds}/xrpc/com.atproto.repo.uploadBlob"
        headers = {**self.headers, "Content-Type": kind}
        blob: Json = _answer(requests.post(url, data=data, headers=headers, timeout=60))["blob"]
        return blob

    def rename(self, handle: str) -> None:
        """Gives the account another handle."""
        self.call("com.atproto.identity.updateHandle", handle=handle)

    def deactivate(self) -> None:
        """Deactivates the account, as its owner can."""
        self.call("com.atproto.server.deactivateAccount")


@contextlib.contextmanager
def run_network(programs: Programs) -> Iterator[Network]:
    """Runs PostgreSQL, Redis and the network until the block ends. Takes about a minute to start."""
    with (
        run_postgres(programs.initdb, programs.postgres) as database,
        run_redis(programs.redis) as redis,
        tempfile.TemporaryDirectory() as place,
        subprocess.Popen(
            [programs.node, "--no-deprecation", "network.mjs"],
            cwd=FOLDER,
            env={**os.environ, "DB_POSTGRES_URL": database, "REDIS_HOST": redis, "TMPDIR": place},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        try:
            yield Network(process)
            assert process.stdin
            process.stdin.close()  # the network ends with its input
            process.wait(60)
        finally:
            process.kill()


def _answer(response: requests.Response) -> Json:
    if response.status_code != 200:
        raise Refused(f"{response.url}: {response.status_code} {response.text[:500]}")
    value: Json = response.json() if response.content else {}
    return value
