"""Files that people give and that hold no posts to read: what each is, and what to do instead."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

from bot.sources.archives.look import Look

_HTML = re.compile(
    rb"\s*(?:<!--.*?-->\s*)?<(?:!doctype html|html|head|body|title)\b", re.IGNORECASE | re.DOTALL
)
_LOGIN = re.compile(rb"log ?in|sign ?in|password", re.IGNORECASE)
_YTD = re.compile(rb"(?:\xef\xbb\xbf)?\s*window\.YTD\.(\w{1,60})\.part\d+\s*=")
_UNFINISHED = (".crdownload", ".part", ".partial", ".download", ".opdownload", ".!ut")
_MEDIA_BYTES = (
    b"\xff\xd8\xff",
    b"\x89PNG",
    b"GIF8",
    b"RIFF",
    b"\x00\x00\x00\x18ftyp",
    b"\x00\x00\x00\x20ftyp",
    b"ID3",
)
_AGAIN = "download it again"
_GIVE = "docs/sources.md lists the files that are read"


def is_media_alone(one: Look) -> bool:
    """Whether a zip or a folder holds pictures and videos and nothing else."""
    return one.form in ("zip", "folder") and one.media > 0 and not one.members


def refusal(one: Look, *, known_only: bool = False) -> str | None:
    """The sentence for a file that no kind recognises, without its name. `known_only`: None for an unknown file."""
    for matches, sentence in _KNOWN:
        if matches(one):
            return sentence
    if found := _YTD.match(one.head):
        part = found[1].decode("ascii", "replace").replace("_", "-")
        return (
            f"this is {part} of an archive of X, which holds no public posts and is never read; give tweets.js, "
            "the zip or the folder"
        )
    if known_only:
        return None
    if _is_empty(one):
        return f"this is empty: the download did not work, or nothing was saved; {_AGAIN}"
    if one.form == "folder":
        return f"this folder holds no file with posts; give the folder of an archive, or the file itself: {_GIVE}"
    if one.form == "zip":
        return (
            "this zip holds no tweets.js, so it is no archive of X, and nothing else that is read; give the zip that "
            f"the network offers under 'Download an archive of your data': {_GIVE}"
        )
    if not _is_utf8(one.head):
        return f"this is no zip, and no text in UTF-8: if it is a text, save it as UTF-8; {_GIVE}"
    return f"this is no zip and no other file that is known to hold posts; {_GIVE}"


def _is_utf8(head: bytes) -> bool:
    """Whether the beginning of a file, which may end inside a character, is UTF-8."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _starts(*beginnings: bytes) -> Callable[[Look], bool]:
    return lambda one: one.form in ("file", "gzip") and one.head.startswith(beginnings)


def _is_unfinished(one: Look) -> bool:
    return one.form in ("file", "cut zip") and one.file.lower().endswith(_UNFINISHED)


def _is_empty(one: Look) -> bool:
    return one.size == 0 or (one.form == "folder" and not one.members and not one.media)


def _is_page(one: Look) -> bool:
    return one.form in ("file", "gzip") and _HTML.match(one.head) is not None


def _holds(pattern: str) -> Callable[[Look], bool]:
    found = re.compile(pattern)
    return lambda one: any(map(found.search, one.members))


_KNOWN: tuple[tuple[Callable[[Look], bool], str], ...] = (
    (_is_unfinished, f"the browser has not finished this download, or it was interrupted; {_AGAIN}"),
    (lambda one: one.form == "cut zip", f"this is a zip that is damaged or cut short; {_AGAIN}"),
    (
        lambda one: one.form == "tar",
        "this is a tar archive and no zip: unpack it and give the folder",
    ),
    (
        lambda one: _is_page(one) and _LOGIN.search(one.head) is not None,
        "this is a web page where one signs in, so the download did not work; sign in, and download the archive again",
    ),
    (
        _is_page,
        "this is a web page; of an archive give the whole zip or folder, or the file with the posts, such as "
        "data/tweets.js",
    ),
    (
        lambda one: b'"orderedItems"' in one.head and b"activitystreams" in one.head,
        "this is a list of an archive of Mastodon that holds no posts, such as its likes; give outbox.json, or the "
        "whole archive",
    ),
    (
        _holds(r"(?:^|/)(?:threads_and_replies|posts_\d+|your_posts\w*_\d+)\.html$"),
        "this is an export of Instagram, Threads or Facebook as web pages; ask for it again in the format JSON",
    ),
    (_starts(b"%PDF"), "this is a PDF, which holds no posts that can be read; give the archive itself"),
    (
        _starts(b"7z\xbc\xaf", b"Rar!"),
        "this is a 7z or rar archive and no zip: unpack it and give the folder",
    ),
    (_starts(*_MEDIA_BYTES), "this is a picture, a video or a sound; give the file with the posts"),
    (
        is_media_alone,
        "this holds pictures and videos alone: a large archive comes in several files, so give the one with the "
        "posts, or all of them together",
    ),
    (
        lambda one: one.form in ("file", "gzip") and one.head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["),
        "this is a JSON array; write one post a line instead (JSON Lines), or give the archive that it came from",
    ),
    (_holds(r"^\[content_types\]\.xml$"), "this is a document of an office program; save its table as CSV"),
    (
        lambda one: bool(one.members) and all(name.endswith(".zip") for name in one.members),
        "this holds other zips alone: unpack it and give those",
    ),
)
"""How a file is recognised, and what is said of it; the first match counts."""
