"""Readers of the public-domain source texts behind the demo, in the shape Debian ships them.

Each takes bytes or text and returns plain values; ORIGIN.md says which package holds which text.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

SLURS = re.compile(
    r"\b(?:nigger|negro|mulatto|red-?skin|injun|squaw|half-breed|hebrews?\b|jew(?:s|ish|ess)?\b)",
    re.IGNORECASE,
)
"""Words of an older time's contempt: texts that hold one are left out of the demo."""


@dataclass(frozen=True, slots=True)
class Verse:
    """One verse: `book` is the retrieval program's abbreviation (`Prv`), numbers count from 1."""

    book: str
    chapter: int
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Headword:
    """One dictionary entry: the headword, the line under or beside it, and its paragraphs of prose."""

    word: str
    grammar: str
    paragraphs: tuple[str, ...]


def one_line(text: str) -> str:
    """Return the text with every run of white space, line wraps included, as one space."""
    return " ".join(text.split())


def verses(text: str) -> list[Verse]:
    """Parse what `bible -f gen1:1-rev22:21` prints: one `Prv1:7 text` a line."""
    found = re.findall(r"^([1-3]?[A-Za-z]+)(\d+):(\d+)[ ]+(.+)$", text, re.MULTILINE)
    return [Verse(book, int(chapter), int(number), one_line(words)) for book, chapter, number, words in found]


def bierce(text: str) -> list[Headword]:
    """Parse The Devil's Dictionary: `WORD, n.  Definition`, prose at the margin, verse indented.

    Verse and its signatures are left out: they wrap badly, and the definitions are the voice.
    """
    entries: list[Headword] = []
    for block in re.split(r"\n\s*\n", text):
        opening = re.match(
            r"([A-Z][A-Z'. -]+?), ((?:[a-z]+\.\s?)+(?:and [a-z]+\.)?)\s+(.+)", block.lstrip("\n"), re.DOTALL
        )
        if opening is None:
            continue
        word, grammar, rest = opening.groups()
        prose = "\n".join(line.rstrip() for line in rest.splitlines() if not line.startswith("     "))
        definition = one_line(re.sub(r"(?<=\w-)\n(?=\w)", "", prose)).replace("_", "")
        entries.append(Headword(word, grammar.strip(), (definition,)))
    return entries


def jargon(text: str) -> list[Headword]:
    """Parse the Jargon File's dictd text: headword at the margin, grammar one space in, prose four."""
    entries: list[Headword] = []
    for block in re.split(r"\n(?=\S)", text):
        lines = block.splitlines()
        prose = [line[4:] if line.startswith("    ") else line.strip() for line in lines[2:]]
        paragraphs = [one_line(part) for part in re.split(r"\n\s*\n", "\n".join(prose))]
        kept = tuple(part for part in paragraphs if part)
        if len(lines) > 2 and kept and not lines[0].startswith("00-database"):
            entries.append(Headword(lines[0].strip(), one_line(lines[1]), kept))
    return entries


def austen(rdb: bytes) -> list[str]:
    """Read the novels out of an R data file (`Rdata.rdb`): each a text of lines, in the order stored.

    The file is a run of records: a big-endian length, then zlib data of one serialised R value, here a
    vector of strings (R Internals, "Serialization Formats").

    Raises:
        ValueError: the file holds something else.

    """
    novels = []
    at = 0
    while at < len(rdb):
        # R writes the length of the unpacked value, so only zlib knows where the next record starts.
        unpack = zlib.decompressobj()
        value = unpack.decompress(rdb[at + 4 :])
        at = len(rdb) - len(unpack.unused_data)
        novels.append("\n".join(_r_strings(value)))
    return novels


def _r_strings(value: bytes) -> Iterator[str]:
    encoding_length = struct.unpack(">i", value[14:18])[0]
    at = 18 + encoding_length
    flags, count = struct.unpack(">ii", value[at : at + 8])
    if value[:2] != b"X\n" or flags & 0xFF != 16:
        raise ValueError("not an R character vector: this reader knows the rdb of r-cran-janeaustenr only")
    at += 8
    for _ in range(count):
        length = struct.unpack(">i", value[at + 4 : at + 8])[0]
        yield value[at + 8 : at + 8 + max(length, 0)].decode("utf-8")
        at += 8 + max(length, 0)


def book_body(text: str) -> str:
    """Return a Project Gutenberg book without the notes before and after it."""
    after_start = re.split(r"^\*\*\* ?START OF .*$", text, maxsplit=1, flags=re.MULTILINE)[-1]
    body = re.split(r"^\*\*\* ?END OF .*$", after_start, maxsplit=1, flags=re.MULTILINE)[0]
    return re.sub(r"\A\s*Produced by.*?\n\s*\n", "", body, flags=re.DOTALL)


def paragraphs(text: str) -> list[str]:
    """Return the prose paragraphs of a book: wraps undone, italics marks dropped, headings left out."""
    parts = (one_line(part).replace("_", "") for part in re.split(r"\n\s*\n", text))
    return [part for part in parts if len(part) >= 20 and re.search(r"[a-z]{3}.*[.,;:?!\"'”’)-]$", part)]
