"""The page's data as script files: rows that a browser loads without a server, and the next run reads as its cache."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from bot.io.bounded import Bounds, read_json
from bot.render.site.models import Facts, Model

FOLDER = "fleet"
"""Everything but the page itself lies here, below the page."""
ROWS = 2500
"""Models in one file: half a megabyte, so that no file keeps a browser busy for long."""
_BOUNDS = Bounds(32 << 20)
_BEGIN, _END = "fleet.add([\n", "\n]);\n"


def files(models: Sequence[Model]) -> dict[str, bytes]:
    """The script files by their path from the page, in the models' order."""
    parts = [models[start : start + ROWS] for start in range(0, len(models), ROWS)]
    return {
        f"{FOLDER}/models-{number}.js": (
            _BEGIN + ",\n".join(_text(row_of(model)) for model in part) + _END
        ).encode()
        for number, part in enumerate(parts, 1)
    }


def row_of(model: Model) -> list[Any]:
    """The model as the page's script reads it; the order of the columns stands in `site/script.js.j2`."""
    facts = model.facts
    if facts is None:
        people = [[f"@{handle}"] for handle in model.handles]
        day = model.trained.isoformat() if model.trained else 0
        return [model.name, model.state, int(model.on_hub), people, day]
    people = [[name] if name == handle else [name, handle] for name, handle in facts.people]
    numbers = [facts.kept, facts.base, facts.tuned, facts.first, facts.least, facts.line]
    pictures = [picture or 0 for picture in model.pictures]
    day = facts.trained.isoformat()
    return [
        model.name,
        model.state,
        int(model.on_hub),
        people,
        day,
        *numbers,
        pictures,
        facts.sample or 0,
        facts.head,
    ]


def cached(folder: Path) -> dict[str, tuple[Facts, tuple[str | None, ...]]]:
    """Facts and pictures of an earlier page in `folder`, by the model's name; nothing where there is none."""
    return dict(_cached(sorted((folder / FOLDER).glob("models-*.js"))))


def _cached(paths: Iterable[Path]) -> Iterator[tuple[str, tuple[Facts, tuple[str | None, ...]]]]:
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8")
            rows = read_json(f"[{text.removeprefix(_BEGIN).removesuffix(_END)}]", _BOUNDS, "it")
            for row in rows:
                if len(row) == 14:
                    yield row[0], _facts(row)
        except (OSError, ValueError, TypeError, LookupError):
            continue  # of another version, or cut short: what is not known is read again


def _facts(row: Sequence[Any]) -> tuple[Facts, tuple[str | None, ...]]:
    _, _, _, people, day, kept, base, tuned, first, least, line, pictures, sample, head = row
    found = Facts(
        head=str(head),
        people=tuple((one[0], one[-1]) for one in people),
        trained=date.fromisoformat(day),
        kept=int(kept),
        base=base,
        tuned=tuned,
        first=first,
        least=least,
        line=str(line),
        sample=(str(sample[0]), str(sample[1])) if sample else None,
    )
    return found, tuple(picture or None for picture in pictures)


def _text(row: list[Any]) -> str:
    """JSON that is ASCII, and holds no `<`: it can end no script, whatever a name says."""
    return json.dumps(row, separators=(",", ":")).replace("<", "\\u003c")
