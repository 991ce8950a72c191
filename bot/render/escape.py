"""One escape for every place where a stranger's text meets a card: prose, table cells, headings, links, HTML.

Each ASCII punctuation mark that could be syntax becomes a decimal character reference, which Markdown and HTML both
read as the mark itself. A comma, an apostrophe, a full stop at the end of a sentence stay, so that the source reads
well too. What cannot be seen, or would reorder the text around it, is dropped. One renderer finds addresses of mail
after that; in them a space of no width stands after the @, so that neither makes a link.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from urllib.parse import quote, urlsplit

from markupsafe import Markup

_NO_WIDTH = "\u200b"
# Marks that mean something wherever they stand, and marks that do not only between letters or after them.
_SYNTAX = re.compile(
    f'[]"#$&*+<=>@[\\\\^`{{|}}~{_NO_WIDTH}]'
    "|(?<![A-Za-z0-9])[-/_]|[-/_](?![A-Za-z0-9])"
    r"|(?<![A-Za-z0-9)'])\.|(?<=[A-Za-z)'])\.(?![\s)',]|\Z)|(?<=[0-9])\.(?![0-9])|(?<=[0-9])\)|:(?!\s|\Z)|!\Z"
)
# Ignorable letters that a reader sees as nothing, and the blank Braille cell, which looks like a space.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\uffa0\ufffd\U000e0100-\U000e01ef]"
)
# What needs no look at each character: visible, never recomposed, and none that joins or selects. ASCII,
# precomposed Latin, dashes and quotes, kana, the common ideographs, pictures without joiners.
_PLAIN = re.compile(
    "[\x20-\x7e\u00a1-\u00ac\u00ae-\u017f\u2010-\u2027\u2030-\u205e\u3001-\u3029\u3041-\u3096\u30a1-\u30fe"
    "\u4e00-\u9fef\U0001f300-\U0001f64f\U0001f680-\U0001f6c5\U0001f900-\U0001f9ff]*"
)
# GitHub's Markdown makes a link of an address of mail, even of one that is written with references.
_MAIL = re.compile(r"(?<=[\w.+-])@(?=[\w.-]*\.[^\W_])", re.ASCII)
_CACHED_LENGTH = 200
_LONG_WORD, _PIECE = 10, 3
"""Letters of a word that may break in a narrow column, and after how many of them."""
_LINE_BREAK = re.compile(r"\r\n?|\n")
_SPACES = re.compile(r"[\s\u2800]+")
# Format characters that do draw: Arabic and Syriac number signs, Kaithi's.
_DRAWN_FORMATS = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
# A joiner or variation selector means something between or after letters of a script or pictures that use it.
_STRAY_JOINER = re.compile(
    "(?<![^\x00-\x7f\u200c\u200d])[\u200c\u200d]+|[\u200c\u200d]+(?![^\x00-\x7f\u200c\u200d\\s])"
)
_STRAY_SELECTOR = re.compile("(?<![0-9#*\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff])[\ufe00-\ufe0f]+")
_FLAG = re.compile("(\U0001f3f4[\U000e0030-\U000e007a]{2,8}\U000e007f)|[\U000e0000-\U000e007f]")
_MARKS_IN_A_ROW = 3


def clean(text: str, *, keep_lines: bool = False) -> str:
    r"""What a reader should see of a stranger's text: NFC, on one line, without controls, overrides or zalgo.

    Joiners inside emoji and scripts stay. `keep_lines` keeps line breaks (as `\n`) and folds other spaces.
    """
    if keep_lines:
        return "\n".join(filter(None, (clean(line) for line in _LINE_BREAK.split(text))))
    if _PLAIN.fullmatch(text):
        return " ".join(text.split())
    return _known(text) if len(text) <= _CACHED_LENGTH else _cleaned(text)


def _cleaned(text: str) -> str:
    text = _SPACES.sub(" ", _INVISIBLE.sub("", text))
    text = _FLAG.sub(lambda match: match[1] or "", text)
    kept: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        if category in ("Cc", "Cs", "Co", "Cn") or (category == "Cf" and not _draws(character)):
            continue
        if category in ("Mn", "Me") and not "\ufe00" <= character <= "\ufe0f":
            marks += 1
            if marks > _MARKS_IN_A_ROW or not kept or kept[-1] == " ":
                continue
        else:
            marks = 0
        kept.append(character)
    text = unicodedata.normalize("NFC", "".join(kept))
    joined = _STRAY_SELECTOR.sub("", _STRAY_JOINER.sub("", text))
    if joined != text:
        return _cleaned(joined)  # a mark that sat on a joiner now sits on nothing, or on a space
    return re.sub(" +", " ", text).strip()


# A card says a name a dozen times, and a fleet of cards the same words in each.
_known = lru_cache(maxsize=2048)(_cleaned)


def _draws(character: str) -> bool:
    return (
        character in _DRAWN_FORMATS
        or character in "\u200c\u200d"
        or "\U000e0020" <= character <= "\U000e007f"
    )


def is_blank(text: str) -> bool:
    """Whether a reader would see nothing of the text: it holds no letter, number, mark of writing or symbol."""
    return not any(unicodedata.category(character)[0] in "LNPS" for character in clean(text))


def shorten(text: str, length: int) -> str:
    """At most `length` characters of the cleaned text, cut between graphemes where it can be, with an ellipsis."""
    text = clean(text)
    if len(text) <= length:
        return text
    end = length - 1
    while end > length // 2 and (
        text[end] in "\u200d\ufe0f" or text[end - 1] == "\u200d" or _extends(text[end])
    ):
        end -= 1
    return text[:end].rstrip() + "…"


def _extends(character: str) -> bool:
    return unicodedata.combining(character) != 0 or "\U0001f3fb" <= character <= "\U0001f3ff"


def escape(value: object) -> Markup:
    """The value's text as safe Markdown and HTML on one line, a space at either end kept as one space.

    Markup passes: it was escaped, or is our own. Numbers pass: their points and signs mean nothing elsewhere.
    """
    if isinstance(value, Markup):
        return value
    text = str(value)
    if isinstance(value, int | float):
        return Markup(text)  # noqa: S704 - a number
    return _known_escape(text) if len(text) <= _CACHED_LENGTH else _escaped(text)


def _escaped(text: str) -> Markup:
    before, after = " " * text[:1].isspace(), " " * text[-1:].isspace()
    apart = _MAIL.sub(f"@{_NO_WIDTH}", clean(text))
    marked = _SYNTAX.sub(lambda found: f"&#{ord(found[0])};", apart)
    return Markup(before + marked + after)  # noqa: S704 - this is the escape itself


_known_escape = lru_cache(maxsize=4096)(_escaped)


def escape_narrow(value: object) -> Markup:
    """As `escape`, and a long word may break after every few letters, so that a table's column stays narrow."""
    words = clean(str(value)).split(" ")
    lengths = [_PIECE if len(word) > _LONG_WORD else len(word) or 1 for word in words]
    pieces = [
        [escape(word[at : at + length]) for at in range(0, len(word), length)]
        for word, length in zip(words, lengths, strict=True)
    ]
    return Markup(" ").join(Markup(f"&#{ord(_NO_WIDTH)};").join(word) for word in pieces)  # noqa: S704 - escaped


def escape_lines(value: object) -> Markup:
    """As `escape`, but the text's own line breaks show, as `<br>`."""
    return Markup("<br>".join(map(escape, _LINE_BREAK.split(str(value).rstrip()))))  # noqa: S704 - as above


def escape_url(value: object, hub: str = "") -> Markup:
    """An address for a link's or picture's target: https, mailto or a path in the repo; anything else is `#`.

    Below `hub`, the address of the Hub itself, plain http does as well.
    """
    address = str(value)
    try:
        scheme = urlsplit(address).scheme
    except ValueError:
        return Markup("#")
    own = scheme == "http" and hub != "" and address.startswith(f"{hub}/")
    if scheme not in ("https", "mailto", "") and not own:
        return Markup("#")
    quoted = quote(address.encode(errors="ignore"), safe="/:?#@!+,;=%-._~&")
    return Markup(quoted.replace("&", "&amp;"))  # noqa: S704 - every other mark is percent-encoded
