"""Every architecture that people fine-tune: a micro model of it is trained, published, and speaks without a warning."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from architectures import ARCHITECTURES, build
from tiny_bases import sentences
from transformers import AutoModelForCausalLM, AutoTokenizer, pipeline

from bot import corpus
from bot.corpus import Split
from bot.hub.base_model import parse
from bot.registry.recipe import Recipe
from bot.sources.posts import Post, Profile, Timeline
from bot.training import data, device, evaluate, fine_tune, loading, sample

CPU = device.Device(torch.device("cpu"), "a test's processor", bf16=False)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
RECIPE = Recipe(block_size=64, learning_rate=0.02, batch_size=4, epochs=1, warmup=0.0)


def split_of(texts: list[str]) -> Split:
    posts = [Post(str(n), text, NOW - timedelta(hours=n)) for n, text in enumerate(texts)]
    return corpus.split(corpus.build([Timeline(Profile("ada", "Ada", "x"), posts)]), 0.1)


Published = tuple[str, Path, Path, fine_tune.Tuned]


@pytest.fixture(scope="module", params=list(ARCHITECTURES))
def published(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """The name of an architecture, its base's folder, the published folder, and what training told."""
    place = tmp_path_factory.mktemp("architectures")
    base = build(ARCHITECTURES[request.param], place / "base")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sample, "UNPROMPTED_ON_CPU", 4)
        patched.setattr(sample, "PER_PROMPT", 2)
        patched.setattr(
            sample, "settings", lambda *_: transformers.GenerationConfig(do_sample=True, max_new_tokens=20)
        )
        tuned = fine_tune.fine_tune(
            loading.load(parse(str(base))),
            split_of(sentences(80, 1)),
            RECIPE,
            ("The bird",),
            place / "model",
            CPU,
            NOW,
            lambda _: None,
        )
    return request.param, base, place / "model", tuned


@contextmanager
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Inside, a warning of Python's or of transformers' fails the test."""
    logger = logging.getLogger("transformers")
    level = logger.level
    transformers.logging.enable_propagation()
    logger.setLevel(logging.WARNING)
    try:
        with caplog.at_level(logging.WARNING), warnings.catch_warnings():
            warnings.simplefilter("error")
            yield
    finally:
        logger.setLevel(level)
        transformers.logging.disable_propagation()
    assert caplog.records == []


def test_it_speaks_as_the_card_calls_it_with_other_lengths_and_in_batches(
    published: Published, caplog: pytest.LogCaptureFixture
) -> None:
    prompts = ["The bird", "My dream is that a stone sings on and"]
    with quiet(caplog):
        generator = pipeline("text-generation", model=str(published[2]))
        assert generator("The bird")[0]["generated_text"].startswith("The bird")
        assert generator("The bird", max_new_tokens=3)[0]["generated_text"]
        assert len(generator(prompts, batch_size=2, max_new_tokens=5)) == 2
        assert generator("The bird", do_sample=False, max_new_tokens=4, num_return_sequences=1)


def test_it_speaks_by_model_and_tokenizer_padded_on_the_left(
    published: Published, caplog: pytest.LogCaptureFixture
) -> None:
    folder = published[2]
    with quiet(caplog):
        model: Any = AutoModelForCausalLM.from_pretrained(folder)
        tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        assert tokenizer.padding_side == "left"
        rows = tokenizer(["The bird", "My dream is that a stone sings"], padding=True, return_tensors="pt")
        assert rows.input_ids[0, 0] == tokenizer.pad_token_id
        assert rows.input_ids[0, -1] != tokenizer.pad_token_id
        written = model.generate(**rows, max_new_tokens=4)
        assert written.shape[0] == 2
        model.generate(**rows)


def test_its_special_tokens_are_the_same_in_every_file_and_none_is_put_before_a_prompt(
    published: Published,
) -> None:
    _, base, folder, _ = published
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    generation = json.loads((folder / "generation_config.json").read_text())
    wanted = AutoTokenizer.from_pretrained(base).eos_token_id
    for settings in (config, generation):
        assert (settings["bos_token_id"], settings["eos_token_id"]) == (wanted, wanted)
        assert settings["pad_token_id"] == tokenizer.pad_token_id
    assert (tokenizer.bos_token_id, tokenizer.eos_token_id) == (wanted, wanted)
    assert tokenizer("The bird").input_ids == tokenizer("The bird", add_special_tokens=False).input_ids
    assert not tokenizer.chat_template
    assert not (folder / "chat_template.jinja").exists()


def test_it_says_what_its_makers_tokenizer_says(published: Published) -> None:
    _, base, folder, _ = published
    ours, theirs = (AutoTokenizer.from_pretrained(place) for place in (folder, base))
    for text in ("The bird sings.", "my  dream", "light, and light"):
        tokens = theirs(text, add_special_tokens=False).input_ids
        assert ours(text).input_ids == tokens
        assert ours.decode(tokens) == theirs.decode(tokens)


def test_what_was_scored_is_what_a_reader_loads(published: Published) -> None:
    _, base, folder, tuned = published
    tokenizer = AutoTokenizer.from_pretrained(base)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    held_out = evaluate.held_out(tokenizer, 2048, split_of(sentences(80, 1)).test)
    nats = sum(evaluate.losses(model, held_out.posts, tokenizer.eos_token_id, CPU))
    assert nats / data.num_targets(held_out.posts) == pytest.approx(tuned.evaluation.tuned.loss, rel=1e-4)
    assert tuned.evaluation.tuned.loss < tuned.evaluation.base.loss


def test_two_ends_of_a_text_are_said(published: Published) -> None:
    name, _, _, tuned = published
    two = [line for line in tuned.warnings if "names two ends of a text: its tokenizer <|im_end|>" in line]
    assert len(two) == (ARCHITECTURES[name].kind == "chat")
