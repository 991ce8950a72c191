"""The demo's base: an ordinary folder, small, offline, silent, that writes something like English."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from pretrain import (
    CARD,
    END_OF_TEXT,
    Shape,
    base_documents,
    card,
    held_out_loss,
    new_model,
    passages,
    save,
    split,
    token_stream,
    train,
    train_tokenizer,
)
from transformers import AutoModelForCausalLM, AutoTokenizer

import bot.cli.demo

BASE = Path(bot.cli.demo.__file__).parent / "base"
SENTENCE = "It was a very fine morning, and the ladies walked out together as soon as breakfast was over."

LOAD = """
import warnings
warnings.simplefilter("error")
from transformers import AutoModelForCausalLM, AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained({base!r})
model = AutoModelForCausalLM.from_pretrained({base!r})
rows = tokenizer("<|endoftext|>My dream is", return_tensors="pt")
text = tokenizer.decode(model.generate(**rows, max_new_tokens=40)[0])
assert len(text) > 40, text
"""


def test_the_folder_holds_at_most_8_megabytes_and_no_pickle() -> None:
    files = {path.name: path.stat().st_size for path in BASE.iterdir()}
    assert sum(files.values()) <= 8_000_000
    assert {
        "README.md",
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
    } <= set(files)
    assert not [name for name in files if name.endswith((".bin", ".pt", ".pkl"))]


def test_it_loads_offline_and_writes_without_a_warning(tmp_path: Path) -> None:
    quiet = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", LOAD.format(base=str(BASE))],
        env={**os.environ, **quiet, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    told = [line for line in done.stderr.splitlines() if line.strip() and "Loading weights" not in line]
    assert (done.returncode, told) == (0, [])


@pytest.mark.parametrize(
    "text", ["plain words", "😈 🪁 👩‍👩‍👧 東京 ναί", "a\n\n  b\t<|x|> &amp; ‘quoted’", "\u202e\x07"]
)
def test_the_tokenizer_gives_back_any_text(text: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(BASE)
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_one_special_token_is_begin_end_and_unknown() -> None:
    tokenizer = AutoTokenizer.from_pretrained(BASE)
    assert {tokenizer.bos_token, tokenizer.eos_token, tokenizer.unk_token} == {END_OF_TEXT}
    assert tokenizer(END_OF_TEXT)["input_ids"] == [tokenizer.eos_token_id]
    assert tokenizer.all_special_tokens == [END_OF_TEXT]


def test_english_surprises_it_less_than_the_same_words_shuffled() -> None:
    tokenizer = AutoTokenizer.from_pretrained(BASE)
    model = AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32)

    def loss(text: str) -> float:
        row = tokenizer(END_OF_TEXT + text, return_tensors="pt")["input_ids"]
        with torch.no_grad():
            logits = model(input_ids=row).logits[0, :-1]
        return torch.nn.functional.cross_entropy(logits, row[0, 1:]).item()

    assert loss(SENTENCE) < 4.5
    assert loss(" ".join(sorted(SENTENCE.split()))) > loss(SENTENCE) + 1


def test_its_readme_says_its_size_and_its_measured_loss() -> None:
    readme = (BASE / "README.md").read_text(encoding="utf-8")
    front = readme.split("---\n")[1]
    assert "license: apache-2.0" in front
    config = json.loads((BASE / "config.json").read_text(encoding="utf-8"))
    assert f"width {config['n_embd']}" in readme
    found = re.search(r"loss (\d\.\d+) nats a token, perplexity (\d+\.\d)", readme)
    assert found is not None
    assert math.isclose(math.exp(float(found[1])), float(found[2]), rel_tol=0.01)


def test_passages_are_long_enough_and_nothing_is_lost() -> None:
    parts = ["a" * 300, "b" * 300, "c" * 10]
    made = list(passages(parts, at_least=500))
    assert "\n".join(made).split("\n") == parts
    assert len(made[0]) >= 500


def test_documents_with_slurs_or_pictures_are_left_out() -> None:
    kept = "It was a fine day for a walk in the country."
    slur = "He was called a half-breed by those who knew no better."
    assert base_documents([kept, f"[Illustration: a hill] {kept}", slur]) == [kept]


def test_held_out_documents_are_not_trained_on() -> None:
    texts = split([f"document {number}" for number in range(100)])
    assert len(texts.held_out) == 3
    assert not set(texts.held_out) & set(texts.train)
    assert len(texts.held_out) + len(texts.train) == 100


def test_a_slow_machine_ends_by_the_clock_and_a_resumed_run_goes_on_counting() -> None:
    shape = Shape(vocabulary=300, width=32, layers=1, heads=2, context=16, batch=4)
    stream = torch.randint(300, (200,))
    assert list(train(new_model(shape), stream, shape, range(5), rate=1e-3, minutes=1e-9)) == []
    resumed = train(new_model(shape), stream, shape, range(3, 5), rate=1e-3, minutes=5)
    assert [step for step, _ in resumed] == [4, 5]


def test_a_tiny_training_run_learns_and_saves_a_loadable_folder_with_its_card(tmp_path: Path) -> None:
    torch.manual_seed(1)
    shape = Shape(vocabulary=300, width=32, layers=1, heads=2, context=16, batch=4)
    texts = split([f"{SENTENCE} Number {number} of many." for number in range(80)])
    tokenizer = train_tokenizer(texts.train, shape)
    stream = token_stream(tokenizer, texts.train)
    model = new_model(shape)
    before = held_out_loss(model, token_stream(tokenizer, texts.held_out), shape.context)
    steps = list(train(model, stream, shape, range(30), rate=1e-2))
    assert [step for step, _ in steps] == list(range(1, 31))
    save(model, tokenizer, tmp_path)
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32)
    after = held_out_loss(loaded, token_stream(tokenizer, texts.held_out), shape.context)
    assert after < before - 1
    readme = card(tmp_path, texts, shape, steps=30)
    assert f"loss {after:.3f} nats" in readme
    assert not re.search(r"\{\w+", readme)
    assert CARD.exists()
