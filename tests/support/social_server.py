"""Bluesky and Mastodon on loopback: real HTTP, the two calls of each that the bot makes, and faults on demand.

    with SocialServer() as net:
        net.bluesky["carol.example.social"] = Feed(bluesky_profile(), [bluesky_item(1)])
        net.mastodon["carol@example.social"] = Feed(mastodon_account(), [mastodon_status(1)])
        net.fault(path="getAuthorFeed", status=503, times=2)
        open_source("bluesky", environment=net.environment)

Pages, orders, cursors and errors are those of the networks' own code. `asked` holds what was asked for.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from hub_http import Answer, Call, Fault, Handler, Server
from hub_repos import Refusal, Token
from social_payloads import Json

PICTURE = b"\xff\xd8\xff\xe0 made up, not decoded here"


@dataclass(slots=True)
class Feed:
    """An account: its profile, and what it posted, newest first; `page` answers a query in the network's place."""

    profile: Json
    items: list[Any] = field(default_factory=list)
    page: Callable[[dict[str, str]], object] | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came: the host it is meant for, path, and query."""

    host: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]


class SocialServer:
    """A running server; give `environment` to `open_source`."""

    def __init__(self) -> None:
        self.bluesky: dict[str, Feed] = {}
        self.mastodon: dict[str, Feed] = {}
        self.files: dict[str, Answer] = {}
        self.refused: dict[str, tuple[str, str]] = {}
        """Bluesky's errors by actor: name and message."""
        self.asked: list[Asked] = []
        self.tokens: dict[str, Token] = {}
        self.faults: list[Fault] = []
        self.calls: list[Call] = []
        self.bugs: list[Exception] = []
        self.lock = threading.RLock()
        self._server = Server(("127.0.0.1", 0), _Handler)
        self._server.hub = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.environment = {"BLUESKY_API_BASE": self.url, "MASTODON_API_BASE": self.url}

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        if self.bugs:
            raise ExceptionGroup("the test server itself failed", self.bugs)

    def fault(self, **options: Any) -> Fault:
        """Adds a fault, see `hub_http.Fault`."""
        fault = Fault(**options)
        self.faults.append(fault)
        return fault

    def count(self, part: str) -> int:
        """How many requests had `part` in their path, faults included."""
        return sum(part in call.path for call in self.calls)

    def answer(self, method: str, target: str, token: Token | None, body: bytes) -> Answer:
        """Carries a request out, see `hub_http.Answers`."""
        url = urlsplit(target)
        query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        asked = self.asked[-1]
        match url.path.strip("/").split("/"):
            case ["xrpc", "app.bsky.actor.getProfile"]:
                return _json(self._actor(query["actor"]).profile)
            case ["xrpc", "app.bsky.feed.getAuthorFeed"]:
                return self._author_feed(query)
            case ["api", "v1", "accounts", "lookup"]:
                feed = self.mastodon.get(f"{query['acct']}@{asked.host}")
                return _json(feed.profile) if feed else _json({"error": "Record not found"}, 404)
            case ["api", "v1", "accounts", number, "statuses"]:
                return self._statuses(asked, unquote(number), query)
            case _ if url.path in self.files:
                return self.files[url.path]
            case ["img", *_] | ["accounts", "avatars", *_]:
                return Answer(PICTURE, headers={"Content-Type": "image/jpeg"})
        raise Refusal(404, f"no such thing: {url.path}")

    def _actor(self, actor: str) -> Feed:
        if refused := self.refused.get(actor):
            raise _Xrpc(*refused)
        for handle, feed in self.bluesky.items():
            if actor in (handle, feed.profile.get("did")):
                return feed
        raise _Xrpc("InvalidRequest", "Profile not found")

    def _author_feed(self, query: dict[str, str]) -> Answer:
        limit = int(query["limit"])
        if not 1 <= limit <= 100:
            bound = "big (maximum 100" if limit > 100 else "small (minimum 1"
            what = "Invalid app.bsky.feed.getAuthorFeed params: integer too"
            raise _Xrpc("InvalidRequest", f"{what} {bound}, got {limit})")
        feed = self._actor(query["actor"])
        if feed.page:
            return _json(feed.page(query))
        items, start = feed.items, int(query.get("cursor", "0"))
        more = {"cursor": str(start + limit)} if len(items) > start + limit else {}
        return _json({**more, "feed": items[start : start + limit]})

    def _statuses(self, asked: Asked, number: str, query: dict[str, str]) -> Answer:
        feeds = {
            feed.profile["id"]: feed for name, feed in self.mastodon.items() if name.endswith(asked.host)
        }
        if number not in feeds:
            return _json({"error": "Record not found"}, 404)
        if page := feeds[number].page:
            return _json(page(query))
        limit = min(int(query.get("limit", "20")), 40)
        low, high = int(query.get("since_id", "0")), int(query.get("max_id", str(1 << 70)))
        found = [item for item in feeds[number].items if low < int(item["id"]) < high][:limit]
        links = []
        if len(found) == limit:
            rest = urlencode({**query, "max_id": found[-1]["id"]})
            links.append(f'<https://{asked.host}{asked.path}?{rest}>; rel="next"')
        if found:
            rest = urlencode({"limit": limit, "min_id": found[0]["id"]})
            links.append(f'<https://{asked.host}{asked.path}?{rest}>; rel="prev"')
        return _json(found, headers={"Link": ", ".join(links)} if links else {})


class _Xrpc(Refusal):
    """An error as Bluesky words it: status 400, a name, and a message."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(400, message)
        self.name = name


class _Handler(Handler):
    def _carry_out(self, body: bytes) -> Answer:
        net = self.server.hub
        assert isinstance(net, SocialServer)
        url = urlsplit(self.path)
        query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        with net.lock:
            net.asked.append(Asked(self.headers.get("Host", ""), url.path, query, dict(self.headers)))
            try:
                return net.answer(self.command, self.path, None, body)
            except _Xrpc as error:
                return _json({"error": error.name, "message": error.words}, error.status)
            except Refusal as refusal:
                return _json({"error": refusal.words}, refusal.status)


def _json(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    return Answer(json.dumps(value).encode(), status, {"Content-Type": "application/json", **(headers or {})})
