"""The card: a manifest's facts to README.md, front matter and body. Same facts, same bytes; no clock, no network."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.card.templates import find_template, template_digest
from bot.paths import TEMPLATES

if TYPE_CHECKING:
    from bot.manifest import Manifest

__all__ = ["find_template", "render", "template_digest"]


def render(
    manifest: Manifest,
    *,
    template: str = "model_card",
    folders: Sequence[Path] = TEMPLATES,
    added: Mapping[str, Any] | None = None,
) -> str:
    """README.md for the manifest; `added` is front matter that a human put there, and stays.

    UsageError when the template is missing, broken or names an unknown variable.
    """
    from bot import edits
    from bot.card import facts, front_matter  # slow to start, and a plan needs only the templates' digest
    from bot.card.environment import render_template
    from bot.card.metadata import metadata

    body = render_template(f"{template}.md.j2", facts.facts(manifest), folders)
    body = re.sub(r"\n{3,}", "\n\n", body).strip("\n")
    return f"{front_matter.dump(edits.merged(metadata(manifest), dict(added or {})))}\n{body}\n"
