"""Source `bluesky`: reads accounts through Bluesky's public API, without a login and free of charge.

Shapes and errors are those of the lexicons app.bsky.actor.getProfile and app.bsky.feed.getAuthorFeed.
`BLUESKY_API_BASE` sends every request elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bot.errors import Blocked, BotError, SourceError
from bot.io.http import POLICY, Answer, Client, homepage
from bot.sources import Cost, Cursor, Options, Source
from bot.sources.bluesky_records import check_consent, labels_of, post_of
from bot.sources.fields import identifier, mapping, mappings, moment, text
from bot.sources.handles import if_valid, shown
from bot.sources.paging import Page, walk
from bot.sources.posts import Ending, Post, Profile, Timeline

_API = "https://public.api.bsky.app/xrpc/"
_PAGE = "100"  # the most there is
_NO_HANDLE = "handle.invalid"  # the network's placeholder for a handle that fails verification
_GONE = {
    "AccountTakedown": "is suspended by the network",
    "AccountSuspended": "is suspended by the network",
    "AccountDeactivated": "is deactivated by its owner",
}
_ERROR_NAME = re.compile(r"[A-Za-z]{1,40}")


def open_source(options: Options) -> Source:
    """Opens the public API, or the server of `BLUESKY_API_BASE`."""
    environment, policy = options.environment, replace(options.policy or POLICY, sleep=options.sleep)
    base = environment.get("BLUESKY_API_BASE")
    return Bluesky(Client(base=base, homepage=homepage(environment), policy=policy))


class Bluesky:
    """Reads accounts by handle or DID; the DID is the stable id. Reading costs nothing."""

    def __init__(self, client: Client, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._client = client
        self._now = now

    @property
    def cost(self) -> Cost:
        """Nothing."""
        return Cost()

    def read(
        self,
        handle: str,
        *,
        since: Cursor | None = None,
        until: Cursor | None = None,
        account: str | None = None,
    ) -> Timeline:
        """The profile, and the posts from the newest down to `since`; see Source.

        The network has no upper bound, so `until` is ignored and the newest posts are yielded again.
        """
        found = self._profile(handle)
        if found is None:
            raise self._missing(handle, account)
        did = identifier(found, "did")
        if did is None:
            raise SourceError(f"{handle}: Bluesky answered with a profile that has no DID; run again later")
        if account and did != account:
            raise Blocked(
                f"the handle {handle} has another owner: the model was made of {account}, and it now belongs to "
                f"{did}; nothing was fetched"
            )
        labels = labels_of(mappings(found, "labels"), self._now())
        bio = text(found, "description") or ""
        check_consent(handle, labels, bio)
        warnings: list[str] = []
        name = if_valid(text(found, "handle") or "", "bluesky") or handle
        profile = Profile(
            handle=did if name == _NO_HANDLE else name,
            name=text(found, "displayName") or handle,
            network="bluesky",
            id=did,
            bio=bio,
            avatar=self._avatar(text(found, "avatar"), warnings),
            labels=labels,
        )
        ending = Ending()
        posts = walk(lambda cursor: self._page(handle, did, cursor, since), warnings, ending=ending)
        return Timeline(profile, posts, warnings, complete=ending)

    def exists(self, handle: str) -> bool:
        """Whether an account has the handle; see FindsAccounts."""
        return self._profile(handle) is not None

    def _profile(self, actor: str) -> dict[str, Any] | None:
        """The profile, or None where no account has that handle."""
        answer = self._client.json(_API + "app.bsky.actor.getProfile", {"actor": actor})
        if answer.status == 200 and isinstance(answer.value, dict):
            return answer.value
        if _not_found(answer):
            return None
        raise _refused(actor, answer)

    def _missing(self, handle: str, account: str | None) -> Blocked:
        """Why no account has the handle: it was renamed, or does not exist."""
        found = self._profile(account) if account else None
        name = (identifier(found, "handle") or "").lower()
        if name and name not in (_NO_HANDLE, handle):
            return Blocked(
                f"{handle} is now called {shown(name)}: it is the same account, {account}; "
                "write the new handle into the registry"
            )
        return _no_account(handle)

    def _page(self, handle: str, did: str, cursor: str | None, since: Cursor | None) -> Page:
        query = {"actor": did, "limit": _PAGE, "filter": "posts_with_replies"}
        answer = self._client.json(
            _API + "app.bsky.feed.getAuthorFeed", {**query, **({"cursor": cursor} if cursor else {})}
        )
        if answer.status != 200 or not isinstance(answer.value, dict):
            raise _refused(handle, answer)
        if not isinstance(items := answer.value.get("feed"), list):
            raise SourceError(f"{handle}: Bluesky answered with a page that holds no feed; run again later")
        read = [_post(item, did, self._now()) for item in items]
        posts = tuple(post for post in read if post)
        return Page(
            posts,
            identifier(answer.value, "cursor"),
            damaged=len(read) - len(posts),
            reached_known=since is not None and _reaches(items, read, since),
        )

    def _avatar(self, url: str | None, warnings: list[str]) -> bytes | None:
        if not url:
            return None
        try:
            return self._client.picture(url)
        except SourceError as error:
            warnings.append(f"the avatar was not fetched: {error}")
            return None


def _not_found(answer: Answer) -> bool:
    """Whether no account has the handle. Other invalid requests have the same error name."""
    message = (text(answer.value, "message") or "").lower()
    return answer.status == 400 and text(answer.value, "error") == "InvalidRequest" and "not found" in message


def _no_account(handle: str) -> Blocked:
    return Blocked(f"there is no account {handle} on Bluesky; check the handle, or remove the entry")


def _refused(handle: str, answer: Answer) -> BotError:
    error = text(answer.value, "error") or ""
    if answer.status == 400 and error in _GONE:
        return Blocked(f"{handle} {_GONE[error]}")
    if _not_found(answer):  # gone since its profile was read
        return _no_account(handle)
    name = f" ({error})" if _ERROR_NAME.fullmatch(error) else ""
    what = f"status {answer.status}{name}" if answer.status != 200 else "something that is no JSON object"
    return SourceError(
        f"{handle}: Bluesky answered with {what}; run again later, and look for a newer version if it goes on"
    )


def _post(item: object, did: str, now: datetime) -> Post | None:
    """One item of the feed as a post; None for a damaged one, or another account's that is no repost."""
    post, reason = mapping(item, "post"), mapping(item, "reason")
    uri, record = identifier(post, "uri"), mapping(post, "record")
    if uri is None:
        return None
    if (text(reason, "$type") or "").endswith("reasonRepost"):
        reposted = moment(reason, "indexedAt") or moment(post, "indexedAt")
        # Not the uri of the reposted post, which may be one of the same account.
        return (
            Post(identifier(reason, "uri") or f"repost:{uri}", "", reposted, is_repost=True)
            if reposted
            else None
        )
    created = _created(post, record, now)
    if created is None or not uri.startswith(f"at://{did}/"):
        return None
    return post_of(uri, record, created, mappings(post, "labels"))


def _created(post: dict[str, Any], record: dict[str, Any], now: datetime) -> datetime | None:
    """The author's time of a post, but never later than the network's: feeds are sorted this way."""
    said, seen = moment(record, "createdAt"), moment(post, "indexedAt")
    return min(said, seen or now) if said else seen


def _reaches(items: list[object], read: list[Post | None], since: Cursor) -> bool:
    """Whether the page reaches the cursor: it holds the cursor's post, or only older ones.

    A pinned post is out of order, so it is not considered.
    """
    ordinary = [
        post
        for item, post in zip(items, read, strict=True)
        if post and not (text(mapping(item, "reason"), "$type") or "").endswith("reasonPin")
    ]
    if any(post.id == since.id for post in ordinary):
        return True
    return bool(ordinary) and all(post.created_at < since.created_at for post in ordinary)
