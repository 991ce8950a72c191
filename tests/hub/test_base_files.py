from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from architectures import ARCHITECTURES, build

from bot.hub import base_files

Change = Callable[[Path], object]


@pytest.fixture
def folder(tiny_base: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_base, tmp_path / "tiny"))


def edited(name: str, **values: Any) -> Change:
    """Sets keys of a JSON file; a key set to `...` is taken out."""

    def change(folder: Path) -> None:
        content = json.loads((folder / name).read_text()) | values
        kept = {key: value for key, value in content.items() if value is not ...}
        (folder / name).write_text(json.dumps(kept))

    return change


def only_gguf(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()
    (folder / "model-q4.gguf").write_bytes(b"GGUF")


FAULTS: dict[str, tuple[Change, str]] = {
    "no configuration": (lambda folder: (folder / "config.json").unlink(), "holds no config.json"),
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), "holds no *.safetensors"),
    "GGUF alone": (only_gguf, "name the file itself, model-q4.gguf"),
    "no end": (
        edited("tokenizer_config.json", eos_token=...),
        "has a tokenizer without an end-of-text token",
    ),
    "an end that is null": (
        edited("tokenizer_config.json", eos_token=None, tokenizer_class="GPT2Tokenizer"),
        "has a tokenizer without an end-of-text token",
    ),
    "too many tokens": (edited("config.json", vocab_size=200), "and a model that knows 200"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_cannot_be_trained_on_is_found_without_loading_it(name: str, folder: Path) -> None:
    change, wanted = FAULTS[name]
    assert base_files.fault(folder) is None
    change(folder)
    assert wanted in (base_files.fault(folder) or "")


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "tokenizer_config.json").unlink(),
        lambda folder: (folder / "tokenizer.json").write_text("{"),
        lambda folder: (folder / "tokenizer.json").write_text("version https://git-lfs.github.com/spec/v1"),
        lambda folder: (folder / "config.json").write_text("[]"),
        edited("config.json", vocab_size="many", text_config=3),
        edited("tokenizer.json", model=[], added_tokens={"id": 1}),
        edited("tokenizer_config.json", tokenizer_class=..., eos_token={"content": "<|endoftext|>"}),
    ],
)
def test_what_only_loading_can_show_is_left_to_it(change: Change, folder: Path) -> None:
    change(folder)
    assert base_files.fault(folder) is None


@pytest.mark.parametrize("name", ["smollm2", "gemma2", "bloom", "qwen2 of 151,936 tokens"])
def test_a_sound_base_has_no_fault(name: str, tmp_path: Path) -> None:
    assert base_files.fault(build(ARCHITECTURES[name], tmp_path / "base")) is None


def test_a_file_is_a_base_only_where_it_is_gguf(tmp_path: Path) -> None:
    (tmp_path / "cut.gguf").write_bytes(b"<html>")
    (tmp_path / "weights").write_bytes(b"GGUF....")
    (tmp_path / "notes.txt").write_text("notes")
    assert "is not a GGUF file" in (base_files.fault(tmp_path / "cut.gguf") or "")
    assert base_files.fault(tmp_path / "weights") is None
    assert "is a file" in (base_files.fault(tmp_path / "notes.txt") or "")
