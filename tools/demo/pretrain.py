"""Makes the demo's base: a byte-level BPE tokenizer and a tiny GPT-2, trained from scratch on a CPU.

    python tools/demo/pretrain.py --austen Rdata.rdb --out base pg1661.txt Cursor.Twain-Tom.Sawyer.txt

The books are in Debian's `r-cran-janeaustenr` (Rdata.rdb) and in the testdata of its package
`golang-github-pierrec-lz4-dev` (Doyle and Twain). ORIGIN.md has the licences. Nothing that a demo
account posts is among them, so that fine-tuning has a voice to change.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from texts import SLURS, austen, book_body, paragraphs

if TYPE_CHECKING:
    import torch
    from transformers import GPT2Tokenizer

END_OF_TEXT = "<|endoftext|>"
END_OF_TEXT_ID = 0  # the trainer numbers special tokens first
SEED = 20
HELD_OUT_EVERY = 40
"""Every so many documents one is held out, for the loss that the card reports."""


CARD = Path(__file__).with_name("base_card.md")
"""The base's README, with the names of what is measured in braces."""


UNFIT = re.compile(rf"{SLURS.pattern}|\b(?:jew|hebrew)|\[Illus", re.IGNORECASE)
"""Passages left out: pictures, slurs, and what novels of that time say of Jews (a jewel or two goes with it)."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Size of the model and of a training step; lengths in tokens."""

    vocabulary: int = 4096
    width: int = 192
    layers: int = 6
    heads: int = 6
    context: int = 256
    batch: int = 32


@dataclass(frozen=True, slots=True)
class Texts:
    """The documents to train on and those held out."""

    train: list[str]
    held_out: list[str]


def passages(parts: Iterable[str], at_least: int = 500) -> Iterator[str]:
    """Join paragraphs into documents of at least so many characters.

    Short documents let the model meet the end of a text often, as it will in posts.
    """
    gathered: list[str] = []
    for part in parts:
        gathered.append(part)
        if sum(map(len, gathered)) >= at_least:
            yield "\n".join(gathered)
            gathered = []
    if gathered:
        yield "\n".join(gathered)


def base_documents(books: Iterable[str]) -> list[str]:
    """Return the books as documents: prose only, no pictures or tables, no slurs of their time."""
    documents = [document for book in books for document in passages(paragraphs(book_body(book)))]
    return [text for text in documents if not UNFIT.search(text)]


def split(documents: list[str]) -> Texts:
    """Hold out every 40th document; sources lie in order, so each gives its share."""
    held_out = documents[::HELD_OUT_EVERY]
    train = [text for index, text in enumerate(documents) if index % HELD_OUT_EVERY]
    return Texts(train=train, held_out=held_out)


def train_tokenizer(texts: list[str], shape: Shape) -> GPT2Tokenizer:
    """Train a byte-level BPE as GPT-2 has it: any text round-trips, one special token for all ends."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import GPT2Tokenizer

    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=shape.vocabulary,
        min_frequency=2,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    learner.train_from_iterator(texts, trainer)
    learnt = json.loads(learner.to_str())["model"]
    merges: Any = [tuple(pair) for pair in learnt["merges"]]
    return GPT2Tokenizer(vocab=learnt["vocab"], merges=merges, model_max_length=shape.context)


def new_model(shape: Shape) -> Any:
    """Build the untrained GPT-2. No dropout: each text is seen a few times only."""
    from transformers import GPT2Config, GPT2LMHeadModel

    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=shape.vocabulary,
            n_positions=shape.context,
            n_embd=shape.width,
            n_layer=shape.layers,
            n_head=shape.heads,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            bos_token_id=END_OF_TEXT_ID,
            eos_token_id=END_OF_TEXT_ID,
        )
    )


def token_stream(tokenizer: GPT2Tokenizer, texts: list[str]) -> torch.Tensor:
    """Return the texts as one row of token ids, each text opened by an end-of-text token."""
    import torch

    encoded: list[list[int]] = tokenizer(texts, verbose=False)["input_ids"]
    tokens = [token for text in encoded for token in (END_OF_TEXT_ID, *text)]
    return torch.tensor([*tokens, END_OF_TEXT_ID])


def next_token_loss(model: Any, rows: torch.Tensor) -> torch.Tensor:
    """Return the mean loss in nats of each row's tokens given those before them."""
    from torch.nn.functional import cross_entropy

    logits = model(input_ids=rows).logits[:, :-1]
    return cross_entropy(logits.flatten(0, 1).float(), rows[:, 1:].flatten())


