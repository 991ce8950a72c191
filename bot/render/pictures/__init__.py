"""Pictures of a card: round avatars, the loss curve, the social preview. Same facts, same bytes.

Avatars come from strangers: whatever their bytes are, the answer is a picture. The two others are SVG templates,
rendered without any font of the machine.
"""

from __future__ import annotations

import base64
import hashlib
import io
import math
import struct
import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.errors import UsageError
from bot.io.paths import TEMPLATES
from bot.manifest import Manifest
from bot.render.card import curve
from bot.render.card import variables as card_facts
from bot.render.environment import render_template
from bot.render.pictures import typeset

if TYPE_CHECKING:
    from PIL import Image

AVATAR_SIDE = 184
"""Pixels: twice what a card shows, for screens that are dense."""
MAX_AVATAR_BYTES = 8 << 20
MAX_AVATAR_PIXELS = 16_000_000
PREVIEW_SIZE = (1200, 630)
LOSS_SIZE = (1200, 560)
MAX_AVATARS = 9
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


def loss_curve(manifest: Manifest, folders: Sequence[Path] = TEMPLATES) -> bytes:
    """PNG of the training and held-out loss over the steps, the base as a line, the best step marked.

    ValueError for a manifest without an evaluation: nothing was measured that could be drawn.
    """
    return _rendered("loss.svg.j2", _chart(manifest), LOSS_SIZE, folders)


def social_preview(
    manifest: Manifest, avatars: Mapping[str, bytes], folders: Sequence[Path] = TEMPLATES
) -> bytes:
    """PNG of 1200 x 630: who, a prompt and what the model made of it. `avatars` are PNGs by their path in the repo."""
    facts = card_facts.facts(manifest)
    shown = [
        "data:image/png;base64,"
        + base64.b64encode(avatars[path] if path in avatars else avatar(None)).decode()
        for path in (account.avatar or "" for account in manifest.accounts[:MAX_AVATARS])
    ]
    width, height = PREVIEW_SIZE
    variables = facts | {
        "block": typeset.block,
        "width": width,
        "height": height,
        "pictures": shown,
        "hue": int(hashlib.sha256(manifest.name.encode()).hexdigest(), 16) % 360,
    }
    return _rendered("predictions.svg.j2", variables, PREVIEW_SIZE, folders)


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


def _rendered(
    file: str, variables: Mapping[str, Any], size: tuple[int, int], folders: Sequence[Path]
) -> bytes:
    import resvg_py

    svg = render_template(file, variables, folders)
    try:
        return resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True, width=size[0], height=size[1])
    except ValueError as error:
        raise UsageError(f"the template {file} makes no valid SVG: {error}") from None


def _chart(manifest: Manifest) -> dict[str, Any]:
    """Variables of the loss curve's template: lines in pixels and the values at the axes."""
    width, height = LOSS_SIZE
    left, right, top, bottom = 96, width - 40, 104, height - 72
    if manifest.evaluation is None:
        raise ValueError(f"{manifest.name} was never evaluated, so it has no loss curve")
    base = curve.base_loss(manifest.curve, manifest.evaluation)
    train = [(point.step, point.train) for point in manifest.curve if point.train is not None]
    held_out = [(point.step, point.held_out) for point in manifest.curve if point.held_out is not None]
    losses = [loss for _, loss in (*train, *held_out)] + [base]
    low, high, ticks = _scale(min(losses), max(losses))
    last = max((point.step for point in manifest.curve), default=0) or 1

    def place(step: float, loss: float) -> tuple[float, float]:
        return (
            left + (right - left) * step / last,
            bottom - (bottom - top) * (loss - low) / (high - low),
        )

    best = curve.best(manifest.curve)
    marked = None
    if best is not None and best.held_out is not None:
        x, y = place(best.step, best.held_out)
        marked = {"x": x, "y": y, "step": best.step, "loss": best.held_out}
    return {
        "block": typeset.block,
        "width": width,
        "height": height,
        "left": left,
        "right": right,
        "top": top,
        "bottom": bottom,
        "train": _points(train, place),
        "held_out": _points(held_out, place),
        "base": {"y": place(0, base)[1], "loss": base},
        "best": marked,
        "rows": [{"y": place(0, tick)[1], "label": _label(tick, ticks)} for tick in ticks],
        "columns": [{"x": place(step, low)[0], "label": f"{step:,}"} for step in _steps(last)],
    }


def _points(values: Sequence[tuple[int, float]], place: Any) -> str:
    return " ".join("{:.1f},{:.1f}".format(*place(step, loss)) for step, loss in values)


def _scale(low: float, high: float) -> tuple[float, float, list[float]]:
    """Round bounds around the values and three to seven round numbers between them."""
    span = max(high - low, 0.05)
    unit = 10 ** math.floor(math.log10(span / 4))
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if span / (unit * factor) <= 5)
    first, last = math.floor(low / step), math.ceil(max(high, low + span) / step)
    ticks = [round(number * step, 6) for number in range(first, last + 1)]
    return ticks[0], ticks[-1], ticks


def _label(tick: float, ticks: Sequence[float]) -> str:
    places = max((len(f"{value:.6f}".rstrip("0").split(".")[1]) for value in ticks), default=1)
    return f"{tick:.{max(1, places)}f}"


def _steps(last: int) -> list[int]:
    _, _, ticks = _scale(0, last)
    return sorted({round(tick) for tick in ticks if tick <= last and tick == round(tick)})
