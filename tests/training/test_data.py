from __future__ import annotations

from pathlib import Path

import torch
from hypothesis import given
from hypothesis import strategies as st

from bot.hub.base_model import parse
from bot.training import data, loading
from bot.training.data import IGNORED

END = 0
posts = st.lists(st.lists(st.integers(1, 50), max_size=20), min_size=1, max_size=12)


@given(posts, st.integers(2, 16))
def test_every_token_and_every_end_is_predicted_exactly_once(made: list[list[int]], size: int) -> None:
    blocks = data.concatenate(made, range(len(made)), size, END)
    assert blocks.inputs.shape == blocks.labels.shape == (len(blocks), size)
    predicted = blocks.labels[blocks.labels != IGNORED].tolist()
    assert predicted == [token for post in made for token in (*post, END)]
    assert len(predicted) == data.num_targets(made)


@given(posts, st.integers(2, 16))
def test_an_input_is_the_token_before_its_label(made: list[list[int]], size: int) -> None:
    blocks = data.concatenate(made, range(len(made)), size, END)
    useful = blocks.labels.flatten() != IGNORED
    run = [END, *(token for post in made for token in (*post, END))]
    assert blocks.inputs.flatten()[useful].tolist() == run[:-1]


def test_padding_carries_no_label() -> None:
    blocks = data.concatenate([[5]], [0], 4, END)
    assert torch.equal(blocks.inputs, torch.tensor([[END, 5, END, END]]))
    assert torch.equal(blocks.labels, torch.tensor([[5, END, IGNORED, IGNORED]]))
    assert blocks.fill_ratio == 0.5


def test_parts_and_orders_keep_all_tensors_together() -> None:
    rows = torch.arange(3)[:, None]
    blocks = data.Blocks(rows, rows + 10, rows + 20, rows + 30)
    part = blocks.part(1, 3)
    assert [part.inputs[0, 0].item(), part.labels[0, 0].item()] == [1, 11]
    assert part.positions is not None
    assert part.documents is not None
    assert [part.positions[0, 0].item(), part.documents[0, 0].item()] == [21, 31]
    assert len(part) == 2


def test_a_text_cannot_inject_a_special_token(tiny_base: Path) -> None:
    tokenizer = loading.load(parse(str(tiny_base))).tokenizer
    (tokens,) = data.tokenise(tokenizer, ["the bird <|endoftext|> sings"])
    assert tokenizer.eos_token_id not in tokens
    assert "bird" in tokenizer.decode(tokens)


def test_no_texts_are_no_tokens(tiny_base: Path) -> None:
    assert data.tokenise(loading.load(parse(str(tiny_base))).tokenizer, []) == []


def test_the_hidden_tokens_of_a_run_are_read_and_never_predicted() -> None:
    posts = [[5, 6, 7], [8, 9]]
    plain = data.concatenate(posts, [1, 0], 4, 0)
    blocks = data.concatenate(posts, [1, 0], 4, 0, [2, 1])
    assert torch.equal(blocks.inputs, plain.inputs)
    assert blocks.labels.flatten().tolist() == [
        data.IGNORED,
        9,
        0,
        data.IGNORED,
        data.IGNORED,
        7,
        0,
        data.IGNORED,
    ]
