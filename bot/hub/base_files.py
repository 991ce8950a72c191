"""A local base's files, a folder or a GGUF file, checked without loading the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bot.io.bounded import Bounds, Unreadable, read_file

BOUNDS = Bounds(1 << 20)
"""Of configurations, which have a few KB, some with the added tokens in them."""

VOCABULARY = Bounds(64 << 20, values=4_000_000)
"""Of a tokenizer.json: with 260,000 tokens and their merges it has some 35 MB."""

GGUF_MAGIC = b"GGUF"
GENERIC = {None, "PreTrainedTokenizerFast", "TokenizersBackend"}
"""Classes of tokenizers that have no end-of-text token of their own: only their configuration names one."""


def is_gguf(path: Path) -> bool:
    """Whether the path is a file that calls itself GGUF, by its name or its first bytes."""
    if not path.is_file():
        return False
    if path.suffix.lower() == ".gguf":
        return True
    with path.open("rb") as file:
        return file.read(len(GGUF_MAGIC)) == GGUF_MAGIC


def fault(path: Path) -> str | None:
    """The reason why a base cannot be loaded from here, as the end of a sentence; None where nothing speaks against it.

    Raises OSError where it cannot be read. What only loading shows (damaged weights, an unknown architecture) is
    not looked for.
    """
    if is_gguf(path):
        with path.open("rb") as file:
            whole = file.read(len(GGUF_MAGIC)) == GGUF_MAGIC
        return None if whole else "is not a GGUF file, whatever its name says: download it again"
    if not path.is_dir():
        return "is a file; name a folder that holds a transformers model, or a GGUF file"
    if not (path / "config.json").is_file():
        found = next(iter(sorted(path.glob("*.gguf"))), None)
        if found is not None:
            return f"holds a GGUF model: name the file itself, {found.name} in that folder"
        return "holds no config.json; name a folder that holds a transformers model"
    if not any(path.glob("*.safetensors")):
        return (
            "holds no *.safetensors; pickled weights can run code and are refused, so choose a base that ships "
            "safetensors"
        )
    return _tokenizer_fault(path)


def _tokenizer_fault(folder: Path) -> str | None:
    settings = {**_json(folder / "special_tokens_map.json"), **_json(folder / "tokenizer_config.json")}
    if not settings:
        return None  # loading says what is missing
    end = settings.get("eos_token")
    named = "eos_token" in settings or settings.get("tokenizer_class") not in GENERIC
    if not named or ("eos_token" in settings and end is None):
        return (
            "has a tokenizer without an end-of-text token, so posts cannot be separated; choose a base whose "
            "tokenizer_config.json names an eos_token"
        )
    config = _json(folder / "config.json")
    nested = config.get("text_config")
    rows = config.get("vocab_size") or (nested.get("vocab_size") if isinstance(nested, dict) else None)
    largest = _largest_token(folder / "tokenizer.json")
    if isinstance(rows, int) and largest is not None and largest >= rows:
        return (
            f"has a tokenizer that knows {largest + 1:,} tokens and a model that knows {rows:,}; the two files do "
            "not belong together: download the base again, or choose another"
        )
    return None


def _largest_token(file: Path) -> int | None:
    """The largest id in a tokenizer.json; None where it does not say."""
    content = _json(file, VOCABULARY)
    model, added = content.get("model"), content.get("added_tokens")
    vocabulary = model.get("vocab") if isinstance(model, dict) else None
    ids = [token.get("id") for token in added if isinstance(token, dict)] if isinstance(added, list) else []
    if isinstance(vocabulary, dict):
        ids.extend(vocabulary.values())
    elif isinstance(vocabulary, list):
        ids.append(len(vocabulary) - 1)
    return max((each for each in ids if isinstance(each, int)), default=None)


def _json(file: Path, bounds: Bounds = BOUNDS) -> dict[str, Any]:
    """The object in a file; empty where there is none that can be read, which loading says better."""
    try:
        value = read_file(file, bounds, file.name)
    except (OSError, Unreadable):
        return {}
    return value if isinstance(value, dict) else {}
