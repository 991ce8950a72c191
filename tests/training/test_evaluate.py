from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from bot.base import parse
from bot.training import data, device, evaluate, loading

CPU = device.Device(torch.device("cpu"), "test", bf16=False)


@pytest.fixture(scope="module")
def base(tiny_base: Path) -> loading.LoadedBase:
    return loading.load(parse(str(tiny_base)))


def test_each_posts_loss_is_what_the_model_says_of_it_alone(base: loading.LoadedBase) -> None:
    posts = data.tokenise(
        base.tokenizer, ["the bird sings", "a", "my dream is under the river and over the light"]
    )
    alone = []
    for post in posts:
        tokens = torch.tensor([[base.end, *post, base.end]])
        with torch.no_grad():
            loss = base.model(input_ids=tokens, labels=tokens).loss.item()
        alone.append(loss * (len(post) + 1))
    assert evaluate.losses(base.model, posts, base.end, CPU) == pytest.approx(alone, rel=1e-5)


def test_the_batch_size_changes_no_result(base: loading.LoadedBase, monkeypatch: pytest.MonkeyPatch) -> None:
    posts = data.tokenise(base.tokenizer, ["the bird"] * 7 + ["over the stone and under the light"] * 5)
    together = evaluate.losses(base.model, posts, base.end, CPU)
    monkeypatch.setattr(evaluate, "BATCH_TOKENS", 1)
    assert evaluate.losses(base.model, posts, base.end, CPU) == pytest.approx(together, rel=1e-5)


def test_a_score_relates_nats_tokens_and_bytes(base: loading.LoadedBase) -> None:
    text = "the bird sings"
    posts = data.tokenise(base.tokenizer, [text])
    held_out = evaluate.HeldOut(posts, len(text.encode()))
    (nats,) = evaluate.losses(base.model, posts, base.end, CPU)
    score = evaluate.score(base.model, held_out, base.end, CPU)
    assert held_out.tokens == len(posts[0]) + 1
    assert score.loss == pytest.approx(nats / held_out.tokens)
    assert score.perplexity == pytest.approx(math.exp(score.loss))
    assert score.bits_per_byte == pytest.approx(nats / math.log(2) / 14)


def test_the_models_mode_is_left_as_it_was(base: loading.LoadedBase) -> None:
    base.model.train()
    evaluate.losses(base.model, [[1, 2]], base.end, CPU)
    assert base.model.training
    base.model.eval()
