"""Scripts: which languages a text can be in by its letters, whatever its network says it is.

Tags that people choose by hand are often wrong: Bluesky's app sends the language that was chosen last, or the phone's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

_SCRIPTS: dict[str, tuple[str, str]] = {
    "kana": ("\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9f", "ja"),
    "han": ("\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff", "zh ja yue lzh ko"),
    "hangul": ("\u1100-\u11ff\u3130-\u318f\uac00-\ud7af", "ko"),
    "arabic": (
        "\u0620-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufefc",
        "ar arz fa ur ps sd ug ckb ku ks pa az ms ha",
    ),
    "hebrew": ("\u05d0-\u05f2", "he yi"),
    "cyrillic": (
        "\u0400-\u052f",
        "ru uk be bg mk sr bs kk ky tg mn uz az tt ba ce cv os av ab kv cu tk mdf ro",
    ),
    "greek": ("\u0370-\u03ff\u1f00-\u1fff", "el"),
    "armenian": ("\u0531-\u058a", "hy"),
    "georgian": ("\u10a0-\u10ff\u1c90-\u1cbf", "ka"),
    "devanagari": ("\u0900-\u097f", "hi mr ne sa mai bho new sd ks"),
    "bengali": ("\u0980-\u09ff", "bn as mni"),
    "gurmukhi": ("\u0a00-\u0a7f", "pa"),
    "gujarati": ("\u0a80-\u0aff", "gu"),
    "odia": ("\u0b00-\u0b7f", "or"),
    "tamil": ("\u0b80-\u0bff", "ta"),
    "telugu": ("\u0c00-\u0c7f", "te"),
    "kannada": ("\u0c80-\u0cff", "kn"),
    "malayalam": ("\u0d00-\u0d7f", "ml"),
    "sinhala": ("\u0d80-\u0dff", "si"),
    "thai": ("\u0e01-\u0e4e", "th"),
    "lao": ("\u0e80-\u0edf", "lo"),
    "tibetan": ("\u0f40-\u0fbc", "bo dz"),
    "burmese": ("\u1000-\u109f\uaa60-\uaa7f", "my shn"),
    "khmer": ("\u1780-\u17d3", "km"),
    "ethiopic": ("\u1200-\u137f", "am ti"),
    "thaana": ("\u0780-\u07b1", "dv"),
}
"""Ranges of letters, and the languages that are written in them. Any language may be written in Latin letters."""

_LETTERS = {script: re.compile(f"[{ranges}]") for script, (ranges, _) in _SCRIPTS.items()}
_ANY = re.compile(f"[{''.join(ranges for ranges, _ in _SCRIPTS.values())}]")
_LANGUAGES = {script: tuple(languages.split()) for script, (_, languages) in _SCRIPTS.items()}
_OLD_CODES = {"iw": "he", "ji": "yi", "cmn": "zh", "zho": "zh", "msa": "ms", "mo": "ro"}
_ADDRESSED = re.compile(r"(?:[@#＠＃]|https?://)\S+")
LEAST = 4
"""Letters of a script from which on it says something."""


def languages(text: str) -> tuple[str, ...] | None:
    """The languages that a text can be in by its script, as ISO 639; None where it may be any.

    A script counts if more than half of the letters are of it. Japanese has kana among its Han.
    """
    if text.isascii() or not _ANY.search(text):
        return None
    said = _ADDRESSED.sub(" ", text)
    letters = sum(map(str.isalpha, said))
    counts = Counter(map(_script_of, _ANY.findall(said)))
    kana = counts.pop("kana", 0)
    if kana:
        counts["han"] += kana
    most = max(counts, key=lambda script: counts[script], default="")
    if not most or counts[most] < LEAST or counts[most] * 2 <= letters:
        return None
    return _LANGUAGES["kana"] if most == "han" and kana else _LANGUAGES[most]


@lru_cache(maxsize=10_000)
def _script_of(letter: str) -> str:
    return next(script for script, pattern in _LETTERS.items() if pattern.match(letter))


def excludes(text: str, code: str) -> bool:
    """Whether a text cannot be in the language of a network's code, by its script."""
    possible = languages(text)
    primary = re.split("[-_]", code.strip().lower(), maxsplit=1)[0]
    return possible is not None and _OLD_CODES.get(primary, primary) not in possible


def first_possible(text: str, codes: Sequence[str]) -> str | None:
    """The first of several codes that the text's script allows, else the first one; None without any."""
    return next((code for code in codes if not excludes(text, code)), codes[0] if codes else None)
