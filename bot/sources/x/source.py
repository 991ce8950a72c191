"""Source `x`: X's API, where every post and every profile that is read costs money.

So the profile is read first, which shows whether there is anything new; then only posts newer than the cursor, page
by page as they are iterated over. Each page is taken from the budget before it is requested.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from bot.errors import Blocked, Deferred, SourceError
from bot.io.http import Client
from bot.io.retry import RetryPolicy
from bot.sources import SOURCES, Cost, Cursor, LookedUp, Options, Source, fields, paging
from bot.sources.posts import Post, Profile, Timeline
from bot.sources.x import answers
from bot.sources.x.calls import POLICY, Calls, Failure
from bot.sources.x.fields import VocabularyChoice
from bot.sources.x.lookup import looked_up
from bot.sources.x.posts import User, user
from bot.sources.x.timeline import MOST_POSTS, PAGE, Pages, records
from bot.sources.x.wire import Wire, check_base

SMALLEST_PAGE = 5
"""Minimum of posts that one request must ask for."""

_HANDLE = re.compile(r"[A-Za-z0-9_]{1,15}")
_ID = re.compile(r"[0-9]{1,20}")
_TOKEN = re.compile(r"[!-~]+")


def open_source(options: Options) -> Source:
    """X as `X_BEARER_TOKEN` may read it, at `X_API_BASE` if that is set."""
    return X(options)


@dataclass(frozen=True, slots=True)
class _Absent:
    """Why X does not show an account."""

    why: str


class X:
    """Reads accounts through X's API, until X refuses everything: then nothing more is requested in this run.

    A token that is missing or refused defers an entry: nothing is wrong with the entry.
    """

    def __init__(
        self,
        options: Options,
        *,
        policy: RetryPolicy | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        policy = policy or replace(POLICY, sleep=options.sleep)
        self._budget = options.budget
        self._retweets = options.retweets
        self._vocabulary = VocabularyChoice()
        self._users: dict[str, User | _Absent] = {}
        self._pictures: dict[str, bytes | str] = {}
        self._read = {"users": 0, "posts": 0}
        token = options.environment.get("X_BEARER_TOKEN", "").strip()
        base, wrong = options.environment.get("X_API_BASE", "").strip(), None
        try:
            base = check_base(base) if base else ""
        except ValueError:
            base, wrong = "", "X_API_BASE is no address such as https://host/prefix; correct it or unset it"
        if not _TOKEN.fullmatch(token):
            wrong = (
                "X_BEARER_TOKEN holds characters that no token has; copy it again"
                if token
                else "X_BEARER_TOKEN is not set; create a bearer token in X's developer console and export it"
            )
        self._http = Client(base=base or None, policy=policy)  # for pictures, without the token
        self._calls = Calls(Wire("none" if wrong else token, base or None, policy), now, policy)
        if wrong:
            self._calls.disable(wrong)

    @property
    def cost(self) -> Cost:
        """What was read so far. An answer that was cut off on its way counts as a whole one."""
        spec = SOURCES["x"]
        usd = self._read["users"] * spec.usd_user + self._read["posts"] * spec.usd_post
        return Cost(sum(self._read.values()), round(usd, 6))

    def read(
        self,
        handle: str,
        *,
        since: Cursor | None = None,
        until: Cursor | None = None,
        account: str | None = None,
    ) -> Timeline:
        """The profile, and the posts between the cursors, fetched while they are iterated over, newest first."""
        if not _HANDLE.fullmatch(handle):
            raise SourceError(
                f"{handle[:60]!r} is no handle of X: 1 to 15 letters, digits and _; correct the registry"
            )
        found = self._account(handle, account)
        warnings: list[str] = []
        profile = Profile(
            handle=found.handle,
            name=found.name,
            network="x",
            id=found.id,
            bio=found.bio,
            avatar=self._picture(found, warnings),
            parody=found.parody,
            protected=found.protected,
        )
        newest, oldest = _number(until), _number(since)
        posts: Iterable[Post] = ()
        if newest or not (oldest and found.newest and found.newest <= oldest):
            pages = Pages(lambda params, most: self._page(found, params, most), warnings, oldest, newest)
            posts = paging.walk(pages.fetch, warnings, most=MOST_POSTS + PAGE)
        return Timeline(profile, posts, warnings, () if self._retweets else ("retweets",))

    def look_up(self, ids: Sequence[str]) -> Iterator[LookedUp]:
        """Yields which posts still exist; each existing one costs a read, a deleted one costs nothing.

        A timeline shows 3,200 posts, reposts included, for the same price; X's compliance jobs require the ids on
        another host, one job at a time, and report no edits.
        """
        left = [one for one in ids if _ID.fullmatch(one)]
        while left:
            batch: list[str] = []

            def parameters(taken: int, batch: list[str] = batch, left: list[str] = left) -> dict[str, str]:
                batch[:] = left[:taken]
                return {"ids": ",".join(batch), **self._vocabulary.for_look_up()}

            payload = self._fetch_billed(
                "posts", "/2/tweets", parameters, min(PAGE, len(left)), 1, window="look-ups"
            )
            if isinstance(payload, _Absent):
                raise SourceError(f"X shows none of the posts that were looked up: they are {payload.why}")
            yield looked_up(payload, batch)
            left = left[len(batch) :]

    def _account(self, handle: str, account: str | None) -> User:
        """The account of a handle. Raises Blocked if X does not show it, or if it is another account than before."""
        found = self._lookup(f"/2/users/by/username/{handle.lower()}")
        if isinstance(found, _Absent):
            if account and _ID.fullmatch(account) and found.why.startswith("not found"):
                renamed = self._lookup(f"/2/users/{account}")
                if isinstance(renamed, User) and renamed.handle.lower() != handle.lower():
                    raise Blocked(
                        f"@{handle} is called @{renamed.handle} now (account {account}); write the new handle "
                        "into the registry, with name: to keep the model's name"
                    )
                found = renamed
            if isinstance(found, _Absent):
                raise Blocked(f"@{handle} is {found.why}")
        if account and found.id != account:
            raise Blocked(
                f"the handle has another owner: @{handle} was account {account}, and is account {found.id} now; "
                "nothing was fetched; take it out of the registry, or ask the new owner, purge the old posts "
                f"with: bot purge {handle}, and give the entry another name: to make a new model"
            )
        if found.protected:
            raise Blocked(f"@{handle} is protected: only followers may read it")
        return found

    def _lookup(self, route: str) -> User | _Absent:
        """One account, requested once in a run. Raises SourceError or Deferred."""
        if route in self._users:
            return self._users[route]
        payload = self._fetch_billed("users", route, lambda _: self._vocabulary.for_users(), 1, 1)
        found: User | _Absent
        if isinstance(payload, _Absent):
            found = payload
        elif payload.get("data") is None and (why := answers.absence(payload)):
            found = _Absent(why)
        else:
            try:
                found = user(fields.mapping(payload, "data"))
            except ValueError as error:
                raise SourceError(f"X's answer to {route} is not understood: {error}") from None
        self._users[route] = found
        return found

    def _page(self, found: User, params: Mapping[str, str], most: int) -> dict[str, Any]:
        """One page of a timeline, of at most `most` posts. Raises Blocked, SourceError or Deferred."""

        def parameters(taken: int) -> dict[str, str]:
            size = str(max(SMALLEST_PAGE, min(taken, PAGE)))
            exclude = {} if self._retweets else {"exclude": "retweets"}
            return {"max_results": size, **params, **exclude, **self._vocabulary.for_posts()}

        route, most = f"/2/users/{found.id}/tweets", max(SMALLEST_PAGE, most)
        payload = self._fetch_billed("posts", route, parameters, most, SMALLEST_PAGE)
        # X silently omits a field that it has under another name, so the first page of a run may be read twice.
        if not isinstance(payload, _Absent) and self._vocabulary.lacks_fields(records(payload)):
            payload = self._fetch_billed("posts", route, parameters, most, SMALLEST_PAGE)
        if isinstance(payload, _Absent):
            raise Blocked(f"@{found.handle} is {payload.why}")
        if payload.get("data") is None and (why := answers.absence(payload)):
            raise Blocked(f"@{found.handle} is {why}")
        return payload

    def _fetch_billed(
        self,
        what: Literal["users", "posts"],
        route: str,
        parameters: Callable[[int], Mapping[str, str]],
        most: int,
        least: int,
        window: str | None = None,
    ) -> dict[str, Any] | _Absent:
        """A payload. The reads are taken from the budget before, and given back as far as X bills fewer.

        `what` is billed, between `least` and `most` of it; `parameters` makes the query for a number of them.
        `window` names the rate limit where it is not that of `what`.
        """
        window = window or what
        if unavailable := self._calls.unavailable_reason(window):
            raise unavailable
        each = self._vocabulary.reads_per(what)
        taken = self._budget.take(most * each, least * each)
        try:
            result = self._calls.get(window, route, parameters(taken // each))
            while isinstance(result, Failure) and result.vocabulary and self._vocabulary.use_next(what):
                result = self._calls.get(window, route, parameters(taken // each))
        except Deferred:  # interrupted while it waited
            self._budget.give_back(taken)
            raise
        if isinstance(result, Failure):
            billed = taken if result.billed else 0
        else:
            billed = answers.resources(result.value)
            self._vocabulary.confirm(what)
        self._read[what] += billed
        self._budget.give_back(taken - billed)
        if not isinstance(result, Failure):
            return result.value
        if result.absence:
            return _Absent(result.absence)
        raise result.error

    def _picture(self, found: User, warnings: list[str]) -> bytes | None:
        """The profile's picture, or None with a warning: a model can be trained without."""
        if found.picture is None:
            return None
        if found.picture not in self._pictures:
            try:
                self._pictures[found.picture] = self._http.picture(found.picture)
            except (SourceError, Deferred) as error:
                self._pictures[found.picture] = str(error)
        got = self._pictures[found.picture]
        if isinstance(got, bytes):
            return got
        warnings.append(f"the picture of @{found.handle} could not be fetched: {got}")
        return None


def _number(cursor: Cursor | None) -> int | None:
    return int(cursor.id) if cursor is not None and _ID.fullmatch(cursor.id) else None
