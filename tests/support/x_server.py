"""X's API for tests: real HTTP on loopback, answers shaped by its published schema, and faults on demand.

    with XServer() as x:
        x.add("ada_example", posts=250)
        x.fault(path="/tweets", skip=1, status=503)      # see `hub_http.Fault`
        open_source("x", environment=x.environment).read("ada_example")
        assert x.billed == {"users": 1, "posts": 250}

Timelines are made up. `asked` holds the path and parameters of every request that was understood, `refused`
those of the others: what the server's specification does not allow. Pictures are served, too.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

from hub_http import Answer, Call, Fault, Handler, Server
from hub_repos import Token
from x_specs import BOTH, SPECS, allowed

PROBLEMS = "https://api.twitter.com/2/problems/"
START = datetime(2024, 5, 1, 12, tzinfo=UTC)
FIRST_ID = 1_785_000_000_000_000_000
PICTURE = b"\x89PNG\r\n\x1a\n made up"

_MODERN = {  # what X calls things since it speaks of posts
    "edit_history_tweet_ids": "edit_history_post_ids",
    "note_tweet": "note_post",
    "referenced_tweets": "referenced_posts",
    "most_recent_tweet_id": "most_recent_post_id",
    "tweets": "posts",
}
_ALWAYS = ("id", "text", "name", "username")
_HISTORY = ("edit_history_tweet_ids",)  # of posts, as X documents


@dataclass(slots=True)
class Account:
    """An account with its posts in the vocabulary of tweets, newest first. `gone` says why X does not show it.

    `older` are versions of edited posts that only a look-up by their ids shows.
    """

    id: str
    username: str
    posts: list[dict[str, Any]]
    name: str = "Ada"
    description: str = "made up &amp; true"
    picture: str = "https://pbs.twimg.com/profile_images/1/ada_normal.png"
    protected: bool = False
    gone: Literal["", "missing", "suspended", "protected"] = ""
    older: list[dict[str, Any]] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)


def post(number: int, text: str | None = None, **more: Any) -> dict[str, Any]:
    """A record of a timeline; a higher number is a newer post."""
    identifier = str(FIRST_ID + number)
    return {
        "id": identifier,
        "text": f"post number {number} of a made up timeline" if text is None else text,
        "created_at": (START + timedelta(hours=number)).isoformat(timespec="milliseconds")[:-6] + "Z",
        "edit_history_tweet_ids": [identifier],
        "lang": "en",
        "possibly_sensitive": False,
        **more,
    }


class XFault(Fault):
    """A fault that strikes only requests that the server understands, so that counts are those of any specification."""

    server: XServer

    def strikes(self, method: str, target: str) -> bool:
        return not self.server.refuses(target) and Fault.strikes(self, method, target)


class XServer:
    """A running API of one of X's specifications. What it does not allow is refused, or with `unknown` "ignore"
    left aside. `versions` "expanded": the versions of a post come with the expansion alone, not by themselves.
    """

    token = "AAAAx-bearer-token-that-must-not-leak"

    def __init__(self, spec: str = SPECS[-1]) -> None:
        self.tokens = {self.token: Token("x")}
        self.accounts: dict[str, Account] = {}
        self.spec = spec
        self.unknown: Literal["refuse", "ignore"] = "refuse"
        self.versions: Literal["always", "expanded"] = "always"
        self.prefix = ""
        self.mangle: Callable[[dict[str, Any], dict[str, str]], Any] | None = None
        self.picture = Answer(PICTURE)
        self.billed = {"users": 0, "posts": 0}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.refused: list[tuple[str, dict[str, str]]] = []
        self.faults: list[Fault] = []
        self.calls: list[Call] = []
        self.bugs: list[Exception] = []
        self.lock = threading.RLock()
        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.hub = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.environment = {"X_BEARER_TOKEN": self.token, "X_API_BASE": self.url}

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        if self.bugs:
            raise ExceptionGroup("the test API itself failed", self.bugs)

    def add(self, username: str, posts: int | list[dict[str, Any]] = 0, **more: Any) -> Account:
        """An account with so many plain posts, or with these."""
        listed = [post(number) for number in range(posts, 0, -1)] if isinstance(posts, int) else posts
        account = Account(more.pop("id", str(1000 + len(self.accounts))), username, listed, **more)
        self.accounts[account.id] = account
        return account

    def fault(self, **options: Any) -> Fault:
        """Adds a fault, see `Fault`; `problem` is a body in X's form, by the last part of its type."""
        if problem := options.pop("problem", None):
            options["body"] = json.dumps(problem)
        self.faults.append(fault := XFault(**options))
        fault.server = self
        return fault

    def paths(self) -> list[str]:
        """The paths asked for, in order, pictures left out."""
        return [path for path, _ in self.asked if path.startswith("/2/")]

    def pages(self) -> list[dict[str, str]]:
        """The parameters of each request for a page of posts."""
        return [params for path, params in self.asked if path.endswith("/tweets") and "users" in path]

    def looked_up(self) -> list[list[str]]:
        """The ids of each request for posts by their ids."""
        return [params["ids"].split(",") for path, params in self.asked if path.endswith("/2/tweets")]

    def answer(self, method: str, target: str, token: Token | None, body: bytes) -> Answer:
        """Carries a request out."""
        path, params = urlsplit(target).path, dict(parse_qsl(urlsplit(target).query))
        if path.startswith(self.prefix) and token is not None and self.refuses(target):
            self.refused.append((path, params))
            return _problem(
                400, f"{PROBLEMS}invalid-request", "Invalid Request", "One or more parameters ..."
            )
        self.asked.append((path, params))
        if not path.startswith(self.prefix):
            return Answer(b"<html>no such page</html>", 404)
        path = path.removeprefix(self.prefix)
        if "/profile_images/" in path:
            assert token is None, "the token went to the host of pictures"
            return self.picture
        if token is None:
            return _problem(401, "about:blank", "Unauthorized", "Unauthorized")
        route = path.removeprefix("/2/users/")
        if path == "/2/tweets":
            payload = self._look_up(params)
        else:
            payload = self._page(route, params) if route.endswith("/tweets") else self._user(route, params)
        if self.spec == SPECS[1] or (self.spec == BOTH and "post.fields" in params):
            payload = _modern(payload)
        if self.mangle:
            payload = self.mangle(payload, params)
        data = payload.get("data") if isinstance(payload, dict) else None
        if route.endswith("/tweets"):
            self.billed["posts"] += (len(data) if isinstance(data, list) else 0) + _beside(payload)
        else:
            self.billed["users"] += bool(data)
        return Answer(
            json.dumps(payload).encode(), headers={"Content-Type": "application/json; charset=utf-8"}
        )

    def refuses(self, target: str) -> bool:
        """Whether the request asks for something by a name that the specification does not have."""
        url = urlsplit(target)
        known = allowed(self.spec, "posts" if url.path.endswith("/tweets") else "users")
        return self.unknown == "refuse" and any(
            not known.get(name, set()).issuperset(value.split(","))
            for name, value in parse_qsl(url.query)
            if name == "expansions" or name.endswith(".fields")
        )

    def _user(self, route: str, params: dict[str, str]) -> dict[str, Any]:
        name = route.removeprefix("by/username/")
        by_id = name == route
        found = [a for a in self.accounts.values() if (a.id if by_id else a.username.lower()) == name.lower()]
        if not found or found[0].gone in ("missing", "suspended"):
            return _gone("id" if by_id else "username", name, bool(found) and found[0].gone == "suspended")
        account = found[0]
        whole = {
            "id": account.id,
            "username": account.username,
            "name": account.name,
            "description": account.description,
            "profile_image_url": account.picture,
            "protected": account.protected,
            **({"most_recent_tweet_id": max(p["id"] for p in account.posts)} if account.posts else {}),
            **account.more,
        }
        return {"data": self._chosen(whole, params.get("user.fields", ""))}

    def _page(self, route: str, params: dict[str, str]) -> dict[str, Any]:
        account = self.accounts[route.removesuffix("/tweets")]
        if account.gone == "protected":
            return {
                "errors": [_error("not-authorized-for-resource", "Authorization Error", "id", account.id)]
            }
        posts = account.posts[:3_200]
        if "retweets" in params.get("exclude", ""):
            posts = [p for p in posts if not p["text"].startswith("RT @")]
        since, until = int(params.get("since_id", 0)), int(params.get("until_id", 10**20))
        posts = [p for p in posts if since < int(p["id"]) < until]
        size = int(params.get("max_results", 10))
        assert 5 <= size <= 100, "X refuses such a max_results"
        begin = int(params.get("pagination_token", "t0")[1:])
        shown = posts[begin : begin + size]
        known = allowed(self.spec, "posts").keys() - {"user.fields"}
        wanted = ",".join(value for name, value in params.items() if name in known)
        meta: dict[str, Any] = {"result_count": len(shown)}
        if begin + size < len(posts):
            meta["next_token"] = f"t{begin + size}"
        if not shown:
            return {"meta": meta}
        meta |= {"newest_id": shown[0]["id"], "oldest_id": shown[-1]["id"]}
        page = {"data": [self._chosen(p, wanted) for p in shown], "meta": meta}
        if "edit_history" in params.get("expansions", ""):
            versions = {one for p in shown for one in p["edit_history_tweet_ids"]}
            page["includes"] = {"tweets": [{"id": one, "text": "a version"} for one in sorted(versions)]}
        return page

    def _look_up(self, params: dict[str, str]) -> dict[str, Any]:
        ids = params["ids"].split(",")
        assert 1 <= len(ids) <= 100, "X refuses so many ids"
        known = {p["id"]: p for account in self.accounts.values() for p in [*account.posts, *account.older]}
        wanted = params.get("tweet.fields", params.get("post.fields", ""))
        payload: dict[str, Any] = {"data": [self._chosen(known[one], wanted) for one in ids if one in known]}
        gone = [
            _error("resource-not-found", "Not Found Error", "ids", one) for one in ids if one not in known
        ]
        return {key: value for key, value in {**payload, "errors": gone}.items() if value}

    def _chosen(self, record: dict[str, Any], wanted: str) -> dict[str, Any]:
        """Only what was asked for, as X does."""
        asked = {*wanted.split(","), *_ALWAYS, *(_HISTORY if self.versions == "always" else ())}
        return {key: value for key, value in record.items() if asked & {key, _MODERN.get(key, key)}}