def held_out_loss(model: Any, stream: torch.Tensor, context: int) -> float:
    """Return the mean loss in nats a token over the stream, cut into blocks of the context's length."""
    import torch

    blocks = stream[: len(stream) // context * context].view(-1, context)
    model.eval()
    with torch.no_grad():
        losses = [
            next_token_loss(model, part).item() * len(part)
            for part in blocks.chunk(max(1, len(blocks) // 32))
        ]
    model.train()
    return sum(losses) / len(blocks)


def train(
    model: Any, stream: torch.Tensor, shape: Shape, span: range, rate: float, minutes: float = math.inf
) -> Iterator[tuple[int, float]]:
    """Train for the steps of the span, warm-up then cosine to zero; yields the steps done and the loss.

    Muon turns the matrices, AdamW the rest: with so small a budget of steps it learns more from each. On a
    machine too slow for all the steps the schedule follows the clock, and still ends at zero.
    """
    import torch

    matrices = [weight for name, weight in model.named_parameters() if weight.ndim == 2 and ".h." in name]
    others = [weight for name, weight in model.named_parameters() if weight.ndim != 2 or ".h." not in name]
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.Muon(matrices, lr=rate, weight_decay=0.1, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.98), weight_decay=0.1, fused=True),
    ]
    warm_up = max(1, min(60, len(span) // 10))
    done_before = span.start / span.stop
    started = time.monotonic()
    chance = torch.Generator().manual_seed(SEED + span.start)
    for step in span:
        elapsed = (time.monotonic() - started) / 60 / minutes
        done = max(step / span.stop, done_before + (1 - done_before) * elapsed)
        if done >= 1:
            return
        factor = min((step - span.start + 1) / warm_up, 0.5 * (1 + math.cos(math.pi * done)))
        starts = torch.randint(len(stream) - shape.context, (shape.batch,), generator=chance)
        rows = torch.stack([stream[start : start + shape.context] for start in starts.tolist()])
        with torch.autocast("cpu", torch.bfloat16):
            loss = next_token_loss(model, rows)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate * factor
            optimizer.step()
            optimizer.zero_grad()
        yield step + 1, loss.item()


def save(model: Any, tokenizer: GPT2Tokenizer, out: Path) -> None:
    """Write an ordinary model folder, weights in bfloat16."""
    import torch
    from transformers import GenerationConfig, GPT2LMHeadModel

    shipped: Any = GPT2LMHeadModel(model.config)
    shipped.load_state_dict(model.state_dict())
    ends = {"bos_token_id": END_OF_TEXT_ID, "eos_token_id": END_OF_TEXT_ID, "pad_token_id": END_OF_TEXT_ID}
    shipped.generation_config = GenerationConfig.from_dict({**ends, "do_sample": True})
    shipped.to(torch.bfloat16).save_pretrained(out)
    tokenizer.save_pretrained(out)


def card(out: Path, texts: Texts, shape: Shape, steps: int) -> str:
    """Return the folder's README: what it was trained on and what its shipped weights score."""
    import torch
    from transformers import AutoModelForCausalLM, GPT2Tokenizer

    tokenizer = GPT2Tokenizer.from_pretrained(out)
    model = AutoModelForCausalLM.from_pretrained(out, dtype=torch.float32)
    held_out = token_stream(tokenizer, texts.held_out)
    loss = held_out_loss(model, held_out, shape.context)
    held_out_bytes = sum(len(text.encode()) for text in texts.held_out)
    return CARD.read_text(encoding="utf-8").format(
        parameters=model.num_parameters(),
        vocabulary=shape.vocabulary,
        width=shape.width,
        layers=shape.layers,
        heads=shape.heads,
        context=shape.context,
        weights=(out / "model.safetensors").stat().st_size / 1e6,
        documents=len(texts.train),
        characters=sum(map(len, texts.train)),
        tokens=len(token_stream(tokenizer, texts.train)),
        steps=steps,
        batch=shape.batch,
        seen=steps * shape.batch * shape.context,
        held_out_documents=len(texts.held_out),
        held_out_tokens=len(held_out),
        loss=loss,
        perplexity=math.exp(loss),
        bits=loss * len(held_out) / math.log(2) / held_out_bytes,
    )


def main() -> None:
    """Train and write the folder; every 100 steps it is saved, so that a stopped run leaves one."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--austen", type=Path, required=True)
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("books", type=Path, nargs="+", help="further books as plain text")
    options.add_argument("--steps", type=int, default=1300)
    options.add_argument("--minutes", type=float, default=math.inf, help="end by then, whatever the steps")
    options.add_argument("--resume", type=int, default=0, help="go on with --out, which saw so many steps")
    options.add_argument("--rate", type=float, default=3e-3)
    options.add_argument("--threads", type=int, default=2)
    chosen = options.parse_args()

    import torch
    from transformers import GPT2LMHeadModel

    torch.set_num_threads(chosen.threads)
    torch.manual_seed(SEED)
    shape = Shape()
    books = austen(chosen.austen.read_bytes())
    books += [path.read_text(encoding="utf-8-sig") for path in chosen.books]
    texts = split(base_documents(books))
    random.Random(SEED).shuffle(texts.train)
    tokenizer = train_tokenizer(texts.train, shape)
    stream = token_stream(tokenizer, texts.train)
    held_out = token_stream(tokenizer, texts.held_out)
    model = new_model(shape)
    if chosen.resume:
        model = GPT2LMHeadModel.from_pretrained(chosen.out, dtype=torch.float32)
    print(f"{len(texts.train)} documents, {len(stream)} tokens", flush=True)

    def keep(step: int) -> None:
        save(model, tokenizer, chosen.out)
        readme = card(chosen.out, texts, shape, step)
        (chosen.out / "README.md").write_text(readme, encoding="utf-8")
        print(f"step {step} held-out loss {held_out_loss(model, held_out, shape.context):.3f}", flush=True)

    started = time.monotonic()
    step = chosen.resume
    span = range(chosen.resume, chosen.steps)
    for step, loss in train(model, stream, shape, span, chosen.rate, chosen.minutes):
        if step % 20 == 0:
            print(f"step {step} loss {loss:.3f} {time.monotonic() - started:.0f} s", flush=True)
        if step % 100 == 0:
            keep(step)
    keep(step)


if __name__ == "__main__":
    main()
