"""An SVG template to a PNG, without any font of the machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.errors import UsageError
from bot.render.environment import render_template


def rendered(
    file: str, variables: Mapping[str, Any], size: tuple[int, int], folders: Sequence[Path]
) -> bytes:
    """The template's drawing as a PNG of `size` pixels. UsageError when it makes no valid SVG."""
    import resvg_py

    svg = render_template(file, variables, folders)
    try:
        return resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True, width=size[0], height=size[1])
    except ValueError as error:
        raise UsageError(f"the template {file} makes no valid SVG: {error}") from None
