"""Source `mastodon`: reads accounts from their own server, without a login and free of charge.

Shapes are those of Mastodon's Account and Status entities; servers with the same API are read the same way.
`MASTODON_API_BASE` sends every request elsewhere, with the server's name in the Host header.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, quote

from requests.utils import parse_header_links

from bot.errors import Blocked, BotError, SourceError
from bot.io.addresses import is_public, split
from bot.io.http import POLICY, Answer, Client, homepage
from bot.sources import Cost, Cursor, Options, Source, handles
from bot.sources.fields import identifier, mapping, mappings, moment, text
from bot.sources.html_text import html_to_text
from bot.sources.opt_out import opt_out_tag
from bot.sources.paging import Page, walk
from bot.sources.posts import LONGEST_APP, Ending, Post, Profile, Timeline

_PAGE = "40"  # the most there is
_PUBLIC = ("public", "unlisted")
_NO_AVATAR = "/missing.png"


def open_source(options: Options) -> Source:
    """Opens the servers that handles name, or the one of `MASTODON_API_BASE`."""
    base = options.environment.get("MASTODON_API_BASE")
    policy = replace(options.policy or POLICY, sleep=options.sleep)
    client = Client(base=base, homepage=homepage(options.environment), policy=policy)
    return Mastodon(client, rerouted=bool(base))


class Mastodon:
    """Reads accounts as `user@host`; the stable id is the account's number on that host. It costs nothing."""

    def __init__(self, client: Client, *, rerouted: bool = False) -> None:
        self._client = client
        self._rerouted = rerouted

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
        """The profile, and the posts between `since` and `until`, newest first; see Source."""
        user, host = self._address(handle)
        found = self._account(user, host)
        number = identifier(found, "id")
        if number is None:
            raise SourceError(f"{handle}: {host} answered with an account that has no id; run again later")
        if account and number != account:
            raise Blocked(
                f"the handle {handle} has another owner: the model was made of account {account} of {host}, and "
                f"this is {number}; nothing was fetched"
            )
        bio = _plain(text(found, "note"))
        _check_consent(handle, host, found, bio)
        warnings: list[str] = []
        profile = Profile(
            handle=handles.if_valid(_whole(text(found, "acct") or "", host), "mastodon") or f"{user}@{host}",
            name=text(found, "display_name") or user,
            network="mastodon",
            id=number,
            bio=bio,
            avatar=self._avatar(text(found, "avatar_static") or text(found, "avatar"), warnings),
            labels=("bot",) if found.get("bot") is True else (),
        )
        start, ending = until.id if until else None, Ending()
        posts = walk(
            lambda cursor: self._page(handle, host, number, cursor, since),
            warnings,
            start=start,
            ending=ending,
        )
        return Timeline(profile, posts, warnings, complete=False if since or until else ending)

    def exists(self, handle: str) -> bool:
        """Whether an account has the handle; see FindsAccounts."""
        user, host = self._address(handle)
        answer = self._client.json(f"https://{host}/api/v1/accounts/lookup", {"acct": user})
        if answer.status == 404 and isinstance(answer.value, dict):  # a server without this API has a page
            return False
        if answer.status != 200:
            raise _refused(handle, host, answer)
        return True

    def _address(self, handle: str) -> tuple[str, str]:
        """User and host of a handle. Raises SourceError for a host that must not be asked."""
        try:
            user, _, host = handles.normalise(handle, "mastodon").partition("@")
        except ValueError as error:
            raise SourceError(str(error)) from None
        if not (self._rerouted or is_public(host)):
            raise SourceError(f"{handle}: {host} is no domain of the public internet, and is not asked")
        return user, host

    def _account(self, user: str, host: str) -> dict[str, Any]:
        answer = self._client.json(f"https://{host}/api/v1/accounts/lookup", {"acct": user})
        if answer.status != 200 or not isinstance(answer.value, dict):
            raise _refused(f"{user}@{host}", host, answer)
        return answer.value

    def _page(self, handle: str, host: str, number: str, cursor: str | None, since: Cursor | None) -> Page:
        query = {"limit": _PAGE}
        if since:
            query["since_id"] = since.id
        if cursor:
            query["max_id"] = cursor
        answer = self._client.json(f"https://{host}/api/v1/accounts/{quote(number, safe='')}/statuses", query)
        if answer.status != 200 or not isinstance(answer.value, list):
            raise _refused(handle, host, answer)
        posts: list[Post] = []
        damaged = private = 0
        for status in answer.value:
            if (text(status, "visibility") or "public") not in _PUBLIC:
                private += 1
            elif post := _post(status, number):
                posts.append(post)
            else:
                damaged += 1
        return Page(tuple(posts), _next_cursor(answer), damaged, private)

    def _avatar(self, url: str | None, warnings: list[str]) -> bytes | None:
        if not url or url.endswith(_NO_AVATAR):
            return None
        try:
            return self._client.picture(url)
        except SourceError as error:
            warnings.append(f"the avatar was not fetched: {error}")
            return None


