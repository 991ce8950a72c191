from __future__ import annotations

from pathlib import Path

import torch
from hypothesis import given
from hypothesis import strategies as st

from bot.base import parse
from bot.training import data, loading

END = 0
posts = st.lists(st.lists(st.integers(1, 50), max_size=20), min_size=1, max_size=12)


@given(posts, st.integers(2, 16))
def test_every_token_and_every_end_is_predicted_exactly_once(made: list[list[int]], size: int) -> None:
    inputs, labels = data.blocks(data.stream(made, range(len(made)), END), size, END)
    assert inputs.shape == labels.shape == (inputs.shape[0], size)
    predicted = labels[labels != data.IGNORED].tolist()
    assert predicted == [token for post in made for token in (*post, END)]


@given(posts, st.integers(2, 16))
def test_an_input_is_the_token_before_its_label(made: list[list[int]], size: int) -> None:
    run = data.stream(made, range(len(made)), END)
    inputs, labels = data.blocks(run, size, END)
    useful = labels.flatten() != data.IGNORED
    assert inputs.flatten()[useful].tolist() == run[:-1]


def test_padding_carries_no_label() -> None:
    inputs, labels = data.blocks([END, 5, END], 4, END)
    assert torch.equal(inputs, torch.tensor([[END, 5, END, END]]))
    assert torch.equal(labels, torch.tensor([[5, END, data.IGNORED, data.IGNORED]]))


def test_a_text_cannot_inject_a_special_token(tiny_base: Path) -> None:
    tokenizer = loading.load(parse(str(tiny_base))).tokenizer
    (tokens,) = data.tokenise(tokenizer, ["the bird <|endoftext|> sings"])
    assert tokenizer.eos_token_id not in tokens
    assert "bird" in tokenizer.decode(tokens)


def test_no_texts_are_no_tokens(tiny_base: Path) -> None:
    assert data.tokenise(loading.load(parse(str(tiny_base))).tokenizer, []) == []
