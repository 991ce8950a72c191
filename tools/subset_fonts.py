"""Makes the fonts of this folder from Debian's Noto packages: what pictures need, small enough to ship.

Run once when a font changes: `python bot/fonts/subset_fonts.py FOLDER`, with fonttools and Pillow installed and
fonts-noto-core, fonts-noto-cjk and fonts-noto-color-emoji unpacked below FOLDER (`dpkg -x`).
"""

from __future__ import annotations

import importlib
import io
import sys
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from PIL import Image

OUT = Path(__file__).parents[1] / "bot" / "render" / "pictures" / "fonts"
SCRIPTS = [
    *(
        "Arabic",
        "Hebrew",
        "Thai",
        "Devanagari",
        "Bengali",
        "Tamil",
        "Telugu",
        "Gujarati",
        "Gurmukhi",
        "Kannada",
    ),
    *("Malayalam", "Georgian", "Armenian", "Khmer", "Lao", "Myanmar", "Sinhala"),
]
LATIN = [(0x20, 0x7E), (0xA0, 0x3FF), (0x400, 0x52F), (0x1E00, 0x214F), (0x2190, 0x21FF), (0x2212, 0x2212)]
SYMBOLS = [(0x2300, 0x23FF), (0x2500, 0x27BF), (0x2900, 0x2BFF)]
CJK_MARKS = [(0x3000, 0x30FF), (0x3105, 0x312F), (0x31F0, 0x31FF), (0xFF00, 0xFFEF)]
SKIN_TONES = {0x1F3FB, 0x1F3FC, 0x1F3FD, 0x1F3FE, 0x1F3FF}
EMOJI_PPEM = 52
EMOJI_COLOURS = 48


def main(folder: Path) -> None:
    """Writes every font; the sizes stand in README.md of this folder."""
    for weight in ("Regular", "Bold"):
        name = f"NotoSans-{weight}.ttf"
        subset(find(folder, name), name, code_points(LATIN))
    for script in SCRIPTS:
        name = f"NotoSans{script}-Regular.ttf"
        subset(find(folder, name), name, None)
    for name in ("NotoSansSymbols-Regular.ttf", "NotoSansSymbols2-Regular.ttf"):
        subset(find(folder, name), name, code_points(SYMBOLS))
    # The first level of four national standards: the characters that schools teach and newspapers print.
    frequent = level("gb2312", 0xB0, 0xD7) | level("euc_jp", 0xB0, 0xCF) | level("euc_kr", 0xB0, 0xC8)
    frequent |= level("big5", 0xA4, 0xC6)
    cjk = frequent | code_points(CJK_MARKS)
    subset(
        find(folder, "NotoSansCJK-Regular.ttc"), "NotoSansCJK-Regular.otf", cjk, features=["ccmp"], number=0
    )
    name = "NotoColorEmoji.ttf"
    subset(find(folder, name), name, None, without=SKIN_TONES, change=shrink_bitmaps)


def find(folder: Path, name: str) -> Path:
    """The one file of that name below the folder. StopIteration when it is missing."""
    return next(path for path in sorted(folder.rglob(name)) if path.is_file())


def code_points(ranges: list[tuple[int, int]]) -> set[int]:
    """All code points of inclusive ranges."""
    return {point for first, last in ranges for point in range(first, last + 1)}


def level(codec: str, first: int, last: int) -> set[int]:
    """The characters whose first byte in the codec lies in the range, inclusive."""
    found = set()
    for lead in range(first, last + 1):
        for trail in range(0x40, 0xFF):
            try:
                text = bytes([lead, trail]).decode(codec)
            except UnicodeDecodeError:
                continue
            if len(text) == 1:
                found.add(ord(text))
    return found


def subset(
    source: Path,
    name: str,
    keep: set[int] | None,
    *,
    features: list[str] | None = None,
    number: int = -1,
    without: AbstractSet[int] = frozenset(),
    change: Any = None,
) -> None:
    """Writes the font's glyphs for `keep` (all when None) and what shaping makes of them."""
    tool: Any = importlib.import_module("fontTools.subset")
    options = tool.Options()
    options.hinting = options.glyph_names = False
    options.layout_features = features or ["*"]
    options.name_IDs = [0, 1, 2, 4, 6, 13, 14]
    options.notdef_outline = True
    options.font_number = number
    font = tool.load_font(str(source), options)
    available = set(font.getBestCmap())
    subsetter = tool.Subsetter(options)
    subsetter.populate(unicodes=((keep or available) & available) - without)
    subsetter.subset(font)
    if change is not None:
        change(font)
    # Without a fixed date two runs would give two files.
    font["head"].modified = font["head"].created
    font.recalcTimestamp = False
    tool.save_font(font, str(OUT / name), options)


def shrink_bitmaps(font: Any) -> None:
    """Emoji at the size they are drawn: smaller strikes with a palette each."""
    for location, strike in zip(font["CBLC"].strikes, font["CBDT"].strikeData, strict=True):
        table = location.bitmapSizeTable
        ratio = EMOJI_PPEM / table.ppemX
        table.ppemX = table.ppemY = EMOJI_PPEM
        for metrics in (table.hori, table.vert):
            for field in ("ascender", "descender", "widthMax"):
                setattr(metrics, field, round(getattr(metrics, field) * ratio))
        for glyph in strike.values():
            image = Image.open(io.BytesIO(glyph.imageData)).convert("RGBA")
            metrics = glyph.metrics
            size = (max(1, round(metrics.width * ratio)), max(1, round(metrics.height * ratio)))
            image = image.resize(size, Image.Resampling.LANCZOS)
            palette = image.quantize(EMOJI_COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
            out = io.BytesIO()
            palette.save(out, "PNG", optimize=True)
            glyph.imageData = out.getvalue()
            metrics.width, metrics.height = size
            for field in ("BearingX", "BearingY", "Advance"):
                setattr(metrics, field, round(getattr(metrics, field) * ratio))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
