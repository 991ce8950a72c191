"""Retweets as people typed them before there was a button: `RT @bob: …`, `“@bob: …”`, `So true! RT @bob: …`.

The rule, with its examples, stands in docs/corpus.md.
"""

from __future__ import annotations

import re

_NAME = r"[@＠]\w{1,30}"
_WHOLE = re.compile(rf"[\s\"“”„«'‘(\[.♻️]*(?:(?:RT|MT)\b\s*:?|♻️?)\s*[\"“„«]?\s*{_NAME}", re.IGNORECASE)
_TRAILING = re.compile(
    rf"(?:^|(?<=\s))(?:RT|MT)\s*:?\s*[\"“„«]?\s*{_NAME}\s*:"  # So true! RT @bob: …
    rf"|(?<=[.!?…:;)\-–—|/<>«»\"”👍😂])\s*(?:RT|MT)\s*:?\s*{_NAME}\s"  # So true! RT @bob …
)
_QUOTE = re.compile(rf"(?:^|(?<=[\s(]))[\"“„«‟]\s*{_NAME}\s*:\s")
_CLOSING = re.compile(r"[\"“”»‟]")
_EDGES = " \t\r\n|/<>«»-–—:←→"
_WORD = re.compile(r"\w")
_NOT_OWN = re.compile(rf"{_NAME}|https?://\S+")


def own_words(text: str) -> str | None:
    """The words of a post that are its author's own: all of them where it quotes nobody. None for a retweet."""
    if "@" not in text and "＠" not in text:
        return text
    if _WHOLE.match(text):
        return None
    own = text
    if found := _TRAILING.search(own):
        own = own[: found.start()]
    if found := _QUOTE.search(own):
        closing = [end.end() for end in _CLOSING.finditer(own, found.end())]
        after = own[closing[-1] :] if closing else ""
        own = f"{own[: found.start()].rstrip(_EDGES)} {after.lstrip(_EDGES)}"
    if own is text:
        return text
    own = own.strip(_EDGES)
    return own if _WORD.search(_NOT_OWN.sub("", own)) else None
