from __future__ import annotations

import random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from work import calls

from bot.training import packing
from bot.training.data import IGNORED, Blocks, num_targets

END = 0
posts = st.lists(st.lists(st.integers(1, 50), max_size=40), min_size=1, max_size=30)


def documents(blocks: Blocks) -> list[tuple[list[int], list[int], list[int]]]:
    """Inputs, labels and positions of each piece that predicts something, in the order of the blocks."""
    assert blocks.documents is not None
    assert blocks.positions is not None
    found = []
    for row in range(len(blocks)):
        for number in blocks.documents[row].unique().tolist():
            here = blocks.documents[row] == number
            if (blocks.labels[row][here] != IGNORED).any():
                found.append(
                    tuple(t[row][here].tolist() for t in (blocks.inputs, blocks.labels, blocks.positions))
                )
    return found  # type: ignore[return-value]


@given(posts, st.integers(16, 32))
def test_each_post_stands_whole_in_one_block_begun_and_ended_by_end_of_text(
    made: list[list[int]], size: int
) -> None:
    short = [post for post in made if len(post) < size]
    found = documents(packing.Packer(short or [[1]], size, END, seed=1).layout())
    whole = sorted(([END, *post], [*post, END], list(range(len(post) + 1))) for post in short or [[1]])
    assert sorted(found) == whole


@given(posts, st.integers(16, 32))
def test_every_token_is_predicted_once_even_of_posts_longer_than_a_block(
    made: list[list[int]], size: int
) -> None:
    blocks = packing.Packer(made, size, END, seed=1).layout()
    labels = sorted(blocks.labels[blocks.labels != IGNORED].tolist())
    assert labels == sorted(token for post in made for token in (*post, END))
    assert len(labels) == num_targets(made)
    for inputs, wanted, _ in documents(blocks):
        assert inputs[1:] == wanted[:-1]


@given(st.lists(st.integers(1, 64), max_size=200))
def test_no_bin_is_overfull_and_nothing_is_lost(lengths: list[int]) -> None:
    groups = packing.bins(lengths, 64)
    assert sorted(index for group in groups for index in group) == list(range(len(lengths)))
    assert all(sum(lengths[index] for index in group) <= 64 for group in groups)


@given(st.lists(st.integers(1, 64), max_size=200), st.randoms())
def test_another_order_makes_as_many_bins(lengths: list[int], chance: random.Random) -> None:
    other = lengths.copy()
    chance.shuffle(other)
    assert len(packing.bins(lengths, 64)) == len(packing.bins(other, 64))


def test_a_piece_that_fits_nowhere_is_refused() -> None:
    with pytest.raises(ValueError, match="65 tokens does not fit into a block of 64"):
        packing.bins([3, 65], 64)


def test_posts_as_people_write_them_fill_blocks_to_more_than_97_percent() -> None:
    chance = random.Random(1)
    for mean in (12, 30, 60):
        made = [[1] * max(3, min(250, int(chance.gauss(mean, mean / 2)))) for _ in range(1000)]
        assert packing.Packer(made, 256, END, seed=1).layout().fill_ratio >= 0.97


def test_passes_differ_in_neighbours_and_order_and_a_seed_repeats_them() -> None:
    made = [[1 + n % 50] * (n % 9 + 1) for n in range(100)]
    first, again = packing.Packer(made, 32, END, seed=1), packing.Packer(made, 32, END, seed=1)
    one, two = first.layout(), first.layout()
    assert len(one) == len(two) == first.blocks
    assert not torch.equal(one.inputs, two.inputs)
    assert torch.equal(again.layout().inputs, one.inputs)
    assert torch.equal(again.layout().inputs, two.inputs)


def test_packing_ten_times_the_posts_is_ten_times_the_work() -> None:
    chance = random.Random(2)
    lengths = [chance.randint(2, 60) for _ in range(100_000)]
    groups = packing.bins(lengths, 256)
    assert sum(lengths) / (256 * len(groups)) > 0.99
    few = calls(lambda: packing.bins(lengths[:10_000], 256))
    assert calls(lambda: packing.bins(lengths, 256)) < 12 * few


def test_a_post_of_a_hundred_thousand_tokens_becomes_many_blocks() -> None:
    packer = packing.Packer([[7] * 100_000, [1, 2]], 256, END, seed=1)
    assert packer.blocks == 391
    assert packer.layout().fill_ratio > 0.99


@given(posts, st.integers(16, 32))
def test_the_hidden_tokens_of_a_post_are_read_and_never_predicted(made: list[list[int]], size: int) -> None:
    hidden = [min(3, len(post)) for post in made]
    inputs, labels = packing.pieces(made, size, END, hidden)
    assert inputs == packing.pieces(made, size, END)[0]
    predicted = [label for piece in labels for label in piece if label != IGNORED]
    assert predicted == [
        token for post, first in zip(made, hidden, strict=True) for token in [*post[first:], END]
    ]
