"""One HTML page that shows cards as a reader of the Hub would see them: self-contained, light and dark.

Cards are untrusted: bodies are sanitised, pictures come from the given files only, and the page's own policy
lets nothing be loaded and no script run.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from markupsafe import Markup

from bot.card import facts as card_facts
from bot.card import front_matter
from bot.card.environment import render_template
from bot.paths import TEMPLATES
from bot.published import FRONT_MATTER_KEY

Assets = Path | Mapping[str, bytes]
MAX_PICTURE_BYTES = 4 << 20
_MAGIC = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif", b"RIFF": "webp"}
_TAGS = {
    *(
        "p",
        "br",
        "hr",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "li",
        "a",
        "img",
        "em",
        "strong",
        "del",
        "s",
    ),
    *("code", "pre", "blockquote", "table", "thead", "tbody", "tr", "th", "td", "div", "span", "details"),
    *("summary", "sup", "sub", "kbd", "bdi", "bdo", "b", "i", "small", "figure", "figcaption"),
}
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


def page(cards: Sequence[tuple[str, str, Assets]], *, notice: str = "") -> str:
    """The page for cards given as repo name, README text and files (a folder, or bytes by path).

    `notice` stands above all: that facts are samples, say. A card that cannot be read shows why.
    """
    shown = [_card(number, repo, text, assets) for number, (repo, text, assets) in enumerate(cards, 1)]
    variables = {"cards": shown, "notice": notice}
    return render_template("preview.html.j2", variables, TEMPLATES)


def page_of_folders(folders: Sequence[Path], *, notice: str = "") -> str:
    """The page for published repos that lie in folders `NAMESPACE/NAME`, each with its README.md. OSError for none."""
    cards = [
        (
            f"{folder.resolve().parent.name}/{folder.resolve().name}",
            (folder / "README.md").read_text(encoding="utf-8", errors="replace"),
            folder,
        )
        for folder in folders
    ]
    return page(cards, notice=notice)


def _card(number: int, repo: str, text: str, assets: Assets) -> dict[str, Any]:
    try:
        metadata, problem = front_matter.parse(text), ""
        body = front_matter.split(text)[1]
    except ValueError as error:
        metadata, problem, body = {}, str(error), text
    return {
        "anchor": f"card-{number}",
        "repo": repo,
        "thumbnail": _picture(card_facts.SOCIAL_PREVIEW, assets),
        "chips": _chips(metadata),
        "examples": _examples(metadata),
        "results": _results(metadata),
        "facts": _facts(metadata.get(FRONT_MATTER_KEY)),
        "problem": problem,
        "body": _sanitised(body, assets),
    }


def _sanitised(body: str, assets: Assets) -> Markup:
    """The body's HTML: headings one level down, pictures inlined, everything else a stranger could use gone."""
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
                return _picture(value, assets)
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


def _results(metadata: Mapping[str, Any]) -> list[dict[str, str]]:
    """The model index, a row a metric. What does not have its shape is left out, as on the Hub."""
    rows = []
    try:
        for entry in metadata.get("model-index") or []:
            for result in entry["results"]:
                for metric in result["metrics"]:
                    name = metric.get("name") or metric["type"]
                    rows.append(
                        {
                            "dataset": str(result["dataset"]["name"]),
                            "name": str(name),
                            "value": str(metric["value"]),
                        }
                    )
    except (TypeError, KeyError, AttributeError):
        return []
    return rows


def _facts(published: object) -> list[tuple[str, str]]:
    if not isinstance(published, Mapping):
        return []
    return [
        (str(key).replace("_", " "), ", ".join(map(str, value)) if isinstance(value, list) else str(value))
        for key, value in published.items()
    ]
