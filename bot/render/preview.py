"""One HTML page that shows cards as a reader of the Hub would see them: self-contained, light and dark.

Cards are untrusted: bodies are sanitised, pictures come from the given files only, and the page's own policy
lets nothing be loaded and no script run.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from markupsafe import Markup

from bot.errors import BotError
from bot.hub import front_matter
from bot.hub.published import FRONT_MATTER_KEY
from bot.io.paths import TEMPLATES
from bot.render import escape
from bot.render.card import variables as card_facts
from bot.render.environment import render_template

Assets = Path | Mapping[str, bytes]
MAX_PICTURE_BYTES = 4 << 20
MAX_CARD_PICTURE_BYTES = 8 << 20
"""Of the data URIs in one card's body."""
MAX_CARD_PICTURES = 50
"""Different ones in a card's body: what is not looked at costs nothing."""
MAX_CARD_CHARACTERS = 256 << 10
MAX_PAGE_BYTES = 32 << 20
"""Bytes of cards after which the page ends; the last card may go beyond, within its own bounds."""
_MAGIC = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif", b"RIFF": "webp"}
_TAGS = set(
    re.findall(
        r"\w+",
        "p br hr h2 h3 h4 h5 h6 ul ol li a img em strong del s code pre blockquote table thead tbody tr th td div "
        "span details summary sup sub kbd bdi bdo b i small figure figcaption",
    )
)
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height"},
    "p": {"align"},
    "div": {"align"},
    "td": {"align", "style"},
    "th": {"align", "style"},
    "ol": {"start"},
    "details": {"open"},
    "code": {"class"},
    "bdo": {"dir"},
}


@dataclass(frozen=True, slots=True)
class Card:
    """One card to show: its repo's name, README.md and pictures; `note` is said above it, where there is one.

    `error` is why it could not be rendered; README.md says it then.
    """

    repo: str
    readme: str
    assets: Assets
    note: str = ""
    error: BotError | None = None


Show = Callable[[Card], dict[str, Any]]
CANNOT = "This card cannot be rendered, for the reason below."


@dataclass(slots=True)
class _Pictures:
    """The pictures of one card, as data URIs. A card may name one a thousand times: `room` bounds what is inlined."""

    assets: Assets
    room: int = MAX_CARD_PICTURE_BYTES
    found: dict[str, str | None] = field(default_factory=dict)

    def inlined(self, path: str) -> str | None:
        """The picture, or None when it is missing, none at all, too large, or there is no room left for it."""
        if path not in self.found and len(self.found) < MAX_CARD_PICTURES:
            self.found[path] = _picture(path, self.assets)
        uri = self.found.get(path)
        if uri is None or len(uri) > self.room:
            return None
        self.room -= len(uri)
        return uri


def page(
    cards: Iterable[Card], *, notice: str = "", left_out: Sequence[str] = (), show: Show | None = None
) -> str:
    """The page for these cards. `notice` stands above all; `left_out` are sentences on what is not shown.

    A card that cannot be read, or that `show` (by default `shown`) refuses, shows why. Past `MAX_PAGE_BYTES` the
    rest is only named, so that no stranger's registry makes a page that no browser opens.
    """
    made: list[dict[str, Any]] = []
    unseen = list(left_out)
    size = 0
    for number, card in enumerate(cards, 1):
        if size < MAX_PAGE_BYTES:
            made.append({"anchor": f"card-{number}", **_shown(card, show or shown)})
            size += sum(len(value) for value in made[-1].values() if isinstance(value, str))
        else:
            unseen.append(f"{card.repo}: left out, the page is large enough")
    variables = {"cards": made, "notice": notice, "left_out": unseen}
    return render_template("preview.html.j2", variables, TEMPLATES)


def page_of_folders(folders: Sequence[Path], *, notice: str = "") -> str:
    """The page for published repos that lie in folders `NAMESPACE/NAME`, each with its README.md. OSError for none."""
    cards = (
        Card(
            f"{folder.resolve().parent.name}/{folder.resolve().name}",
            (folder / "README.md").read_text(encoding="utf-8", errors="replace"),
            folder,
        )
        for folder in folders
    )
    return page(cards, notice=notice)


def refused(repo: str, why: BotError) -> Card:
    """The card that stands for one that cannot be rendered or shown."""
    return Card(repo, f"---\n{{}}\n---\n\n{escape.escape(why)}\n", {}, CANNOT, why)


def _shown(card: Card, show: Show) -> dict[str, Any]:
    try:
        return show(card)
    except BotError as error:
        return shown(refused(card.repo, error))


