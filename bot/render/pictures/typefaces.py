"""The fonts that come with the project: which of them draws a character, and the shapes of its glyphs.

Outlines are in ems with y upwards; emoji are bitmaps. Files are read once and shared.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bot.io.paths import FONTS

REGULAR, BOLD, EMOJI = "NotoSans-Regular.ttf", "NotoSans-Bold.ttf", "NotoColorEmoji.ttf"
_LAST = ("NotoSansCJK-Regular.otf", "NotoSansSymbols-Regular.ttf", "NotoSansSymbols2-Regular.ttf", EMOJI)
Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Glyph:
    """A glyph of a run: its place from the run's start on the baseline, in ems."""

    number: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class _Face:
    font: Any
    em: int
    covers: frozenset[int]


@lru_cache(maxsize=64)
def _load(file: str) -> _Face:
    import uharfbuzz  # type: ignore[import-untyped]

    face = uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(FONTS / file)))
    return _Face(uharfbuzz.Font(face), face.upem, frozenset(face.unicodes))


@lru_cache(maxsize=1)
def _order() -> tuple[str, ...]:
    scripts = sorted(path.name for path in FONTS.glob("*-Regular.ttf") if path.name not in (REGULAR, *_LAST))
    return (REGULAR, *scripts, *_LAST)


@lru_cache(maxsize=4096)
def drawing(cluster: str, before: str | None = None) -> str | None:
    """The first font that draws the whole cluster, None when none does; `before`, for spaces and marks, goes first."""
    wanted = {ord(character) for character in cluster} - {0x200C, 0x200D, 0xFE0E, 0xFE0F}
    emoji = "\ufe0f" in cluster or "\U0001f000" <= cluster[0] <= "\U0001faff"
    order = (EMOJI, *_order()) if emoji else _order()
    if before is not None and before != EMOJI and not cluster[0].isalnum():
        order = (before, *order)
    return next((file for file in order if wanted <= _load(file).covers), None)


@lru_cache(maxsize=4096)
def shape(file: str, text: str, backwards: bool) -> tuple[tuple[Glyph, ...], float]:
    """The glyphs of a text in one font and direction, from left to right, and its width in ems."""
    import uharfbuzz

    face = _load(file)
    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    buffer.direction = "rtl" if backwards else "ltr"
    uharfbuzz.shape(face.font, buffer)
    pen, glyphs = 0, []
    for info, position in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        glyphs.append(Glyph(info.codepoint, (pen + position.x_offset) / face.em, position.y_offset / face.em))
        pen += position.x_advance
    return tuple(glyphs), pen / face.em


@lru_cache(maxsize=4096)
def outline(file: str, glyph: int) -> tuple[tuple[str, Points], ...]:
    """A glyph's outline: SVG path letters with their points, in ems."""
    face = _load(file)
    pen = _Pen(face.em)
    face.font.draw_glyph_with_pen(glyph, pen)
    return tuple(pen.commands)


@lru_cache(maxsize=512)
def bitmap(glyph: int) -> tuple[str, float, float, float, float] | None:
    """An emoji's PNG as a data URI, with left, top, width and height in ems; None when the font has none."""
    face = _load(EMOJI)
    blob, extents = face.font.get_glyph_color_png(glyph), face.font.get_glyph_extents(glyph)
    if blob is None or not blob.data or extents is None:
        return None
    box = (extents.x_bearing, extents.y_bearing, extents.width, -extents.height)
    left, top, width, height = (length / face.em for length in box)
    return f"data:image/png;base64,{base64.b64encode(blob.data).decode()}", left, top, width, height


class _Pen:
    """Collects an outline; the method names are those HarfBuzz calls."""

    def __init__(self, em: int) -> None:
        self.em = em
        self.commands: list[tuple[str, Points]] = []

    def _add(self, letter: str, *points: tuple[float, float]) -> None:
        self.commands.append((letter, tuple((x / self.em, y / self.em) for x, y in points)))

    def moveTo(self, point: tuple[float, float]) -> None:  # noqa: N802
        self._add("M", point)

    def lineTo(self, point: tuple[float, float]) -> None:  # noqa: N802
        self._add("L", point)

    def qCurveTo(self, *points: tuple[float, float]) -> None:  # noqa: N802
        self._add("Q", *points)

    def curveTo(self, *points: tuple[float, float]) -> None:  # noqa: N802
        self._add("C", *points)

    def closePath(self) -> None:  # noqa: N802
        self._add("Z")

    def endPath(self) -> None:  # noqa: N802
        """An open contour needs no mark of its own."""
