"""Texts that benchmarks train on: the demo's archives, and categories of Debian's fortunes where installed."""

from __future__ import annotations

import itertools
import random
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from bot import corpus
from bot.cli.demo import HERE
from bot.corpus import Corpus, Split
from bot.sources import open_source
from bot.sources.posts import Post, Profile, Timeline

FORTUNES = Path("/usr/share/games/fortunes")
CATEGORIES = ("definitions", "people", "science")
ARCHIVES = ("devils_dict", "jargon_file", "king_james_1611")
HELD_OUT = 0.1
SWEEP_HELD_OUT = 0.3
HELD_OUT_MOST = 80


@dataclass(frozen=True, slots=True)
class Texts:
    """A corpus and its split, by the name under which tables show it."""

    name: str
    split: Split

    @property
    def train(self) -> list[str]:
        """The texts to train on, voices balanced."""
        return [text.text for text in corpus.oversample_to_largest(self.split.train)]

    def part(self, which: str) -> list[str]:
        """The texts of `validation` or `test`."""
        return [text.text for account in getattr(self.split, which) for text in account]


def archives(*handles: str) -> Corpus:
    """The cleaned posts of the demo's archives of these handles."""
    sources = [open_source("archive", file=str(HERE / "archives" / f"{handle}.zip")) for handle in handles]
    return corpus.build([source.read(handle) for source, handle in zip(sources, handles, strict=True)])


def everything(count: int) -> Texts:
    """`count` posts of the demo's three large archives, voices mixed, as one account's."""
    made = archives(*ARCHIVES)
    groups = itertools.zip_longest(*(one.texts for one in made.accounts))
    texts = [text.text for group in groups for text in group if text is not None]
    return _named("mixed", texts[:count])


def shipped(most: int) -> list[Texts]:
    """The demo's archives, and two of them as one model of two voices; at most `most` posts of each account."""
    groups = [(handle,) for handle in ARCHIVES] + [("devils_dict", "jargon_file")]
    made = []
    for handles in groups:
        cleaned = archives(*handles)
        accounts = tuple(replace(one, texts=one.texts[:most]) for one in cleaned.accounts)
        made.append(Texts("+".join(handles), corpus.split(replace(cleaned, accounts=accounts), HELD_OUT)))
    return made


def fortunes(folder: Path, most: int) -> list[Texts]:
    """Categories of the fortunes as if each were a person's posts; none where the folder is not there."""
    found = [folder / name for name in CATEGORIES if (folder / name).is_file()]
    return [_named(f"fortunes {path.name}", sayings(path)[:most]) for path in found]


def sayings(category: Path) -> list[str]:
    """The texts of a category without the names of those who said them: a model would put words into their mouths."""
    texts = category.read_text(encoding="utf-8", errors="replace").split("\n%\n")
    return [re.split(r"\n\s*--\s", text, maxsplit=1)[0] for text in texts]


def persona(name: str, most: int, folder: Path) -> Texts:
    """One corpus of a sweep: an archive of the demo, or `fortunes CATEGORY`; `most` posts to train on.

    Always the same posts are held out, `HELD_OUT_MOST` in each half at most, whatever `most` is.
    """
    _, is_category, category = name.partition("fortunes ")
    whole = corpus.split(
        _corpus(sayings(folder / category)) if is_category else archives(name), SWEEP_HELD_OUT
    )
    shuffled = random.Random(0).sample(whole.train[0], len(whole.train[0]))
    return Texts(
        name,
        Split(
            (tuple(shuffled[:most]),),
            (whole.validation[0][:HELD_OUT_MOST],),
            (whole.test[0][:HELD_OUT_MOST],),
        ),
    )


def _named(name: str, texts: list[str]) -> Texts:
    return Texts(name, corpus.split(_corpus(texts), HELD_OUT))


def _corpus(texts: list[str]) -> Corpus:
    when = datetime(2026, 1, 1, tzinfo=UTC)
    posts = [Post(str(number), text, when) for number, text in enumerate(texts)]
    return corpus.build([Timeline(Profile("ada", "Ada", "other"), posts)])
