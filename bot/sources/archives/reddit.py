"""The data that Reddit gives a person: a zip or folder of tables, or `comments.csv` and `posts.csv` out of it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial

from bot.errors import SourceError
from bot.sources import handles
from bot.sources.archives import dates, rows
from bot.sources.archives.collecting import Part, Record, collect
from bot.sources.archives.kind import Choices
from bot.sources.archives.look import Look
from bot.sources.archives.members import Members, named, open_members, single, where
from bot.sources.links import shows_address
from bot.sources.posts import Owner, Post, Profile, Timeline

TITLE = "the data of a Reddit account"
SOURCE = "jsonl"
NETWORK = None
READS = (
    "comments and posts, of comments.csv and posts.csv, without lines that quote somebody; those in private "
    "communities are not marked, so take their rows out first",
    "the name of the account, of statistics.csv",
)
NEVER = ("messages and chats", "votes and what was saved", "IP and e-mail addresses, everything else")
CHOICES = frozenset[str]()

_COMMENTS, _POSTS, _ACCOUNT = "comments.csv", "posts.csv", "statistics.csv"
_OTHERS = frozenset(
    (
        _ACCOUNT,
        "comment_headers.csv",
        "post_headers.csv",
        "subscribed_subreddits.csv",
        "ip_logs.csv",
        "account_gender.csv",
        "comment_votes.csv",
        "post_votes.csv",
    )
)
"""Tables of which an export has one beside the posts, as other zips with a posts.csv have not."""
_COLUMNS = frozenset(("id", "permalink", "date", "subreddit", "body"))
_GONE = re.compile(r"\[\s*(?:deleted|removed)[^\]]{0,40}\]")
_QUOTE = re.compile(r"^[ ]{0,3}>(?!!).*$\n?", re.MULTILINE)
_LINK = re.compile(r"\[([^\[\]\n]{1,300})\]\((https?://[^\s()]{1,2000})\)")
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+.!~^>|-])")
_POST_OF = re.compile(r"/comments/([a-z0-9]{1,12})(?:/|$)")


def recognise(look: Look) -> str | None:
    """In which form the data are; None where they are of another kind."""
    if look.form == "file":
        return "single files of it" if _name(look) else None
    names = look.last_names
    if (
        look.form not in ("zip", "folder")
        or names.isdisjoint((_COMMENTS, _POSTS))
        or names.isdisjoint(_OTHERS)
    ):
        return None
    return f"the {look.form}"


def owner(looks: Sequence[Look]) -> Owner:
    """The owner, of `statistics.csv`."""
    with ExitStack() as stack:
        name = _account(_open(stack, looks), looks)
        return Owner(name, _account_id(name)) if name else Owner()


def check(looks: Sequence[Look], choices: Choices) -> None:
    """Checks that there are posts, and all of one account, without reading all of them."""
    with ExitStack() as stack:
        archives = _open(stack, looks)
        _account(archives, looks)
        for part in _parts(archives, looks):
            next(iter(part.records()), None)


def read(looks: Sequence[Look], handle: str, choices: Choices) -> Timeline:
    """All comments and posts of the files together, each once."""
    with ExitStack() as stack:
        archives = _open(stack, looks)
        name = _account(archives, looks)
        found = collect(_parts(archives, looks), _parse, choices.latest)
    warnings = list(found.warnings)
    if handle and name and name != handle:
        warnings.insert(0, f"the file is another account's, not {handle}'s")
    if found.left_out:
        warnings.append(
            f"records left out, since they were deleted or removed, or are quotes alone: {found.left_out:,}"
        )
    profile = Profile(name or handle, name or handle, "other", id=_account_id(name) if name else None)
    return Timeline(profile, tuple(found.posts.values()), tuple(warnings))


def _account_id(name: str) -> str:
    """The id of an account: nobody can change a name on Reddit."""
    return f"{name}@reddit.com"


def _name(look: Look) -> str | None:
    """The name that a single file has in the export, by its columns; None where it is of no export."""
    names = rows.columns(rows.first_line(look.head))
    if set(names) >= _COLUMNS:
        return _POSTS if "title" in names else _COMMENTS
    return _ACCOUNT if names == ["statistic", "value"] and b"account name" in look.head else None


def _open(stack: ExitStack, looks: Sequence[Look]) -> list[Members]:
    return [
        stack.enter_context(
            single(look.file, _name(look) or _POSTS) if look.form == "file" else open_members(look.file)
        )
        for look in looks
    ]


def _account(archives: Sequence[Members], looks: Sequence[Look]) -> str:
    """The account's name as a handle, with `_` for `-`; empty where it is not named. SourceError for two."""
    found = set()
    for members, name in named(archives, _ACCOUNT):
        with members.open(name) as stream:
            for row in rows.rows(stream, where(members, name)):
                if row.get("statistic") == "account name":
                    found.add(handles.if_valid(row.get("value", "").strip().replace("-", "_"), "jsonl") or "")
    if len(found - {""}) > 1:
        raise SourceError(
            f"{', '.join(look.name for look in looks)}: there are data of {len(found)} accounts here; give those of "
            "one at a time"
        )
    return next(iter(found - {""}), "")


