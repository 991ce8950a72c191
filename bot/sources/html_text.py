"""Converts the HTML of a Mastodon post back to the text that its author typed, without links.

A link whose text is an address is cut, as in every source; mentions, hashtags and links on other words keep the
text that a reader sees. Paragraphs and line breaks stay.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

import nh3

from bot.sources.links import shows_address

LONGEST = 100_000
"""Maximum of characters of HTML: Mastodon's posts have 500 of text, those of compatible servers tens of thousands."""

_PARAGRAPHS = frozenset(
    ("p", "div", "blockquote", "pre", "ul", "ol", "table", "hr", "h1", "h2", "h3", "h4", "h5", "h6")
)
_LINES = frozenset(("br", "li", "tr", "dt", "dd"))
_INLINE = frozenset(("a", "span", "img"))
_EMPTY = frozenset(("br", "hr", "img"))
_ATTRIBUTES = {"*": {"class"}, "a": {"href", "rel"}, "img": {"alt"}}
_UNSEEN_CLASSES = frozenset(("invisible", "quote-inline"))  # the latter repeats what a quote shows anyway
_SHORTENED_CLASSES = frozenset(("invisible", "ellipsis"))
_KEPT_LINKS = frozenset(("mention", "hashtag", "u-url"))
_BLANK_LINES = re.compile(r"\n{3,}")


def html_to_text(html: str) -> str:
    """The text, entities unescaped once, paragraphs separated by an empty line. Raises ValueError if too long."""
    if len(html) > LONGEST:
        raise ValueError("is longer than any post")
    reader = _Reader()
    # A browser's parser first, which is linear in whatever it is given, and leaves every element closed.
    tags = set(_PARAGRAPHS | _LINES | _INLINE)
    reader.feed(nh3.clean(html, tags=tags, attributes=_ATTRIBUTES, link_rel=None))
    reader.close()
    return _BLANK_LINES.sub("\n\n", "".join(reader.pieces)).strip()


class _Reader(HTMLParser):
    """Collects the visible text in pieces; removes a link's pieces when they show its address."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._open: list[bool] = []  # whether the element is unseen
        self._unseen = 0
        self._link: int | None = None  # where its pieces begin
        self._href = ""
        self._shortened = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See HTMLParser."""
        self._break(tag)
        values = {name: value or "" for name, value in attrs}
        if tag in _EMPTY:
            self.handle_data(values.get("alt", ""))  # a custom emoji's shortcode
            return
        classes = set(values.get("class", "").split())
        if tag == "a" and classes.isdisjoint(_KEPT_LINKS) and "tag" not in values.get("rel", "").split():
            self._link, self._href, self._shortened = len(self.pieces), values.get("href", ""), False
        self._shortened = self._shortened or not classes.isdisjoint(_SHORTENED_CLASSES)
        unseen = not classes.isdisjoint(_UNSEEN_CLASSES)
        self._open.append(unseen)
        self._unseen += unseen

    def handle_endtag(self, tag: str) -> None:
        """See HTMLParser."""
        self._unseen -= self._open.pop()
        if tag == "a" and self._link is not None:
            words = "".join(self.pieces[self._link :])
            if self._shortened or shows_address(words, self._href):
                del self.pieces[self._link :]
            self._link = None
        self._break(tag)

    def handle_data(self, data: str) -> None:
        """See HTMLParser."""
        if not self._unseen:
            self.pieces.append(data)

    def _break(self, tag: str) -> None:
        if tag in _PARAGRAPHS:
            self.handle_data("\n\n")
        elif tag in _LINES:
            self.handle_data("\n")
