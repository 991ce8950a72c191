"""The card: a manifest's facts to README.md, front matter and body. Same facts, same bytes; no clock, no network."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.io.paths import TEMPLATES
from bot.registry.templates import find_template, template_digest

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
    from bot.hub import front_matter  # slow to start, and a plan needs only the templates' digest
    from bot.render.card import human_edits, variables
    from bot.render.card.metadata import metadata
    from bot.render.environment import render_template

    body = render_template(f"{template}.md.j2", variables.facts(manifest), folders)
    body = re.sub(r"\n{3,}", "\n\n", body).strip("\n")
    return f"{front_matter.dump(human_edits.merged(metadata(manifest), dict(added or {})))}\n{body}\n"
