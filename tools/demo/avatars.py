"""Draws the demo accounts' avatars: one plain emblem each, so that a card shows four birds of a kind."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

SIZE = 400
"""Pixels a side, what X serves as `_400x400`."""

_FINE = 4  # drawn so many times larger, then scaled down: Pillow's own edges are jagged


def avatar(emblem: str) -> bytes:
    """Return the named emblem (`devil`, `terminal`, `book`, `kite`) as a PNG of 400 x 400 pixels."""
    from PIL import Image, ImageDraw

    background, draw_emblem = _EMBLEMS[emblem]
    image = Image.new("RGB", (SIZE * _FINE, SIZE * _FINE), background)
    draw_emblem(_Pen(ImageDraw.Draw(image)))
    small = image.resize((SIZE, SIZE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    # Sixty-four colours are enough for flat shapes with soft edges, and keep the archives small.
    small.quantize(64).save(out, "PNG", optimize=True)
    return out.getvalue()


class _Pen:
    """Pillow's drawing calls in the avatar's own pixels, whatever the scale drawn at."""

    def __init__(self, draw: ImageDraw) -> None:
        self._draw = draw

    def polygon(self, points: list[tuple[float, float]], fill: str) -> None:
        self._draw.polygon([(x * _FINE, y * _FINE) for x, y in points], fill=fill)

    def ellipse(self, x0: float, y0: float, x1: float, y1: float, fill: str) -> None:
        self._draw.ellipse((x0 * _FINE, y0 * _FINE, x1 * _FINE, y1 * _FINE), fill=fill)

    def box(self, x0: float, y0: float, x1: float, y1: float, radius: float, fill: str) -> None:
        corners = (x0 * _FINE, y0 * _FINE, x1 * _FINE, y1 * _FINE)
        self._draw.rounded_rectangle(corners, radius=radius * _FINE, fill=fill)

    def line(self, points: list[tuple[float, float]], fill: str, width: int) -> None:
        scaled = [(x * _FINE, y * _FINE) for x, y in points]
        self._draw.line(scaled, fill=fill, width=width * _FINE, joint="curve")
        for x, y in (points[0], points[-1]):
            self.ellipse(x - width / 2, y - width / 2, x + width / 2, y + width / 2, fill)

    def arc(
        self, box: tuple[float, float, float, float], start: int, end: int, fill: str, width: int
    ) -> None:
        scaled = (box[0] * _FINE, box[1] * _FINE, box[2] * _FINE, box[3] * _FINE)
        self._draw.arc(scaled, start, end, fill=fill, width=width * _FINE)


def _devil(pen: _Pen) -> None:
    pen.polygon([(92, 70), (150, 140), (104, 178)], "#f4c95d")
    pen.polygon([(308, 70), (250, 140), (296, 178)], "#f4c95d")
    pen.ellipse(90, 110, 310, 330, "#3a0610")
    pen.polygon([(135, 180), (190, 212), (138, 222)], "#f4c95d")
    pen.polygon([(265, 180), (210, 212), (262, 222)], "#f4c95d")
    pen.arc((140, 180, 260, 290), 20, 160, "#f4c95d", 11)
    pen.polygon([(186, 314), (214, 314), (200, 368)], "#3a0610")


def _terminal(pen: _Pen) -> None:
    pen.box(62, 82, 338, 292, 26, "#d9d2bd")
    pen.box(88, 106, 312, 266, 14, "#08160d")
    pen.line([(118, 146), (158, 184), (118, 222)], "#57e389", 15)
    pen.line([(184, 224), (240, 224)], "#57e389", 15)
    pen.polygon([(168, 292), (232, 292), (248, 324), (152, 324)], "#b3aa90")
    pen.box(116, 320, 284, 340, 8, "#d9d2bd")


def _book(pen: _Pen) -> None:
    for x in (80, 140, 200, 260, 320):
        pen.line([(200 + (x - 200) * 0.35, 150), (x, 62 + abs(x - 200) * 0.3)], "#e9c46a", 8)
    pen.polygon([(52, 170), (200, 204), (348, 170), (348, 322), (200, 354), (52, 322)], "#7a3b12")
    pen.polygon([(66, 160), (196, 194), (196, 338), (66, 306)], "#fbf3dc")
    pen.polygon([(334, 160), (204, 194), (204, 338), (334, 306)], "#fbf3dc")
    for y in (196, 222, 248, 274):
        pen.line([(86, y), (174, y + 22)], "#9c8a63", 6)
        pen.line([(226, y + 22), (314, y)], "#9c8a63", 6)


def _kite(pen: _Pen) -> None:
    pen.polygon([(232, 46), (322, 128), (222, 244), (140, 130)], "#f6f1e3")
    pen.polygon([(232, 46), (322, 128), (231, 129)], "#e4572e")
    pen.polygon([(222, 244), (140, 130), (231, 129)], "#e4572e")
    pen.line([(222, 244), (196, 276), (206, 300), (170, 318)], "#4a3b2a", 6)
    pen.ellipse(132, 292, 180, 340, "#f2c14e")
    pen.ellipse(146, 306, 166, 326, "#2f7fb8")
    pen.line([(140, 332), (94, 368)], "#f2c14e", 12)
    pen.line([(112, 354), (124, 370)], "#f2c14e", 9)
    pen.polygon([(74, 60), (120, 60), (98, 100), (124, 100), (64, 168), (82, 116), (58, 116)], "#ffe08a")


_EMBLEMS: dict[str, tuple[str, Callable[[_Pen], None]]] = {
    "devil": ("#c1121f", _devil),
    "terminal": ("#1f5132", _terminal),
    "book": ("#27235c", _book),
    "kite": ("#2f7fb8", _kite),
}