def _beside(payload: Any) -> int:
    """Posts that a page brings beside those asked for: X bills every resource that it returns, each once."""
    if not isinstance(payload, dict) or not isinstance(includes := payload.get("includes"), dict):
        return 0
    beside = {one["id"] for listed in includes.values() for one in listed}
    return len(beside - {one["id"] for one in payload["data"]})


def error_payload(kind: str, title: str, parameter: str, value: str = "1") -> dict[str, Any]:
    """An answer with status 200 that holds an error and no data."""
    return {"errors": [_error(kind, title, parameter, value)]}


def _gone(parameter: str, value: str, suspended: bool) -> dict[str, Any]:
    title = "Forbidden" if suspended else "Not Found Error"
    return error_payload("resource-not-found", title, parameter, value)


def _error(kind: str, title: str, parameter: str, value: str) -> dict[str, Any]:
    return {
        "value": value,
        "detail": f"{title}: {parameter}: [{value}].",
        "title": title,
        "resource_type": "user",
        "parameter": parameter,
        "resource_id": value,
        "type": PROBLEMS + kind,
    }


def _problem(status: int, kind: str, title: str, detail: str) -> Answer:
    problem = {"title": title, "detail": detail, "type": kind, "status": status}
    return Answer(json.dumps(problem).encode(), status, {"Content-Type": "application/problem+json"})


def _modern(value: Any) -> Any:
    if isinstance(value, dict):
        return {_MODERN.get(key, key): _modern(one) for key, one in value.items()}
    return [_modern(one) for one in value] if isinstance(value, list) else value