def _check_consent(handle: str, host: str, found: dict[str, Any], bio: str) -> None:
    """Raises Blocked for an account that is hidden, has moved, or asks not to be used."""
    if found.get("suspended") is True:
        raise Blocked(f"{handle} is suspended by its server")
    if moved := mapping(found, "moved"):
        there = _whole(text(moved, "acct") or "", host)
        raise Blocked(
            f"{handle} has moved to {handles.shown(there)}; ask its owner, and write that handle into the registry"
        )
    if found.get("limited") is True:
        raise Blocked(f"{handle} is hidden by the moderators of {host}")
    if found.get("memorial") is True:
        raise Blocked(f"{handle} is kept in memory of somebody who can no longer agree to be imitated")
    if found.get("noindex") is True:
        raise Blocked(
            f"{handle} asks search engines to leave it out (noindex), so it is not used; its owner can change that "
            "in the server's preferences, under public profile, privacy and reach"
        )
    if found.get("indexable") is False:
        raise Blocked(
            f"{handle} does not let its public posts be searched (indexable is off), so they are not used; its "
            "owner can change that in the server's preferences, under public profile, privacy and reach"
        )
    fields = [_plain(text(field, key)) for field in mappings(found, "fields") for key in ("name", "value")]
    if tag := opt_out_tag([bio, *fields]):
        raise Blocked(f"{handle} asks in its profile not to be used ({tag}), so it is not")


def _refused(handle: str, host: str, answer: Answer) -> BotError:
    match answer.status:
        case 401:
            return Blocked(f"{handle}: {host} lets nobody read its accounts without signing in")
        case 404:
            return Blocked(f"there is no account {handle}; check the handle, or remove the entry")
        case 410:
            return Blocked(f"{handle} is gone: its server has removed it")
        case 200:
            what = "something that is no account and no list of posts"
        case status:
            what = f"status {status}"
    return SourceError(f"{handle}: {host} answered with {what}; run again later")


def _post(status: object, number: str) -> Post | None:
    """One status as a post; None for a damaged one or another account's. The text of a boost is never read.

    A content warning is not part of the text: it marks the post as sensitive.
    """
    key, created = identifier(status, "id"), moment(status, "created_at")
    if not isinstance(status, dict) or key is None or created is None:
        return None
    if status.get("reblog"):
        return Post(key, "", created, is_repost=True)
    content = text(status, "content")
    if content is None or identifier(mapping(status, "account"), "id") not in (None, number):
        return None
    try:
        words = html_to_text(content)
    except ValueError:
        return None
    return Post(
        id=key,
        text=words,
        created_at=created,
        lang=text(status, "language"),
        reply_to=identifier(status, "in_reply_to_id"),
        reply_to_author=identifier(status, "in_reply_to_account_id"),
        app=(text(mapping(status, "application"), "name") or "")[:LONGEST_APP] or None,
        sensitive=status.get("sensitive") is True or bool(text(status, "spoiler_text")),
    )


def _next_cursor(answer: Answer) -> str | None:
    """The next page's `max_id`: the Link header's, else the last status's id, since deletions shorten pages.

    None after an empty page. An address is never taken from the response.
    """
    for link in parse_header_links(answer.headers.get("Link", "")):
        if link.get("rel") == "next":
            found = parse_qs(split(link.get("url", "")).query).get("max_id", [])
            if following := identifier({"max_id": found[0] if found else None}, "max_id"):
                return following
    known = [key for status in answer.value if (key := identifier(status, "id"))]
    return known[-1] if known else None


def _plain(html: str | None) -> str:
    try:
        return html_to_text(html or "")
    except ValueError:
        return ""


def _whole(acct: str, host: str) -> str:
    """The handle with its host, which servers omit for their own accounts."""
    return (acct if "@" in acct else f"{acct}@{host}").lower()
