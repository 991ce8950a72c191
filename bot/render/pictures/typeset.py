"""Text into SVG shapes, with the fonts that come with the project: wrapped, shaped, in the right direction.

HarfBuzz shapes; outlines become paths and emoji become pictures, so that a drawing holds no text that a
machine without fonts would draw otherwise. Widths are exact: what is wrapped here does not overflow.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from markupsafe import Markup
from markupsafe import escape as escape_markup

from bot.render import escape
from bot.render.pictures import bidi, typefaces
from bot.render.pictures.typefaces import BOLD, EMOJI, REGULAR, Glyph

_JOINERS = "\u200c\u200d\ufe0e\ufe0f\u20e3"
_UNKNOWN = "\u25a1"
# Marks that may not begin a line, and those that may not end one, in Chinese, Japanese and Korean.
_CLOSING = frozenset("、。，．：；！？）］｝」』】〉》〕・ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々…‥")
_OPENING = frozenset("（［｛「『【〈《〔")
Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Block:
    """Wrapped text of one size, ready to be placed. Lengths are in the drawing's units.

    `shortened`: it ends in an ellipsis; `broken`: a word alone is wider than a line. `leads`: how many characters
    of each line belong to the text's lead, which can have a colour of its own.
    """

    lines: tuple[str, ...]
    size: float
    leading: float
    bold: bool
    width: float
    shortened: bool
    broken: bool
    leads: tuple[int, ...] = ()

    @property
    def height(self) -> float:
        """From the top of the first line to the bottom of the last."""
        return len(self.lines) * self.size * self.leading

    @property
    def backwards(self) -> bool:
        """Whether its first letter says that it is read from right to left."""
        return bidi.is_backwards("".join(self.lines))

    def at(self, x: float, y: float, anchor: Anchor = "start", lead: str | None = None) -> Markup:
        """The shapes, with the block's top at `y` and `x` at the lines' start, middle or end.

        The fill is inherited, but for the lead's where `lead` gives it a colour.
        """
        drawn = []
        for number, line in enumerate(self.lines):
            baseline = y + self.size * (self.leading * (number + 0.5) + 0.36)
            width = _width(line, self.bold) * self.size
            left = x - {"start": 0.0, "middle": width / 2, "end": width}[anchor]
            length = self.leads[number] if lead and self.leads else 0
            runs = _runs(line, self.bold, self.backwards, length)
            drawn.append(_draw(runs, left, baseline, self.size, self.bold, lead))
        return Markup("".join(drawn))  # noqa: S704 - numbers and base64 of our own fonts


def block(
    text: str,
    size: float,
    width: float,
    *,
    lines: int = 1,
    bold: bool = False,
    leading: float = 1.35,
    lead: str = "",
) -> Block:
    """The text cleaned and wrapped to the width; what does not fit into the lines ends in an ellipsis.

    `lead` is what the text begins with and may be drawn in another colour.
    """
    whole = drawable(escape.clean(text))
    words = list(_breakable(whole))
    wrapped: list[str] = []
    line = ""
    limit = width / size
    broken = any(_width(word.rstrip(), bold) > limit for word in words[:40])
    while words and len(wrapped) < lines:
        line, words = _fill(words, limit, bold)
        wrapped.append(line.strip())
    if words:
        wrapped[-1] = _ellipsis(line.lstrip() + "".join(words), limit, bold)
    widest = max((_width(line, bold) for line in wrapped), default=0.0)
    leads = _leads(whole, wrapped, drawable(escape.clean(lead))) if lead else ()
    return Block(tuple(wrapped), size, leading, bold, widest * size, bool(words), broken, leads)


def _leads(text: str, lines: Sequence[str], lead: str) -> tuple[int, ...]:
    """How many characters of each line lie within the lead; zeros where the text does not begin with it."""
    end = len(lead) if text.startswith(lead) else 0
    position, found = 0, []
    for line in lines:
        position = max(text.find(line.removesuffix("…"), position), position)
        found.append(min(max(end - position, 0), len(line)))
        position += len(line)
    return tuple(found)


def clusters(text: str) -> list[str]:
    """Roughly what a reader calls characters: a base with its marks, an emoji with its joiners, a flag."""
    found: list[str] = []
    for character in text:
        previous = found[-1] if found else ""
        extends = unicodedata.category(character)[0] == "M" or character in _JOINERS
        joined = previous.endswith("\u200d") or "\U000e0020" <= character <= "\U000e007f"
        flag = _is_regional(character) and len(previous) == 1 and _is_regional(previous)
        if previous and (extends or joined or flag):
            found[-1] += character
        else:
            found.append(character)
    return found


def drawable(text: str) -> str:
    """The text with what no font here draws replaced: by its plain form (fancy letters), else by an empty box.

    Skin tones are left out, which gives the emoji's neutral form.
    """
    parts = []
    for cluster in clusters("".join(c for c in text if not "\U0001f3fb" <= c <= "\U0001f3ff")):
        plain = unicodedata.normalize("NFKC", cluster)
        if typefaces.drawing(cluster) is not None:
            parts.append(cluster)
        elif all(typefaces.drawing(character) is not None for character in plain):
            parts.append(plain)
        else:
            base = cluster[0]
            parts.append(base if typefaces.drawing(base) is not None else _UNKNOWN)
    return "".join(parts)


def _breakable(text: str) -> Iterator[str]:
    """Pieces between which a line may break: words with the space, hyphen or slash after them, CJK characters."""
    word = ""
    for cluster in clusters(text):
        if word and (cluster in _CLOSING or word[-1] in _OPENING):
            word += cluster
        elif unicodedata.east_asian_width(cluster[0]) in "WF":
            if word:
                yield word
            word = cluster
        elif word and unicodedata.east_asian_width(word[0]) in "WF" and cluster != " ":
            yield word
            word = cluster
        else:
            word += cluster
        if cluster == " " or (cluster in "-/" and len(word) > 1):
            yield word
            word = ""
    if word:
        yield word


def _fill(words: list[str], limit: float, bold: bool) -> tuple[str, list[str]]:
    line = ""
    for number, word in enumerate(words):
        if _width((line + word).rstrip(), bold) <= limit:
            line += word
            continue
        if line:
            return line, words[number:]
        head, rest = _break_word(word, limit, bold)
        return head, [rest, *words[number + 1 :]] if rest else words[number + 1 :]
    return line, []


def _break_word(word: str, limit: float, bold: bool) -> tuple[str, str]:
    parts = clusters(word)
    end = next((n for n in range(1, len(parts)) if _width("".join(parts[: n + 1]), bold) > limit), len(parts))
    return "".join(parts[:end]), "".join(parts[end:])


def _ellipsis(text: str, limit: float, bold: bool) -> str:
    parts = clusters(text[:400])
    while parts and _width("".join(parts).rstrip() + "…", bold) > limit:
        parts.pop()
    return "".join(parts).rstrip() + "…"


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


@dataclass(frozen=True, slots=True)
class _Run:
    font: str
    text: str
    backwards: bool
    lead: bool


@lru_cache(maxsize=1024)
def _runs(line: str, bold: bool, base: bool | None = None, lead: int = 0) -> tuple[_Run, ...]:
    """The line's runs of one font and direction, from left to right; `base` as in `bidi.levels`.

    The first `lead` characters are in runs of their own.
    """
    fonts: list[str] = []
    for cluster in clusters(line):
        previous = fonts[-1] if fonts else None
        fonts.extend([typefaces.drawing(cluster, previous) or REGULAR] * len(cluster))
    levels = bidi.levels(line, base=base)
    pieces: list[tuple[int, str, int, int]] = []
    for index, (font, level) in enumerate(zip(fonts, levels, strict=True)):
        if pieces and pieces[-1][:2] == (level, font) and index != lead:
            pieces[-1] = (level, font, pieces[-1][2], index + 1)
        else:
            pieces.append((level, font, index, index + 1))
    return tuple(
        _Run(
            font=BOLD if bold and font == REGULAR else font,
            text=line[start:end],
            backwards=level % 2 == 1,
            lead=start < lead,
        )
        for level, font, start, end in (pieces[n] for n in bidi.visual_order([piece[0] for piece in pieces]))
    )


def _width(line: str, bold: bool) -> float:
    """In ems."""
    return sum(typefaces.shape(run.font, run.text, run.backwards)[1] for run in _runs(line, bold))


def _draw(runs: Sequence[_Run], x: float, y: float, size: float, bold: bool, lead: str | None) -> str:
    parts: list[str] = []
    for run in runs:
        glyphs, width = typefaces.shape(run.font, run.text, run.backwards)
        if run.font == EMOJI:
            parts.extend(_picture(glyph, x, y, size) for glyph in glyphs)
        else:
            # Only Latin, Greek and Cyrillic come with a bold cut: for the others a stroke stands in for it.
            heavy = bold and run.font != BOLD
            data = "".join(_outline(run.font, glyph, x, y, size) for glyph in glyphs)
            parts.append(
                _path(data, size * 0.035 if heavy else 0, lead if run.lead else None) if data else ""
            )
        x += width * size
    return "".join(parts)


def _path(data: str, stroke: float, colour: str | None) -> str:
    """A path in the inherited colour, or in its own."""
    heavy = f' stroke="currentColor" stroke-width="{stroke:.2f}"' if stroke else ""
    own = ' fill="{0}" color="{0}"'.format(escape_markup(colour)) if colour else ""
    return f'<path{own}{heavy} d="{data}"/>'


def _outline(file: str, glyph: Glyph, x: float, y: float, size: float) -> str:
    left, base = x + glyph.x * size, y - glyph.y * size
    return "".join(
        letter + " ".join(f"{left + px * size:.2f} {base - py * size:.2f}" for px, py in points)
        for letter, points in typefaces.outline(file, glyph.number)
    )


def _picture(glyph: Glyph, x: float, y: float, size: float) -> str:
    found = typefaces.bitmap(glyph.number)
    if found is None:
        return ""
    data, left, top, width, height = found
    return (
        f'<image x="{x + (glyph.x + left) * size:.2f}" y="{y - (glyph.y + top) * size:.2f}" '
        f'width="{width * size:.2f}" height="{height * size:.2f}" href="{data}"/>'
    )
