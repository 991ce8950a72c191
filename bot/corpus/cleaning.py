"""The rules that make a post's text fit to train on, and the rule by which a post is too short.

They follow the system of 2020-2023 (links out, one line, three words at least), and correct it where it failed:
capital schemes and bare `www.`, links in brackets, languages without spaces, injected special tokens.
"""

from __future__ import annotations

import re
import unicodedata

MIN_WORDS = 3
"""A post with fewer words that hold none of `http`, `@`, `#` is short."""

# What a link may hold after its scheme: ASCII save spaces, quotes, brackets (see below), and letters of the
# European alphabets. A link ends where Japanese, Chinese or Thai begins, since those put no space there.
_IN_LINK = r"[!#$%&'*+,\-./0-9:;=?@A-Z\\^_`a-z|~\u00c0-\u052f]"
_LINK = re.compile(
    rf"(?:https?://|\bwww\.(?=[\w-]+\.))(?:{_IN_LINK}|\({_IN_LINK}*\)|\[{_IN_LINK}*\])*…?", re.IGNORECASE
)
# Where a link stood. Brackets and quotes that held nothing else go with it, and so does a space inside them.
_GONE = "\x00"
_LINKS = r" ?(?:\x00 ?)+"
_PAIRS = ("()", "[]", "<>", '""', "“”", "‘’", "（）", "「」", "『』", "【】")
_LINKS_IN_BRACKETS = re.compile("|".join(re.escape(pair[0]) + _LINKS + re.escape(pair[1]) for pair in _PAIRS))
_LINK_AT_BRACKET = re.compile(r"(?<=[(\[（“「『【])(?:\x00 ?)+|(?: ?\x00)+(?=[)\]）”」』】])")

# Tokens by which models end a text, pad it or change speaker. Kept as words, so that they mean nothing.
_SPECIAL = re.compile(
    r"<[|｜]([^|｜<>\s]{1,60})[|｜]>"
    r"|</?(s|bos|eos|pad|unk|mask|cls|sep|start_of_turn|end_of_turn|endoftext)>"
    r"|\[/?(INST|CLS|SEP|PAD|MASK|UNK|BOS|EOS)\]",
    re.IGNORECASE,
)

# Characters that show nothing or turn the line around. Tab to carriage return and NEL are white space.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\ud800-\udfff\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_JOINERS = frozenset("\u200c\u200d")
_PICTURE = re.compile(
    "[#*0-9©®\u203c-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"  # emoji, and what keycaps begin with
)
_JOINING_LETTER = re.compile(
    "[\u0600-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u18af\ufb50-\ufdff\ufe70-\ufefc]"
)
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_BLACK_FLAG = "\U0001f3f4"

# Scripts that put no space between words, and how many of their characters count as a word.
_HAN_KANA = re.compile(
    "[\u3005-\u3007\u3040-\u30ff\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003ffff]"
)
_SOUTH_EAST = re.compile(
    "[\u0e01-\u0e4e\u0e80-\u0ece\u0f40-\u0fbc\u1000-\u103f\u1050-\u108f\u1780-\u17d3\u1b05-\u1b4b\ua980-\ua9c0]"
)
_UNSPACED = re.compile(f"{_HAN_KANA.pattern}|{_SOUTH_EAST.pattern}")
_HAN_KANA_PER_WORD = 2
_SOUTH_EAST_PER_WORD = 4
_EMPTY_LINES = re.compile(r"\n{3,}")
_MENTION = re.compile(r"@[A-Za-z0-9_]+")
_LINK_START = re.compile("http", re.IGNORECASE)


def clean(text: str, *, lines: bool = False) -> str:
    """The text on one line, in NFC, without links, invisible characters and special tokens.

    With `lines` its lines stay, with one empty line at most between them.

    Nothing is unescaped here: `&lt;` in a post's text is what its author typed. Cleaning twice changes nothing:
    what goes leaves a space, so that nothing new can form where it stood, and the loop ends soon.
    """
    if lines:
        return _EMPTY_LINES.sub("\n\n", "\n".join(map(clean, text.splitlines()))).strip("\n")
    while (cleaned := _clean_once(text)) != text:
        text = cleaned
    return text


def word_count(text: str) -> int:
    """The number of words that hold none of `http`, `@`, `#`; a word holds a letter or a digit.

    Between spaces stands one word, as in `all is well` (3), save in scripts that put no spaces. There, two
    characters of Han, Hiragana, Katakana or Bopomofo count as a word, and four of Thai, Lao, Khmer, Burmese,
    Tibetan, Javanese or Balinese, over the whole post: 今日は寒いね (6 characters) has 3 words, 你好 (2) has 1,
    วันนี้อากาศดีมาก (16) has 4, สวัสดี (6) has 1. docs/corpus.md has more examples.
    """
    words = 0
    han_kana = south_east = 0
    for word in text.split():
        if word.isascii():
            if "@" not in word and "#" not in word and not _LINK_START.search(word) and _says(word):
                words += 1
            continue
        if "@" in word and _UNSPACED.search(word):
            word = _MENTION.sub("", word)  # a mention may touch what follows it
        if "@" in word or "#" in word or "＃" in word or "＠" in word or _LINK_START.search(word):
            continue
        if _UNSPACED.search(word):
            han_kana += len(_HAN_KANA.findall(word))
            south_east += len(_SOUTH_EAST.findall(word))
            word = _UNSPACED.sub("", word)
        words += _says(word)
    return words + han_kana // _HAN_KANA_PER_WORD + south_east // _SOUTH_EAST_PER_WORD


def is_short(text: str) -> bool:
    """Whether a cleaned text has fewer words than a post needs to be worth training on."""
    return word_count(text) < MIN_WORDS


def _says(word: str) -> bool:
    return word.isalnum() or any(map(str.isalnum, word))


def _clean_once(text: str) -> str:
    if not text.isascii() or _INVISIBLE.search(text):
        text = unicodedata.normalize("NFC", _INVISIBLE.sub(_visible, text))
    text = " ".join(text.split())
    if "://" in text or "www." in text.lower():
        text = _LINKS_IN_BRACKETS.sub(" ", _LINK.sub(_GONE, text))
        text = _LINK_AT_BRACKET.sub("", text).replace(_GONE, " ")
    if "<" in text or "[" in text:
        text = _SPECIAL.sub(_plain, text)
    return " ".join(text.split())


def _plain(token: re.Match[str]) -> str:
    return f" {token[1] or token[2] or token[3]} "


def _visible(match: re.Match[str]) -> str:
    """Keeps an invisible character where writing needs it: in emoji, in scripts that join, in rare kanji."""
    text, at, char = match.string, match.start(), match[0]
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if char in _JOINERS and _JOINING_LETTER.match(before) and _JOINING_LETTER.match(after):
        return char
    if char == "\u200d":
        # 👩‍💻, and 🏳️‍🌈 where a variation selector stands before the joiner
        return char if _PICTURE.match(before.replace("\ufe0f", "🏳")) and _PICTURE.match(after) else ""
    if char in "\ufe0e\ufe0f":
        return char if _PICTURE.match(before) else ""
    if "\U000e0100" <= char <= "\U000e01ef":
        return char if _HAN.match(before) else ""
    if "\U000e0020" <= char <= "\U000e007f":  # 🏴 and up to six tags make a region's flag
        flag, tags = text[max(0, at - 6) : at].rpartition(_BLACK_FLAG)[1:]
        return char if flag and all("\U000e0020" <= tag <= "\U000e007f" for tag in tags) else ""
    return ""