def _parts(archives: Sequence[Members], looks: Sequence[Look]) -> list[Part]:
    parts = [
        Part(where(members, name), partial(_records, members, name))
        for members, name in named(archives, _COMMENTS, _POSTS)
    ]
    if not parts:
        raise SourceError(
            f"{', '.join(look.name for look in looks)}: there is no comments.csv and no posts.csv here; give the zip "
            "that Reddit sends (reddit.com/settings/data-request)"
        )
    return parts


def _records(members: Members, name: str) -> Iterator[Record]:
    place = where(members, name)
    with members.open(name) as stream:
        for number, row in enumerate(rows.rows(stream, place)):
            if number == 0 and not row.keys() >= _COLUMNS:
                raise SourceError(
                    f"{place}: it has not the columns of Reddit's ({', '.join(sorted(_COLUMNS))}); give the zip as "
                    "Reddit sent it"
                )
            yield row


def _parse(row: Record) -> Post | None:
    """A row as a post; None for one that is gone, or holds no word of the person. Raises ValueError."""
    is_post = "title" in row
    identifier = row["id"].strip().lower()
    if not identifier:
        raise ValueError("has no id")
    body = row["body"].strip()
    if _GONE.fullmatch(body) or _GONE.fullmatch(row.get("title", "").strip()):
        return None
    created = dates.moment(row["date"])
    if created is None:
        raise ValueError("has no date that can be read")
    words = "\n".join(filter(None, [_plain(row.get("title", "")), _plain(body)]))
    if not words:
        return None
    return Post(
        id=_full_id("t3" if is_post else "t1", identifier),
        text=words,
        created_at=created,
        reply_to=None if is_post else _reply_to(row),
    )


def _full_id(kind: str, identifier: str) -> str:
    return identifier if identifier.startswith(f"{kind}_") else f"{kind}_{identifier}"


def _reply_to(row: Record) -> str | None:
    """The comment or the post that a comment answers."""
    parent = row.get("parent", "").strip().lower()
    if parent:
        return parent if parent.startswith("t3_") else _full_id("t1", parent)
    found = _POST_OF.search(row.get("link", ""))
    return f"t3_{found[1]}" if found else None


def _plain(text: str) -> str:
    """The person's own words: no lines that quote somebody, of links their words, entities and escapes undone."""
    text = _QUOTE.sub("", html.unescape(text))
    return _ESCAPE.sub(r"\1", _LINK.sub(_words, text)).strip()


def _words(link: re.Match[str]) -> str:
    return "" if shows_address(link[1], link[2]) else link[1]
