"""Handles: their syntax on each network, their normal form, and the repo name derived from them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal, assert_never, get_args

from bot.errors import WrongValue
from bot.sources.posts import Network

Source = Literal["x", "archive", "bluesky", "mastodon", "jsonl"]
MAX_LENGTH = 320
"""Maximum of characters in a handle as written: longer than any address of a profile."""

SOURCES: tuple[Source, ...] = get_args(Source)

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)+(?=[a-z]){_LABEL}"
_X = re.compile(r"[a-z0-9_]{1,15}")
_WORD = re.compile(r"[a-z0-9_]{1,30}")
_BLUESKY = re.compile(rf"{_DOMAIN}|did:(?:plc:[a-z2-7]{{24}}|web:{_DOMAIN})")
_MASTODON = re.compile(rf"[a-z0-9_](?:[a-z0-9_.-]{{0,62}}[a-z0-9_])?@{_DOMAIN}")
_ADDRESS = re.compile(r"(?:https?://)?(?:www\.|mobile\.)?([^/?#\s@]+\.[^/?#\s@]+)/([^?#\s]+?)/?(?:[?#]\S*)?")

_POST = re.compile(
    r"(?:https?://)?(?:www\.|mobile\.)?([^/?#\s@]+\.[^/?#\s@]+)/"
    r"(?:([a-z0-9_]{1,15})/status(?:es)?/\d+|profile/([a-z0-9:.-]+)/post/\w+|@([a-z0-9_.@-]+)/\d+)(?:[/?#]\S*)?"
)

_X_HOSTS = ("x.com", "twitter.com")


class WrongHandle(WrongValue):
    """A text that is no handle of its source: `instead` is the one that it holds, `source` one that it would be of."""

    def __init__(self, message: str, *, instead: Sequence[str] = (), source: Source | None = None) -> None:
        super().__init__(message, instead=instead)
        self.source = source


def normalise(text: str, source: Source) -> str:
    """The handle in normal form: lower-case, without a leading @ or a profile's address.

    Raises WrongHandle with a sentence that says what a handle of this source looks like.
    """
    handle = bare(text)
    match source:
        case "x":
            if _X.fullmatch(handle):
                return handle
            shape = "an X handle has 1 to 15 letters, digits and _ only"
        case "archive":
            if any(each.fullmatch(handle) for each in (_X, _BLUESKY, _MASTODON)):
                return handle
            shape = (
                "write the handle as the archive's network has it: ada_example for X, user@host for Mastodon, "
                "carol.example.social for Bluesky"
            )
        case "bluesky":
            if _BLUESKY.fullmatch(handle):
                return handle
            shape = "a Bluesky handle is a domain such as carol.example.social"
        case "mastodon":
            if _MASTODON.fullmatch(handle):
                return handle
            shape = "a Mastodon handle is user@host, with the host it lives on"
        case "jsonl":
            if _WORD.fullmatch(handle) or _BLUESKY.fullmatch(handle) or _MASTODON.fullmatch(handle):
                return handle
            shape = "a handle is a word of at most 30 letters, digits and _, a domain, or user@host"
        case _:
            assert_never(source)
    wrong = f"{shown(text)} is not a handle of source {source}"
    if (author := author_of(text)) and if_valid(author, source):
        raise WrongHandle(f"{wrong}: it is the address of a post; write {author}", instead=[author])
    other = _other_source(handle, source)
    hint = f"; for a {other.capitalize()} account set source: {other}" if other else ""
    raise WrongHandle(f"{wrong}: {shape}{hint}", source=other)


def network(handle: str) -> Network:
    """The network that a normalised handle of an archive belongs to, by its form: a bare word is X's."""
    if _MASTODON.fullmatch(handle):
        return "mastodon"
    return "bluesky" if _BLUESKY.fullmatch(handle) else "x"


def if_valid(text: str, source: Source) -> str | None:
    """The handle in normal form, or None where the text is no handle."""
    try:
        return normalise(text, source)
    except ValueError:
        return None


def person(text: str) -> str:
    """The normal form of a handle of any network, as tombstones use it. Raises WrongHandle as `normalise`."""
    handle = bare(text)
    if any(shape.fullmatch(handle) for shape in (_WORD, _BLUESKY, _MASTODON)):
        return handle
    if (author := author_of(text)) and author != handle:
        raise WrongHandle(
            f"{shown(text)} is not a handle, but the address of a post: write {author}", instead=[author]
        )
    raise WrongHandle(f"{shown(text)} is not a handle: write ada_example, carol.example.social or user@host")


def repo_name(handles: Iterable[str]) -> str:
    """The repo name of normalised handles: sorted, `user.host` for Mastodon, joined by one `-`."""
    name = "-".join(re.sub("[@:]", ".", handle) for handle in sorted(handles))
    return re.sub("-{2,}", "-", name)


def profile_url(handle: str, network: str) -> str | None:
    """The public page of an account, by its normalised handle; None where the network is not known."""
    match network:
        case "x":
            return f"https://x.com/{handle}"
        case "bluesky":
            return f"https://bsky.app/profile/{handle}"
        case "mastodon":
            user, _, host = handle.partition("@")
            return f"https://{host}/@{user}"
    return None


def bare(text: str) -> str:
    """The text in lower case, without a leading @ or the address of a profile."""
    text = text.strip()
    if not text.isascii() or len(text) > MAX_LENGTH:
        return text
    text = text.lower()
    if found := _ADDRESS.fullmatch(text):
        host, path = found.groups()
        if host in _X_HOSTS and "/" not in path:
            return path.removeprefix("@")
        if host == "bsky.app" and path.startswith("profile/"):
            return path.removeprefix("profile/")
        if host not in (*_X_HOSTS, "bsky.app") and (user := re.fullmatch(r"(?:@|users/)([^/]+)", path)):
            return user[1] if "@" in user[1] else f"{user[1]}@{host}"
    return text.removeprefix("@")


def author_of(text: str) -> str | None:
    """The handle whose post the text is the address of, in normal form; None for any other text."""
    text = text.strip()
    if not text.isascii() or len(text) > MAX_LENGTH or not (found := _POST.fullmatch(text.lower())):
        return None
    host, user = found[1], found[2] or found[3] or found[4]
    if found[2] is not None:
        return user if host in _X_HOSTS else None
    if found[3] is not None:
        return user if host == "bsky.app" else None
    return f"{user}@{host}" if host not in (*_X_HOSTS, "bsky.app") and "@" not in user else user


def _other_source(handle: str, source: Source) -> Source | None:
    """The network that a handle has the form of, where that is not the one of the source."""
    if source in ("x", "bluesky") and _MASTODON.fullmatch(handle):
        return "mastodon"
    return "bluesky" if source in ("x", "mastodon") and _BLUESKY.fullmatch(handle) else None


def shown(text: str) -> str:
    """Untrusted text for a message: quoted, on one line, shortened, invisible characters escaped."""
    return repr(text if len(text) <= 60 else text[:57] + "...")
