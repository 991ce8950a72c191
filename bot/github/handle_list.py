"""Handles as people type them into a form: with commas, links, profile addresses and words such as "and". Pure.

`and` and `y` are accounts of somebody else, so what may mean either is asked back and never guessed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bot.errors import UsageError
from bot.sources.handles import Source, WrongHandle, if_valid, normalise, shown

LINK = re.compile(r"(!?)\[([^\[\]\n]*)\]\(\s*<?([^\s()<>]*)>?(?:\s+[\"'][^\n]*?[\"'])?\s*\)")
"""A link of Markdown, or a picture: its mark, its label, its address."""
QUOTES = "\"'`“”‘’„«»*<>"
ENDS = ".:!?"
"""What a sentence ends with, and no handle."""

_AND = re.compile("and|e|ed|en|et|i|ja|och|og|oraz|plus|sowie|und|ve|with|y|и|та|і|και|و|और|和|と")
_PROSE = re.compile(
    "accounts?|add|called|for|from|handles?|hello|hi|is|me|model|my|not|oder|or|ou|please|thanks?|the|this|user|username|"
    "you"
)
_SEPARATOR = re.compile(r"([,;&+、])")
_FEW = 5
"""Words that may all be handles: more are a sentence."""

_SHOWN = 60
"""Characters that fit into the question."""

_LIST_MARK = re.compile(r"[-*•·–—]|\d{1,2}[.)]")


class Question(UsageError):
    """What was typed may mean two things: the person who typed it is asked which."""


@dataclass(frozen=True, slots=True)
class _Token:
    """A word, or what stands between words: `mark` is a comma or the like, `and` a sign that joins."""

    kind: Literal["word", "mark", "and"]
    text: str = ""
    linked: bool = False

    @property
    def marked(self) -> bool:
        """Whether it is a word that was clearly written as a handle."""
        return self.linked or "@" in self.text

    @property
    def joins(self) -> bool:
        """Whether it is a word that joins others in some language, written as one would not write a handle."""
        return self.kind == "word" and not self.linked and _AND.fullmatch(self.text.casefold()) is not None


def read(text: str, source: Source) -> list[str]:
    """The handles in what somebody typed, as typed; a link stands for the account that it leads to.

    Raises Question where a word may be a handle or not, and UsageError for a link to anything but a profile.
    """
    tokens = list(_tokens(readable(text), source))
    found = []
    for at, token in enumerate(tokens):
        if token.kind != "word":
            continue
        following = tokens[at + 1] if at + 1 < len(tokens) else None
        named = not (token.marked or token.joins) and following is not None and following.marked
        if named or (_PROSE.fullmatch(token.text.casefold()) and not token.linked):
            raise _question(f"is {shown(token.text)} an account?", tokens)
        if not token.joins:
            found.append(token.text)
        elif not _stands_between(tokens, at):
            raise _question(f"is {shown(token.text)} an account, or does it join two?", tokens)
    return found


def _question(asked: str, tokens: list[_Token]) -> Question:
    """The question, with all words as handles where they are few enough to have been meant as such."""
    words = [f"@{token.text.removeprefix('@')}" for token in tokens if token.kind == "word"]
    alone = "write the handles alone, with a comma between them"
    marked = ", ".join(words)
    if len(words) > _FEW or len(marked) > _SHOWN:
        return Question(f"{asked} Put an @ before it then; else {alone}")
    return Question(f"{asked} If all of them are, write {shown(marked)}; else {alone}", instead=[marked])


def readable(text: str) -> str:
    """The text with wide letters and signs as plain ones, and without what nobody sees."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(character for character in plain if unicodedata.category(character) != "Cf")


def _stands_between(tokens: list[_Token], at: int) -> bool:
    """Whether the word joins two handles: between them, or after a comma that follows one."""
    before = tokens[at - 1] if at else None
    if before is not None and before.kind == "mark":
        before = tokens[at - 2] if at > 1 else None
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    return all(one is not None and one.kind == "word" and not one.joins for one in (before, after))


def _tokens(text: str, source: Source) -> Iterator[_Token]:
    end = 0
    for link in LINK.finditer(text):
        yield from _words(text[end : link.start()])
        yield _Token("word", _linked(link, source), linked=True)
        end = link.end()
    yield from _words(text[end:])


def _words(text: str) -> Iterator[_Token]:
    for line in text.splitlines():
        for number, word in enumerate(line.split()):
            if word in ENDS or (number == 0 and _LIST_MARK.fullmatch(word)):
                continue
            parts = [word] if "/" in word else _SEPARATOR.split(word)
            yield from filter(None, map(_token, parts))
            if "/" in word and word.endswith((",", ";")):
                yield _Token("mark")


def _token(part: str) -> _Token | None:
    if not part:
        return None
    if part in ",;、":
        return _Token("mark")
    if part in "&+":
        return _Token("and")
    # What is nothing but quotes stays, to be refused: it was not typed by somebody who names an account.
    bare = part.strip(QUOTES).rstrip(ENDS + ",;" + QUOTES) or part
    return _Token("word", bare)


def _linked(link: re.Match[str], source: Source) -> str:
    """The account that a link leads to. Question where its label names another one."""
    picture, label, address = link.groups()
    written = shown(link[0])
    try:
        handle = normalise(address, source)
    except WrongHandle as error:
        raise UsageError(
            f"{written} leads to no profile: write the handle alone ({error})", instead=error.instead
        ) from None
    if picture:
        raise UsageError(f"{written} is a picture: write the handle alone")
    named = if_valid(label.strip().strip(QUOTES), source)
    if named is not None and named != handle:
        raise Question(
            f"{written} says {shown(named)} and leads to {shown(handle)}: write the one that you mean",
            instead=[named, handle],
        )
    return handle