def shown(card: Card) -> dict[str, Any]:
    """The variables of one card on the page. A card whose front matter is damaged shows why."""
    text = card.readme[:MAX_CARD_CHARACTERS]
    problems = [f"only the first {MAX_CARD_CHARACTERS:,} characters are shown"] if text != card.readme else []
    try:
        metadata = front_matter.parse(text)
        body = front_matter.split(text)[1]
    except ValueError as error:
        metadata, body = {}, text
        problems.append(str(error))
    return {
        "repo": card.repo,
        "note": card.note,
        "thumbnail": _picture(card_facts.SOCIAL_PREVIEW, card.assets),
        "chips": _chips(metadata),
        "examples": _examples(metadata),
        "results": _results(metadata),
        "facts": _facts(metadata.get(FRONT_MATTER_KEY)),
        "problem": "; ".join(problems),
        "body": _sanitised(body, _Pictures(card.assets)),
    }


def _sanitised(body: str, pictures: _Pictures) -> Markup:
    """The body's HTML: headings one level down, pictures inlined, everything else that a stranger could use removed."""
    import nh3
    from markdown_it import MarkdownIt

    parser = MarkdownIt("gfm-like", {"html": True, "linkify": False})
    tokens = parser.parse(body)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 1)}"
    rendered: str = parser.renderer.render(tokens, parser.options, {})

    def attribute(tag: str, name: str, value: str) -> str | None:
        match tag, name:
            case "img", "src":
                return pictures.inlined(value)
            case "a", "href":
                return value if value.startswith(("https://", "http://", "mailto:")) else None
            case _, "style":
                return (
                    value if value in ("text-align:left", "text-align:right", "text-align:center") else None
                )
            case _, "class":
                return value if value.startswith("language-") else None
        return value

    clean = nh3.clean(
        rendered,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=attribute,
        url_schemes={"http", "https", "mailto", "data"},
        link_rel="nofollow noopener noreferrer",
    )
    # Wide tables and long lines of code scroll by themselves, which a keyboard must be able to do as well.
    for tag, scrolling in (
        ("<table>", '<div class="wide" tabindex="0"><table>'),
        ("</table>", "</table></div>"),
        ("<pre>", '<pre tabindex="0">'),
    ):
        clean = clean.replace(tag, scrolling)
    return Markup(clean)  # noqa: S704 - sanitised above


def _picture(path: str, assets: Assets) -> str | None:
    """The file as a data URI; None when it is missing, outside the folder, too large or no picture."""
    parts = PurePosixPath(path).parts
    if not parts or PurePosixPath(path).is_absolute() or ".." in parts or ":" in parts[0]:
        return None
    if isinstance(assets, Path):
        file = assets / path
        inside = file.is_file() and file.resolve().is_relative_to(assets.resolve())
        data = file.read_bytes() if inside and file.stat().st_size <= MAX_PICTURE_BYTES else b""
    else:
        data = assets.get(path, b"")
    kind = next((kind for magic, kind in _MAGIC.items() if data.startswith(magic)), None)
    if kind is None or len(data) > MAX_PICTURE_BYTES:
        return None
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _chips(metadata: Mapping[str, Any]) -> list[dict[str, str]]:
    """What the Hub shows under a model's name: task, library, languages, licence, base, tags."""
    chips: list[dict[str, str]] = []
    for kind, label in (
        ("pipeline_tag", "Task"),
        ("library_name", "Library"),
        ("language", "Language"),
        ("license", "License"),
        ("base_model", "Base model"),
        ("tags", "Tag"),
    ):
        value = metadata.get(kind)
        chips.extend(
            {"kind": kind, "label": label, "value": str(item)}
            for item in (value if isinstance(value, list) else [value])
            if isinstance(item, str | int | float) and str(item).strip()
        )
    return chips


def _examples(metadata: Mapping[str, Any]) -> list[dict[str, str]]:
    """The widget's examples that come with an output."""
    widget = metadata.get("widget")
    found = []
    for item in widget if isinstance(widget, list) else []:
        output = item.get("output") if isinstance(item, Mapping) else None
        if isinstance(output, Mapping) and output.get("text"):
            found.append({"text": str(item.get("text", "")), "output": str(output["text"])})
    return found


def _results(metadata: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The model index, its metrics under their dataset. What does not have its shape is left out, as on the Hub."""
    groups: dict[str, list[dict[str, str]]] = {}
    try:
        for entry in metadata.get("model-index") or []:
            for result in entry["results"]:
                rows = groups.setdefault(str(result["dataset"]["name"]), [])
                rows.extend(
                    {"name": str(metric.get("name") or metric["type"]), "value": str(metric["value"])}
                    for metric in result["metrics"]
                )
    except (TypeError, KeyError, AttributeError):
        return []
    return [{"dataset": dataset, "metrics": rows} for dataset, rows in groups.items()]


def _facts(published: object) -> list[tuple[str, str]]:
    """Our own facts in the front matter by name, in words; what is empty is left out."""
    if not isinstance(published, Mapping):
        return []
    rows = [(str(key).replace("_", " "), _in_words(value)) for key, value in published.items()]
    return [(name, text) for name, text in rows if text]


def _in_words(value: object) -> str:
    """`a, b` for a list, `key: value, key: value` for a mapping."""
    if isinstance(value, list):
        return ", ".join(map(_in_words, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{str(key).replace('_', ' ')}: {_in_words(one)}" for key, one in value.items())
    return str(value)
