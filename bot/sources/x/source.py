"""Source `x`: X's API, where every post and every profile that is read costs money.

So: one look at the profile first, which tells whether there is anything new; then only what is newer than the
mark, page by page as posts are asked for, each page within the budget before it is sent for.
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
from bot.sources.x.fields import Words
from bot.sources.x.lookup import looked_up
from bot.sources.x.posts import User, user
from bot.sources.x.timeline import MOST_POSTS, PAGE, Pages, records
from bot.sources.x.wire import Wire, check_base

SMALLEST_PAGE = 5
"""Posts that one request must ask for, at least."""

_HANDLE = re.compile(r"[A-Za-z0-9_]{1,15}")
_ID = re.compile(r"[0-9]{1,20}")
_TOKEN = re.compile(r"[!-~]+")


def open_source(options: Options) -> Source:
    """X as `X_BEARER_TOKEN` may read it, at `X_API_BASE` if that is set."""
    return X(options)


@dataclass(frozen=True, slots=True)
class _Absent:
    """An account that X does not show, and why."""

    why: str


class X:
    """X's API. What it cannot do for one account it may do for others, unless it is off: then nothing is asked.

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
        self._words = Words()
        self._users: dict[str, User | _Absent] = {}
        self._pictures: dict[str, bytes | str] = {}
        self._read = {"users": 0, "posts": 0}
        token = options.environment.get("X_BEARER_TOKEN", "").strip()
        base, wrong = options.environment.get("X_API_BASE", "").strip(), None
        try:
            base = check_base(base) if base else ""
        except ValueError:
            base, wrong = "", "X_API_BASE is no address such as https://host/prefix; mend it or take it away"
        if not _TOKEN.fullmatch(token):
            wrong = (
                "X_BEARER_TOKEN holds characters that no token has; copy it again"
                if token
                else "X_BEARER_TOKEN is not set; make a bearer token in X's developer console and export it"
            )
        self._http = Client(base=base or None, policy=policy)  # for pictures: it knows no token
        self._calls = Calls(Wire("none" if wrong else token, base or None, policy), now, policy)
        if wrong:
            self._calls.turn_off(wrong)

    @property
    def cost(self) -> Cost:
        """What was read so far. An answer that X sent and that broke off on its way counts as whole."""
        kind = SOURCES["x"]
        usd = self._read["users"] * kind.usd_user + self._read["posts"] * kind.usd_post
        return Cost(sum(self._read.values()), round(usd, 6))

    def read(
        self,
        handle: str,
        *,
        since: Cursor | None = None,
        until: Cursor | None = None,
        account: str | None = None,
    ) -> Timeline:
        """The profile, and the posts between the marks, fetched while they are iterated over, newest first."""
        if not _HANDLE.fullmatch(handle):
            raise SourceError(
                f"{handle[:60]!r} is no handle of X: 1 to 15 letters, digits and _; mend the registry"
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
        """Asks which posts are still there; each that is costs a read, those that are gone cost nothing.

        A timeline shows 3,200 posts, reposts included, for the same price; X's compliance jobs want the ids put
        on another host, one job at a time, and tell nothing of edits.
        """
        left = [one for one in ids if _ID.fullmatch(one)]
        while left:
            asked: list[str] = []

            def words(taken: int, asked: list[str] = asked, left: list[str] = left) -> dict[str, str]:
                asked[:] = left[:taken]
                return {"ids": ",".join(asked), **self._words.for_look_up()}

            payload = self._bought("posts", "/2/tweets", words, min(PAGE, len(left)), 1, window="look-ups")
            if isinstance(payload, _Absent):
                raise SourceError(f"X shows none of the posts that were looked up: they are {payload.why}")
            yield looked_up(payload, asked)
            left = left[len(asked) :]

    def _account(self, handle: str, account: str | None) -> User:
        """Who the handle is. Raises Blocked if X does not show it, or if it is another account than before."""
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
        """One account, asked for once in a run. Raises SourceError or Deferred."""
        if route in self._users:
            return self._users[route]
        payload = self._bought("users", route, lambda _: self._words.for_users(), 1, 1)
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

        def asked(taken: int) -> dict[str, str]:
            size = str(max(SMALLEST_PAGE, min(taken, PAGE)))
            exclude = {} if self._retweets else {"exclude": "retweets"}
            return {"max_results": size, **params, **exclude, **self._words.for_posts()}

        route, most = f"/2/users/{found.id}/tweets", max(SMALLEST_PAGE, most)
        payload = self._bought("posts", route, asked, most, SMALLEST_PAGE)
        # X leaves out in silence what it knows by another name, so the first posts of a run may be asked for twice.
        if not isinstance(payload, _Absent) and self._words.lack(records(payload)):
            payload = self._bought("posts", route, asked, most, SMALLEST_PAGE)
        if isinstance(payload, _Absent):
            raise Blocked(f"@{found.handle} is {payload.why}")
        if payload.get("data") is None and (why := answers.absence(payload)):
            raise Blocked(f"@{found.handle} is {why}")
        return payload

    def _bought(
        self,
        what: Literal["users", "posts"],
        route: str,
        asked: Callable[[int], Mapping[str, str]],
        most: int,
        least: int,
        window: str | None = None,
    ) -> dict[str, Any] | _Absent:
        """A payload, paid for: the reads are taken before, and given back as far as X bills fewer.

        `window` names the rate limit where it is not that of `what`.
        """
        window = window or what
        if closed := self._calls.closed(window):
            raise closed
        each = self._words.reads_per(what)
        taken = self._budget.take(most * each, least * each)
        try:
            result = self._calls.get(window, route, asked(taken // each))
            while isinstance(result, Failure) and result.vocabulary and self._words.refused(what):
                result = self._calls.get(window, route, asked(taken // each))
        except Deferred:  # interrupted while it waited
            self._budget.give_back(taken)
            raise
        if isinstance(result, Failure):
            billed = taken if result.billed else 0
        else:
            billed = answers.resources(result.value)
            self._words.understood(what)
        self._read[what] += billed
        self._budget.give_back(taken - billed)
        if not isinstance(result, Failure):
            return result.value
        if result.absence:
            return _Absent(result.absence)
        raise result.error

    def _picture(self, found: User, warnings: list[str]) -> bytes | None:
        """The profile's picture, or None with a warning: a model can be made without."""
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


def _number(mark: Cursor | None) -> int | None:
    return int(mark.id) if mark is not None and _ID.fullmatch(mark.id) else None
