"""What two independent Markdown renderers make of a card, and what a strict reader finds in their HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import cmarkgfm  # type: ignore[import-untyped]
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]
from markdown_it import MarkdownIt

from bot.manifest import Sample
from bot.render import escape

VOID = {"br", "hr", "img", "input", "wbr"}
ALLOWED = VOID | {
    *("p", "h1", "h2", "h3", "ul", "ol", "li", "a", "em", "strong", "code", "pre", "blockquote", "details"),
    *("table", "thead", "tbody", "tr", "th", "td", "summary", "bdi"),
}
ATTRIBUTES = {"href", "src", "alt", "width", "height", "align", "style", "class", "lang"}


@dataclass
class Seen(HTMLParser):
    """The page as a reader meets it; `faults` holds everything that should not be there."""

    html: str
    faults: list[str] = field(default_factory=list)
    tables: list[list[list[str]]] = field(default_factory=list)
    headings: list[tuple[int, str]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    images: list[tuple[str, str]] = field(default_factory=list)
    text: str = ""
    code: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    quotes: list[str] = field(default_factory=list)
    _open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.html)
        self.close()
        if self._open:
            self.faults.append(f"never closed: {self._open}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag not in ALLOWED:
            self.faults.append(f"<{tag}>")
        self.faults.extend(f"{name} on <{tag}>" for name in found if name not in ATTRIBUTES)
        if tag == "a":
            self.links.append(found.get("href", ""))
        if tag == "img":
            self.images.append((found.get("src", ""), found.get("alt", "")))
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
        if re.fullmatch("h[1-6]", tag):
            self.headings.append((int(tag[1]), ""))
        texts = {"pre": self.code, "li": self.items, "blockquote": self.quotes}
        if tag in texts:
            texts[tag].append("")
        if tag == "br":
            self.handle_data("\n")
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == "blockquote":
            self.quotes[-1] = self.quotes[-1].rstrip("\n")
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"</{tag}> closes something else")

    def handle_data(self, data: str) -> None:
        data = data.replace("\u200b", "")  # nobody sees it; it keeps an address of mail from becoming a link
        self.text += data
        if {"td", "th"} & set(self._open):
            self.tables[-1][-1][-1] += data
        if self.headings and any(re.fullmatch("h[1-6]", tag) for tag in self._open):
            level, text = self.headings[-1]
            self.headings[-1] = (level, text + data)
        if "pre" in self._open:
            self.code[-1] += data
        if "li" in self._open:
            self.items[-1] += data
        if "blockquote" in self._open:
            self.quotes[-1] = (self.quotes[-1] + data).lstrip("\n")

    def handle_comment(self, data: str) -> None:
        self.faults.append(f"comment {data!r}")

    def handle_decl(self, decl: str) -> None:
        self.faults.append(f"declaration {decl!r}")


def body_of(readme: str) -> str:
    return readme.split("\n---\n", 1)[1]


def by_markdown_it(body: str) -> Seen:
    return Seen(MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(body))


def by_cmark(body: str) -> Seen:
    html = cmarkgfm.github_flavored_markdown_to_html(body, options=Options.CMARK_OPT_UNSAFE)
    return Seen(html)


def visible(sample: Sample) -> str:
    """The letters that a reader sees of a sample; a mark that would sit on the prompt's last letter is not seen."""
    return "".join((escape.clean(sample.prompt) + escape.clean(sample.text)).split())


def statistics(seen: Seen) -> list[list[list[str]]]:
    """The tables that say what was downloaded and kept, of at most three accounts each."""
    tables = [table for table in seen.tables if any("downloaded" in row[0] for row in table)]
    assert tables
    return tables
