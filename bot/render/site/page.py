"""The page: models to files, pure. The first models stand in the HTML itself, all of them in the data."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bot.io.paths import TEMPLATES
from bot.plan.states import STATES
from bot.render import escape
from bot.render.environment import render_template
from bot.render.site import data
from bot.render.site.models import LEVELS, Model, plain

PAGE = "index.html"
GENERATOR = "Mynah fleet page"
"""By this a page of ours is known again."""
SHOWN = 24
"""Models on one page: divides by 2, 3 and 4 columns."""
FACES = 4
"""Faces of one model; of the others the number is shown."""
SPARK = (120, 32)
"""Width and height of a sparkline's box."""
HUES = 12


def files(
    models: Sequence[Model],
    *,
    namespace: str,
    repos: str,
    add: str | None = None,
    remove: str | None = None,
    folders: Sequence[Path] = TEMPLATES,
) -> dict[str, bytes]:
    """The page and its data by path. `models` are sorted by name; `repos` is the address before a model's name.

    `add` and `remove` are where a visitor asks for a model and for a removal, None where that is not known.
    """
    parts = data.files(models)
    style = render_template("site/style.css.j2", {}, folders)
    script = render_template("site/script.js.j2", {}, folders)
    counts = Counter(model.state for model in models)
    variables = {
        "generator": GENERATOR,
        "namespace": escape.clean(namespace),
        "repos": repos,
        "add": add,
        "remove": remove,
        "style": style,
        "script": script,
        "policy": _policy(style, script),
        "parts": [f"{path}?v={hashlib.sha256(content).hexdigest()[:12]}" for path, content in parts.items()],
        "count": len(models),
        "states": [
            {"key": key, "label": label, "meaning": meaning, "count": counts[key]}
            for key, (label, meaning) in STATES.items()
            if counts[key]
        ],
        "models": [card(model, repos) for model in models[:SHOWN]],
        "faces": FACES,
        "spark": {"width": SPARK[0], "height": SPARK[1]},
        "shown": SHOWN,
    }
    return {PAGE: render_template("site.html.j2", variables, folders).encode(), **parts}


def card(model: Model, repos: str) -> dict[str, Any]:
    """What the template shows of one model; the script makes the same of a row of the data."""
    facts = model.facts
    people = facts.people if facts else plain(model.handles)
    day = facts.trained if facts else model.trained
    pictures = [*model.pictures, *[None] * len(people)]
    return {
        "name": model.name,
        "url": f"{repos}{quote(model.name)}" if model.on_hub else None,
        "title": " & ".join(name for name, _ in people),
        "handles": [handle for name, handle in people if handle != name],
        "faces": [
            {"picture": picture, "initials": initials(name), "hue": hue(handle)}
            for (name, handle), picture in list(zip(people, pictures, strict=False))[:FACES]
        ],
        "more_faces": max(len(people) - FACES, 0),
        "sample": facts.sample if facts else None,
        "state": model.state,
        "label": STATES[model.state][0],
        "trained": day.isoformat() if day else None,
        "kept": facts.kept if facts else None,
        "base": facts.base if facts else None,
        "tuned": facts.tuned if facts else None,
        "first": facts.first if facts else None,
        "least": facts.least if facts else None,
        "line": points(facts.line) if facts else "",
        "top": height(facts.line[0]) if facts and facts.line else None,
    }


def initials(name: str) -> str:
    """One or two letters that stand for a name; `?` where it has none."""
    words = [word for word in name.replace("@", " ").replace("_", " ").split() if word[0].isalnum()]
    return "".join(word[0] for word in words[:2]).upper() or "?"


def hue(handle: str) -> int:
    """A colour that is the account's own: 0 to 11."""
    return sum(map(ord, handle)) % HUES


def points(line: str) -> str:
    """A sparkline's points for a polyline: lower is better, and drawn lower."""
    if len(line) < 2:
        return ""
    step = SPARK[0] / (len(line) - 1)
    return " ".join(f"{number * step:.1f},{height(level)}" for number, level in enumerate(line))


def height(level: str) -> float:
    """Where a level of the sparkline is drawn, pixels from the top."""
    room = SPARK[1] - 4
    return round(2 + room * (1 - LEVELS.index(level) / (len(LEVELS) - 1)), 1)


def _policy(style: str, script: str) -> str:
    """Nothing from elsewhere, and no script or style but these and the data beside the page."""
    return "; ".join(
        (
            "default-src 'none'",
            "img-src 'self' file:",
            f"style-src {_hash(style)}",
            f"script-src 'self' file: {_hash(script)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
