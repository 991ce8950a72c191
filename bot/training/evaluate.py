"""Evaluation: cross-entropy, perplexity and bits per byte on posts that a model was never trained on.

Each post stands alone, begun by the end-of-text token; its own tokens and the end after it are predicted.
The base and the tuned model are scored by this one function on the same posts, each post by itself, so that
what the posts say is also said of each account, and how far chance may have moved it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy
import torch
from torch import nn
from transformers import PreTrainedTokenizerBase

from bot.corpus import Text
from bot.manifest import Evaluation, Score, Voice
from bot.training.data import IGNORED, tokenise
from bot.training.device import Device
from bot.training.loss import token_losses

BATCH_TOKENS = 2_048
"""Tokens in one forward pass, padding included, and of the longest post that is scored: bounds memory."""


RESAMPLES = 2_000
"""Bootstrap samples per interval; more would change its third digit."""

RESAMPLED_AT_ONCE = 2_000_000
"""Posts drawn at a time: bounds memory, changes no result."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Posts to be scored: tokens of each, cut to the model's context, the UTF-8 bytes those stand for, and whose."""

    posts: list[list[int]]
    sizes: list[int]
    handles: list[str]

    @property
    def tokens(self) -> int:
        """How many tokens are predicted: every post's own and the end after it."""
        return sum(len(post) + 1 for post in self.posts)

    @property
    def bytes(self) -> int:
        """Of all posts."""
        return sum(self.sizes)


def held_out(tokenizer: PreTrainedTokenizerBase, context: int, accounts: Sequence[Sequence[Text]]) -> HeldOut:
    """The accounts' texts as tokens; a post longer than the context is cut, and its bytes are counted as cut.

    So is one longer than `BATCH_TOKENS`: with a context of 131,072 tokens one post could take all memory.
    """
    context = min(context, BATCH_TOKENS)
    texts = [text for account in accounts for text in account]
    posts = tokenise(tokenizer, [text.text for text in texts])
    sizes = []
    for index, text in enumerate(texts):
        shown = text.text
        if len(posts[index]) > context - 1:
            posts[index] = posts[index][: context - 1]
            shown = str(tokenizer.decode(posts[index]))
        sizes.append(len(shown.encode()))
    return HeldOut(posts, sizes, [text.handle for text in texts])


@torch.inference_mode()
def losses(model: nn.Module, posts: Sequence[Sequence[int]], end: int, device: Device) -> list[float]:
    """The summed loss of each post, in nats, in the order given."""
    total = [0.0] * len(posts)
    was_training = model.training
    model.eval()
    by_length = sorted(range(len(posts)), key=lambda index: len(posts[index]))
    while by_length:
        width = len(posts[by_length[-1]]) + 1
        batch = [by_length.pop() for _ in range(min(len(by_length), max(1, BATCH_TOKENS // width)))]
        inputs = torch.full((len(batch), width), end, dtype=torch.long)
        labels = torch.full((len(batch), width), IGNORED, dtype=torch.long)
        for row, index in enumerate(batch):
            tokens = torch.tensor(list(posts[index]), dtype=torch.long)
            inputs[row, 1 : len(tokens) + 1] = tokens
            labels[row, : len(tokens)] = tokens
            labels[row, len(tokens)] = end
        # Padding stands to the right of everything predicted, so causal attention needs no mask.
        with device.autocast():
            logits = model(input_ids=inputs.to(device.torch)).logits
        nats = token_losses(logits, labels.to(device.torch))
        for index, value in zip(batch, nats.sum(dim=1).tolist(), strict=True):
            total[index] = value
    model.train(was_training)
    return total


def evaluation(held_out: HeldOut, base: Sequence[float], tuned: Sequence[float]) -> Evaluation:
    """The scores of base and tuned model from the summed loss of each post; for several accounts, of each too."""
    everything = range(len(held_out.posts))
    handles = list(dict.fromkeys(held_out.handles))
    shares = {
        handle: [index for index in everything if held_out.handles[index] == handle]
        for handle in (handles if len(handles) > 1 else ())
    }
    return Evaluation(
        posts=len(held_out.posts),
        tokens=held_out.tokens,
        bytes=held_out.bytes,
        base=score(held_out, base, everything),
        tuned=score(held_out, tuned, everything),
        voices=tuple(
            Voice(
                handle=handle,
                posts=len(share),
                base=score(held_out, base, share),
                tuned=score(held_out, tuned, share),
            )
            for handle, share in shares.items()
        ),
    )


def score(held_out: HeldOut, losses: Sequence[float], of: Sequence[int]) -> Score:
    """The score of the posts with these numbers: all their nats over all their tokens, and over all their bytes."""
    nats = numpy.array([losses[index] for index in of])
    tokens = numpy.array([len(held_out.posts[index]) + 1 for index in of])
    loss = float(nats.sum() / tokens.sum())
    low, high = bootstrap_interval(nats, tokens)
    return Score(
        loss=loss,
        perplexity=math.exp(loss) if loss < 700 else math.inf,
        bits_per_byte=float(nats.sum()) / math.log(2) / max(1, sum(held_out.sizes[index] for index in of)),
        low=low,
        high=high,
    )


def bootstrap_interval(nats: numpy.ndarray, tokens: numpy.ndarray) -> tuple[float, float] | tuple[None, None]:
    """The 95 % bootstrap interval of the loss per token, over posts drawn with replacement.

    It is drawn from one seed, so equal losses give an equal interval. One post alone has none.
    """
    count = len(nats)
    if count < 2 or not numpy.isfinite(nats).all():
        return None, None
    chance = numpy.random.default_rng(0)
    at_once = max(1, RESAMPLED_AT_ONCE // count)
    drawn = []
    for first in range(0, RESAMPLES, at_once):
        which = chance.integers(count, size=(min(at_once, RESAMPLES - first), count))
        drawn.append(nats[which].sum(axis=1) / tokens[which].sum(axis=1))
    low, high = numpy.percentile(numpy.concatenate(drawn), (2.5, 97.5))
    return float(low), float(high)
