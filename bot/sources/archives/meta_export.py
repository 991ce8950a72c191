"""An export of Instagram, Threads or Facebook as JSON: zip, folder or single files.

Of these only Instagram marks an account as public. What is not marked is read where a person says that it is public.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from bot.errors import SourceError
from bot.sources import handles
from bot.sources.archives import ytd
from bot.sources.archives.collecting import Part, Record, collect
from bot.sources.archives.kind import Choices
from bot.sources.archives.look import Look
from bot.sources.archives.members import Members, open_members, single, where
from bot.sources.archives.numbering import Numbering
from bot.sources.fields import mapping, mappings, text
from bot.sources.posts import Owner, Post, Profile, Timeline

TITLE = "an export of Instagram, Threads or Facebook"
SOURCE = "jsonl"
NETWORK = None
READS = (
    "captions of Instagram, where the account is marked as public",
    "posts and replies of Threads, and posts of Facebook's own timeline: not marked, so with --public alone",
    "the user name, the name and the bio of the profile",
)
NEVER = ("messages", "stories, archived posts, comments and groups", "everything else")
CHOICES = frozenset(("public",))

PUBLIC_BY_WORD = (
    "that these posts are public is the word of who imported them, since the export does not mark it"
)
"""The note on posts that are not marked."""

_FILES = {
    "threads": (re.compile(r"(?:^|/)threads_and_replies\.json$"), re.compile(rb'"text_post_app_text_posts"')),
    "instagram": (
        re.compile(r"(?:^|/)(?:content|media)/posts_\d{1,4}\.json$"),
        re.compile(rb'\s*\[\s*\{\s*"media"\s*:\s*\[\s*\{\s*"uri"'),
    ),
    "facebook": (
        re.compile(r"(?:^|/)your_posts(?:__check_ins__photos_and_videos)?_\d{1,4}\.json$"),
        re.compile(rb'\s*\[\s*\{\s*"timestamp"\s*:\s*\d+\s*,\s*"(?:data|attachments|title|tags)"'),
    ),
    "profile": (
        re.compile(r"(?:^|/)(?:personal_information|profile_information)\.json$"),
        re.compile(rb'\s*\{\s*"profile_(?:user|v2)"'),
    ),
}
"""The files that are opened: by their names in an export, or by their first bytes."""

_UNMARKED = {"threads": "Threads", "facebook": "Facebook"}


@dataclass(frozen=True, slots=True)
class _Account:
    """The account as its export describes it; `public` says that it is marked so."""

    handle: str = ""
    id: str | None = None
    name: str = ""
    bio: str = ""
    public: bool = False


@dataclass(frozen=True, slots=True)
class _File:
    """A file of an export, of the network that it is of, or of the profile."""

    of: str
    members: Members = field(repr=False)
    name: str

    @property
    def place(self) -> str:
        """How messages name it."""
        return where(self.members, self.name)


def recognise(look: Look) -> str | None:
    """In which form the export is; None where it is none."""
    if look.form == "file":
        return "single files of it" if _of(look.head) else None
    posts = [pattern for of, (pattern, _) in _FILES.items() if of != "profile"]
    found = look.form in ("zip", "folder") and any(one.search(name) for one in posts for name in look.members)
    return f"the {look.form}" if found else None


def owner(looks: Sequence[Look]) -> Owner:
    """The owner, of the profile."""
    with ExitStack() as stack:
        account = _account(_open(stack, looks), looks)
        return Owner(account.handle or None, account.id)


def check(looks: Sequence[Look], choices: Choices) -> None:
    """Checks that there are posts that may be read, of one account, without reading all of them."""
    with ExitStack() as stack:
        files = _open(stack, looks)
        _readable(files, _account(files, looks), looks, choices)


def read(looks: Sequence[Look], handle: str, choices: Choices) -> Timeline:
    """All posts of the files together that are marked as public, or that the person says are."""
    with ExitStack() as stack:
        files = _open(stack, looks)
        account = _account(files, looks)
        chosen = _readable(files, account, looks, choices)
        found = collect(
            [Part(each.place, partial(_records, each)) for each in chosen], _parser(), choices.latest
        )
    warnings = list(found.warnings)
    if handle and account.handle and account.handle != handle:
        warnings.insert(0, f"the export is another account's, not {handle}'s")
    if found.left_out:
        warnings.append(f"records left out, since they have no words of their own: {found.left_out:,}")
    warnings += [
        f"posts of {_UNMARKED[of]} are not marked as public and were left out; --public says that they are"
        for of in dict.fromkeys(each.of for each in files if each.of in _UNMARKED and each not in chosen)
    ]
    known = account.handle or handle
    unmarked = any(not _is_marked(each, account) for each in chosen)
    profile = Profile(
        handle=known,
        name=account.name or known,
        network="other",
        id=account.id,
        bio=account.bio,
        notes=(PUBLIC_BY_WORD,) if unmarked else (),
    )
    return Timeline(profile, tuple(found.posts.values()), tuple(warnings))


def _of(head: bytes) -> str | None:
    """What a single file is of, by its first bytes."""
    for of, (_, begin) in _FILES.items():
        if begin.search(head[:2000]) if of == "threads" else begin.match(head):
            return of
    return None


def _open(stack: ExitStack, looks: Sequence[Look]) -> list[_File]:
    files = []
    for look in looks:
        if look.form == "file":
            of = _of(look.head) or "profile"
            files.append(_File(of, stack.enter_context(single(look.file, of)), of))
            continue
        members = stack.enter_context(open_members(look.file))
        files += [
            _File(of, members, name)
            for of, (pattern, _) in _FILES.items()
            for name in sorted(members.names)
            if pattern.search(name)
        ]
    return files


def _is_marked(file: _File, account: _Account) -> bool:
    return file.of == "instagram" and account.public


def _readable(
    files: Sequence[_File], account: _Account, looks: Sequence[Look], choices: Choices
) -> list[_File]:
    """The files with posts to read. Raises SourceError where none is left."""
    posts = [each for each in files if each.of != "profile"]
    chosen = [each for each in posts if choices.public or _is_marked(each, account)]
    place = ", ".join(look.name for look in looks)
    if not posts:
        raise SourceError(
            f"{place}: there are no posts of Instagram, Threads or Facebook here; give the whole export"
        )
    if not chosen:
        raise SourceError(
            f"{place}: this is {TITLE}, which does not mark whether these posts are public, so they are not read; if "
            "everybody can see them all, say so: bot import HANDLE FILE --public"
        )
    return chosen


def _account(files: Sequence[_File], looks: Sequence[Look]) -> _Account:
    """The account of the profiles. Raises SourceError, without names, for two."""
    found = [_profile(each) for each in files if each.of == "profile"]
    known = {each.id: each for each in found if each.id}
    if len(known) > 1:
        raise SourceError(
            f"{', '.join(look.name for look in looks)}: there are exports of {len(known)} accounts here; give those of "
            "one at a time"
        )
    return next(iter(known.values()), found[0] if found else _Account())


def _profile(file: _File) -> _Account:
    with file.members.open(file.name) as stream:
        value = ytd.value(stream, file.place)
    users = mappings(value, "profile_user")
    if users:
        values = mapping(users[0], "string_map_data")
        name = _user(values, "Username")
        public = _user(values, "Private Account").lower() == "false"
        return _named(name, "instagram.com", _user(values, "Name"), _user(values, "Bio"), public)
    about = mapping(value, "profile_v2")
    name = repaired(text(about, "username") or "")
    return _named(name, "facebook.com", repaired(text(mapping(about, "name"), "full_name") or ""))


def _named(user: str, host: str, name: str, bio: str = "", public: bool = False) -> _Account:
    handle = handles.if_valid(user, "jsonl") or handles.if_valid(user.replace(".", "_"), "jsonl") or ""
    return _Account(handle, f"{user.lower()}@{host}" if handle else None, name, bio, public)


def _user(values: Record, key: str) -> str:
    return repaired(text(mapping(values, key), "value") or "").strip()


def _records(file: _File) -> Iterator[dict[str, Any]]:
    with file.members.open(file.name) as stream:
        if file.of == "threads":
            for _, record in ytd.sections(stream, file.place, ("text_post_app_text_posts",)):
                yield record
        else:
            yield from ytd.records(stream, file.place)


def _parser() -> Callable[[Record], Post | None]:
    numbering = Numbering()

    def parse(record: Record) -> Post | None:
        first = next(iter(mappings(record, "media")), {})
        written = [text(each, "post") for each in mappings(record, "data")]
        captions = [text(record, "title"), text(first, "title")] if "media" in record else written
        words = next((repaired(each).strip() for each in captions if each and each.strip()), "")
        if not words:
            return None
        seconds = next(
            (
                each
                for each in (
                    record.get("timestamp"),
                    record.get("creation_timestamp"),
                    first.get("creation_timestamp"),
                )
                if isinstance(each, int) and not isinstance(each, bool) and 0 < each < 1 << 40
            ),
            None,
        )
        if seconds is None:
            raise ValueError("has no time")
        try:
            created = datetime.fromtimestamp(seconds, UTC)
        except (ValueError, OverflowError, OSError):
            raise ValueError("has no time that can be read") from None
        return Post(numbering.identifier(str(seconds), words), words, created)

    return parse


def repaired(words: str) -> str:
    """The text with Meta's mistake undone, which writes each byte of UTF-8 as a character of its own."""
    try:
        return words.encode("latin-1").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return words
