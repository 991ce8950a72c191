"""An archive of Twitter from 2012 to 2018: `data/js/tweets/YYYY_MM.js` with its index, or its `tweets.csv`.

Closed accounts have no other. Opens the index, the account and the posts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

from bot.errors import SourceError
from bot.sources import fields
from bot.sources.archives import x_posts, ytd
from bot.sources.archives.kind import Choices
from bot.sources.archives.look import Look
from bot.sources.archives.members import Members, open_members
from bot.sources.archives.x_csv import is_csv, records
from bot.sources.archives.x_posts import Contents, Part, Whose
from bot.sources.files import opened
from bot.sources.posts import Owner, Timeline

TITLE = "an archive of Twitter from 2012 to 2018"
SOURCE = "archive"
NETWORK = "x"
READS = (
    "the handle, the name and the id of the account, of data/js/user_details.js or of the posts",
    "the posts, of data/js/tweets or of tweets.csv",
)
NEVER = ("the places where posts were written", "pictures and everything else")
CHOICES = frozenset[str]()

_MONTH = re.compile(r"(?:^|/)data/js/tweets/\d{4}_\d{2}\.js$")
_SINGLE = re.compile(rb"(?:\xef\xbb\xbf)?\s*Grailbird\.data\.tweets_\d{4}_\d{2}\s*=")
_CSV = re.compile(r"(?:^|/)tweets\.csv$")
_INDEX, _ACCOUNT = "data/js/tweet_index.js", "data/js/user_details.js"


def recognise(look: Look) -> str | None:
    """In which form the archive is; None where it is none."""
    if look.form in ("zip", "folder"):
        if any(map(_MONTH.search, look.members)):
            return "with its months in data/js/tweets"
        return "with its tweets.csv alone" if any(map(_CSV.search, look.members)) else None
    if look.form == "file" and _SINGLE.match(look.head):
        return "single months of it"
    return "its tweets.csv" if look.form == "file" and is_csv(look.head) else None


def owner(looks: Sequence[Look]) -> Owner:
    """The owner, from `user_details.js`, or from one post of each month."""
    with ExitStack() as stack:
        return _whose(_open(stack, looks), looks).owner


def check(looks: Sequence[Look], choices: Choices) -> None:
    """Checks that every month of the index is there, without reading posts."""
    with ExitStack() as stack:
        _contents(_open(stack, looks), looks)


def read(looks: Sequence[Look], handle: str, choices: Choices) -> Timeline:
    """All posts of the files together, each once."""
    with ExitStack() as stack:
        return x_posts.timeline(_contents(_open(stack, looks), looks), handle, choices)


def _open(stack: ExitStack, looks: Sequence[Look]) -> list[Members]:
    packed = [look for look in looks if look.form in ("zip", "folder")]
    return [stack.enter_context(open_members(look.file)) for look in packed]


def _where(looks: Sequence[Look]) -> str:
    return ", ".join(look.name for look in looks)


def _contents(opened_archives: Sequence[Members], looks: Sequence[Look]) -> Contents:
    parts = [part for members in opened_archives for part in _packed_parts(members)]
    parts += [_single_part(look) for look in looks if look.form == "file"]
    counts = [_count(members) for members in opened_archives]
    alone = len(looks) == 1 and counts != []
    return Contents(_where(looks), _whose(opened_archives, looks), parts, count=counts[0] if alone else None)


def _packed_parts(members: Members) -> Iterator[Part]:
    """The months, else the CSV, which holds the same posts once more. Raises SourceError for a missing month."""
    months = sorted(name for name in members.names if _MONTH.search(name))
    for file in _index(members):
        named = (fields.text(file, "file_name") or "").lower()
        if not any(name == named or name.endswith(f"/{named}") for name in months):
            raise SourceError(
                f"{members.file}: its index names {named[:100]!r}, and that is missing: it is not the whole archive; "
                "unpack or copy it again"
            )
    for name in months:
        yield _month(members, name)
    for name in () if months else sorted(filter(_CSV.search, members.names)):
        yield _table(members, name)


def _month(members: Members, name: str) -> Part:
    where = f"{members.file}: {name}"

    def read_records() -> Iterator[dict[str, Any]]:
        with members.open(name) as stream:
            yield from ytd.records(stream, where)

    return Part(where, read_records)


def _table(members: Members, name: str) -> Part:
    where = f"{members.file}: {name}"

    def read_records() -> Iterator[dict[str, Any]]:
        with members.open(name) as stream:
            yield from records(stream, where)

    return Part(where, read_records)


def _single_part(look: Look) -> Part:
    def read_records() -> Iterator[dict[str, Any]]:
        with opened(look.file) as stream:
            yield from records(stream, look.name) if is_csv(look.head) else ytd.records(stream, look.name)

    return Part(look.name, read_records)


def _index(members: Members) -> list[dict[str, Any]]:
    """What the indices of all archives in a file list."""
    lists = [value for value in _values(members, _INDEX) if isinstance(value, list)]
    return [file for value in lists for file in value if isinstance(file, dict)]


def _count(members: Members) -> int | None:
    """The number of posts that the index announces; None without one."""
    counts = [file.get("tweet_count") for file in _index(members)]
    whole = [
        count for count in counts if isinstance(count, int) and not isinstance(count, bool) and count >= 0
    ]
    return sum(whole) if counts and len(whole) == len(counts) else None


def _whose(opened_archives: Sequence[Members], looks: Sequence[Look]) -> Whose:
    """The account that the details name; without them, that of the first post of each month."""
    details = [value for members in opened_archives for value in _values(members, _ACCOUNT)]
    found = [_account(value) for value in details if isinstance(value, dict)]
    if not any(each.handle or each.account for each in found):
        months = [
            _month(members, name)
            for members in opened_archives
            for name in members.names
            if _MONTH.search(name)
        ]
        months += [_single_part(look) for look in looks if look.form == "file" and not is_csv(look.head)]
        first = [next(iter(part.records()), {}) for part in months]
        found = [_account(fields.mapping(record, "user")) for record in first]
    return x_posts.whose_of(found, _where(looks))


def _account(known: dict[str, Any]) -> Whose:
    """The account of `user_details.js`, or of a post's `user`."""
    number = known.get("id_str") or known.get("id")
    account = {
        "username": known.get("screen_name"),
        "accountId": str(number) if isinstance(number, int | str) else None,
        "accountDisplayName": known.get("full_name") or known.get("name"),
    }
    return x_posts.whose(account, {})


def _values(members: Members, last: str) -> Iterator[Any]:
    """The values of the small files of that name, of each archive in a file."""
    for name in sorted(members.names):
        if name == last or name.endswith(f"/{last}"):
            with members.open(name) as stream:
                yield ytd.value(stream, f"{members.file}: {name}")
