"""The base, the pre-trained model that an entry starts from, described without loading it.

A base is a Hub id (`org/model` or `org/model@revision`), a local folder, or a GGUF file. A plan compares its identity:
for a Hub id the registry's text, else the name and the digest of the files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from pathlib import Path

from bot.errors import UsageError
from bot.hub import base_files
from bot.io import digest
from bot.io.bounded import Bounds, read_json

DOCUMENTS = {"README.md", "LICENSE", "LICENSE.md", ".gitattributes"}
"""Files that do not change what a model computes, and are left out of its folder's digest."""

HEADER = Bounds(32 << 20)
"""The header of a file of weights: some 100 bytes a tensor."""

BATCH = 1_000
"""Texts per call of the tokenizer: an encoding takes a hundred times the memory of its text."""


@dataclass(frozen=True, slots=True)
class BaseSpec:
    """A base that is not loaded. Exactly one of `id` and `folder` is set; `digest` is that of a folder's files.

    `gguf` names the one file of the folder that is the base, where it is one. `license` and `declared` (its
    base_model, a Hub id) are from the front matter of a folder's README, or None.
    """

    name: str
    identity: str
    id: str | None = None
    revision: str | None = None
    folder: Path | None = None
    gguf: str | None = None
    digest: str | None = None
    license: str | None = None
    declared: str | None = None

    @property
    def source(self) -> str:
        """The argument of `from_pretrained`: the id or the folder's path."""
        return self.id if self.id is not None else str(self.folder)


def parse(base: str) -> BaseSpec:
    """The base that a registry's text names. UsageError for a folder or file that is not a model's.

    A text that begins with `.`, `/` or `~`, or names a folder or a GGUF file that exists, is a path.
    """
    try:
        path = Path(base).expanduser()
        if base.startswith((".", "/", "~")) or path.is_dir() or base_files.is_gguf(path):
            return _local(path.resolve())
    except (OSError, RuntimeError) as error:  # a name too long for a disk, a folder without permission
        reason = getattr(error, "strerror", None) or "no such user, or links that lead round in a circle"
        raise UsageError(f"base {base[:100]}: it cannot be read: {reason}; name another folder") from None
    name, _, revision = base.partition("@")
    return BaseSpec(name, identity=base, id=name, revision=revision or None)


@lru_cache(maxsize=64)
def _local(path: Path) -> BaseSpec:
    if not path.exists():
        raise UsageError(f"base {path}: there is no such folder; name one that holds a transformers model")
    if fault := base_files.fault(path):
        raise UsageError(f"base {path}: it {fault}")
    folder = path if path.is_dir() else path.parent
    files = (
        [path]
        if path != folder
        else [
            each
            for each in sorted(folder.rglob("*"))
            if each.is_file()
            and each.name not in DOCUMENTS
            and not any(part.startswith(".") for part in each.relative_to(folder).parts)
        ]
    )
    content = digest.of_files(folder, files)[: digest.SHORT_LENGTH]
    license_, declared = _declared(folder / "README.md")
    name = folder.name if path == folder else path.stem
    return BaseSpec(
        name,
        identity=f"{name}@{content}",
        folder=folder,
        gguf=None if path == folder else path.name,
        digest=content,
        license=license_,
        declared=declared,
    )


def _declared(readme: Path) -> tuple[str | None, str | None]:
    """The licence and base_model in the front matter of a model folder's README; None where it has none."""
    from bot.hub import front_matter

    try:
        facts = front_matter.parse(readme.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None, None
    license_, base_model = facts.get("license"), facts.get("base_model")
    if isinstance(base_model, list) and len(base_model) == 1:
        base_model = base_model[0]
    return (
        license_ if isinstance(license_, str) else None,
        base_model if isinstance(base_model, str) else None,
    )


def count_parameters(spec: BaseSpec) -> int | None:
    """The number of weights by the headers of a base's safetensors; None where they are not at hand, or damaged.

    Weights are not loaded, and nothing is downloaded.
    """
    files = sorted(spec.folder.glob("*.safetensors")) if spec.folder is not None else []
    if spec.id is not None:
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(spec.id, "model.safetensors", revision=spec.revision)
        files = [Path(found)] if isinstance(found, str) else []
    try:
        return sum(map(_weights_in, files)) or None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _weights_in(file: Path) -> int:
    """The number of weights that a safetensors file declares. ValueError where its header is none."""
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if length > HEADER.size:
            raise ValueError(f"a header of {length:,} bytes")
        header = read_json(stream.read(length), HEADER, "the header")
    if not isinstance(header, dict):
        raise ValueError("a header that is no object")
    tensors = (one for name, one in header.items() if name != "__metadata__")
    return sum(prod(map(int, one["shape"])) for one in tensors)


def count_tokens(spec: BaseSpec, texts: Sequence[str]) -> int | None:
    """The number of tokens of the texts, or None while the base's tokenizer is not cached; downloads nothing."""
    try:
        from tokenizers import Tokenizer
    except ImportError:
        return None
    file: Path | None
    if spec.folder is not None:
        file = spec.folder / "tokenizer.json"
    else:
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(spec.source, "tokenizer.json", revision=spec.revision)
        file = Path(found) if isinstance(found, str) else None
    if file is None or not file.is_file():
        return None
    tokenizer = Tokenizer.from_file(str(file))
    return sum(
        len(encoded.ids)
        for start in range(0, len(texts), BATCH)
        for encoded in tokenizer.encode_batch(list(texts[start : start + BATCH]), add_special_tokens=False)
    )
