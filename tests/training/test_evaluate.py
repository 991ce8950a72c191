from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path

import numpy
import pytest
import torch
from tiny_bases import sentences

from bot.corpus import Text
from bot.hub.base_model import parse
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
    held_out = evaluate.HeldOut(posts, [len(text.encode())], ["ada"])
    (nats,) = evaluate.losses(base.model, posts, base.end, CPU)
    score = evaluate.score(held_out, [nats], [0])
    assert held_out.tokens == len(posts[0]) + 1
    assert score.loss == pytest.approx(nats / held_out.tokens)
    assert score.perplexity == pytest.approx(math.exp(score.loss))
    assert score.bits_per_byte == pytest.approx(nats / math.log(2) / 14)
    assert (score.low, score.high) == (None, None)


def texts(handle: str, count: int, seed: int) -> tuple[Text, ...]:
    when = datetime(2026, 11, 20, tzinfo=UTC)
    return tuple(Text(str(n), handle, text, when) for n, text in enumerate(sentences(count, seed)))


def test_the_voices_of_several_accounts_are_distinguished_and_together_make_the_whole(
    base: loading.LoadedBase,
) -> None:
    held_out = evaluate.held_out(base.tokenizer, base.context, (texts("ada", 12, 1), texts("bob", 5, 2)))
    losses = evaluate.losses(base.model, held_out.posts, base.end, CPU)
    halved = [loss / 2 for loss in losses]
    scores = evaluate.evaluation(held_out, losses, halved)
    assert [(voice.handle, voice.posts) for voice in scores.voices] == [("ada", 12), ("bob", 5)]
    assert scores.tuned.loss == pytest.approx(scores.base.loss / 2)
    bob = scores.voices[1]
    tokens = sum(len(post) + 1 for post in held_out.posts[12:])
    assert bob.base.loss == pytest.approx(sum(losses[12:]) / tokens)
    assert bob.tuned.bits_per_byte == pytest.approx(bob.base.bits_per_byte / 2)
    ada = scores.voices[0]
    whole = (ada.base.loss * (held_out.tokens - tokens) + bob.base.loss * tokens) / held_out.tokens
    assert scores.base.loss == pytest.approx(whole)


def test_a_model_of_one_has_no_voices_beside_the_whole(base: loading.LoadedBase) -> None:
    held_out = evaluate.held_out(base.tokenizer, base.context, (texts("ada", 4, 1),))
    assert evaluate.evaluation(held_out, [1.0, 2.0, 3.0, 4.0], [1.0] * 4).voices == ()


def test_an_interval_holds_the_mean_of_the_posts_in_about_95_of_100_cases() -> None:
    chance = numpy.random.default_rng(1)
    met = 0
    for _ in range(200):
        tokens = chance.integers(5, 40, size=60)
        nats = tokens * chance.normal(4.0, 0.8, size=60)
        low, high = evaluate.bootstrap_interval(nats, tokens)
        assert low is not None
        assert high is not None
        met += low < 4.0 < high
    assert 180 <= met <= 198


def test_an_interval_is_the_same_for_the_same_losses_however_many_are_drawn_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nats, tokens = numpy.linspace(1, 9, 50), numpy.full(50, 7)
    whole = evaluate.bootstrap_interval(nats, tokens)
    assert whole == evaluate.bootstrap_interval(nats, tokens)
    monkeypatch.setattr(evaluate, "RESAMPLED_AT_ONCE", 1000)
    assert whole == evaluate.bootstrap_interval(nats, tokens)


def test_a_loss_that_is_not_a_number_has_no_interval() -> None:
    assert evaluate.bootstrap_interval(numpy.array([1.0, math.nan]), numpy.array([1, 1])) == (None, None)


def test_a_post_longer_than_the_context_is_cut_for_evaluation_with_its_bytes(
    base: loading.LoadedBase,
) -> None:
    long = Text("1", "ada", "under the river " * 200, datetime(2026, 11, 20, tzinfo=UTC))
    held_out = evaluate.held_out(base.tokenizer, base.context, ((long,),))
    assert held_out.tokens == base.context
    assert 0 < held_out.bytes < len(long.text)
    assert evaluate.losses(base.model, held_out.posts, base.end, CPU)[0] > 0


def test_the_models_mode_is_left_as_it_was(base: loading.LoadedBase) -> None:
    base.model.train()
    evaluate.losses(base.model, [[1, 2]], base.end, CPU)
    assert base.model.training
    base.model.eval()
