"""Profile pictures: whatever bytes strangers gave, the answer is a small picture."""

from __future__ import annotations

import io
import struct
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

AVATAR_SIDE = 184
"""Pixels: twice what a card shows, for screens that are dense."""
MAX_AVATAR_BYTES = 8 << 20
MAX_AVATAR_PIXELS = 16_000_000
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
# What decoders raise on damaged files; anything else would be a bug of ours.
_DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    ArithmeticError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    MemoryError,
    RuntimeError,
    Warning,
    struct.error,
    zlib.error,
)


def avatar(data: bytes | None) -> bytes:
    """A round PNG, 184 pixels wide, of a picture that nobody vouched for; a neutral figure when it is none."""
    from PIL import Image, ImageChops, ImageOps

    image = _decode(data)
    if image is None:
        image = _figure()
    square = ImageOps.fit(image, (AVATAR_SIDE, AVATAR_SIDE), Image.Resampling.LANCZOS)
    square.putalpha(ImageChops.multiply(square.getchannel("A"), _disc()))
    return _png(square)


def thumbnail(data: bytes, side: int) -> bytes:
    """A WebP, `side` pixels wide, of a published avatar that somebody may have replaced; the figure when damaged."""
    from PIL import Image, ImageOps

    image = ImageOps.fit(_decode(data) or _figure(), (side, side), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "WEBP", quality=80, method=2)
    return out.getvalue()


def _decode(data: bytes | None) -> Image.Image | None:
    """The first frame in RGBA, turned as its camera says; None for anything that is no sane picture."""
    import warnings

    from PIL import Image, ImageOps

    if not data or len(data) > MAX_AVATAR_BYTES:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                width, height = image.size
                if not 0 < width * height <= MAX_AVATAR_PIXELS:
                    return None
                image.draft("RGB", (2 * AVATAR_SIDE, 2 * AVATAR_SIDE))
                return ImageOps.exif_transpose(image).convert("RGBA")
    except (*_DAMAGED, Image.DecompressionBombError):
        return None


@lru_cache(maxsize=1)
def _figure() -> Image.Image:
    """Head and shoulders in two greys."""
    from PIL import Image, ImageDraw

    side = AVATAR_SIDE * 4
    image = Image.new("RGBA", (side, side), "#d7dae2")
    pen = ImageDraw.Draw(image)
    pen.ellipse((side * 0.33, side * 0.2, side * 0.67, side * 0.54), fill="#8d93a3")
    pen.ellipse((side * 0.17, side * 0.62, side * 0.83, side * 1.28), fill="#8d93a3")
    return image


@lru_cache(maxsize=1)
def _disc() -> Image.Image:
    from PIL import Image, ImageDraw

    mask = Image.new("L", (AVATAR_SIDE * 4, AVATAR_SIDE * 4), 0)
    ImageDraw.Draw(mask).ellipse((0, 0, mask.width - 1, mask.height - 1), fill=255)
    return mask.resize((AVATAR_SIDE, AVATAR_SIDE), Image.Resampling.LANCZOS)


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()
