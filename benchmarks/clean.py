"""How much CPU it takes to clean 100,000 posts, and to detect the language of those whose network names none.

    python benchmarks/clean.py [POSTS]

Limit: 6 s of CPU for 100,000 posts. Detection reads a sample of each account, so it is measured apart.
"""

from __future__ import annotations

import gc
import os
import platform
import random
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bot import corpus
from bot.corpus import cleaning, detection
from bot.corpus.private_data import holds_private_data
from bot.sources.posts import Post, Profile, Timeline

POSTS = 100_000
START = datetime(2020, 1, 1, tzinfo=UTC)
SENTENCE = """
the a of to and in is it you that he was for on are with as his they at be this have from or one had by
word but not what all were we when your can said there use an each which she do how their if will up
other about out many then them these so some her would make like him into time has look two more write
"""
WORDS = SENTENCE.split()
OTHERS = (
    "今日はとても寒いですね、外に出たくない",
    "今天天气很好，我们一起去公园散步吧",
    "วันนี้อากาศดีมากไปเดินเล่นกันเถอะ",
    "صباح الخير يا أصدقائي، كيف حالكم اليوم؟",
    "Сегодня утром я видел трёх птиц на крыше",
    "오늘 아침에 지붕 위에서 새 세 마리를 보았다",
)
EXTRAS = (
    "https://t.co/abc123XYZ",
    "(https://example.com/a_(b))",
    "😂👩\u200d💻",
    "#hello",
    "@somebody",
    "12:30",
    "3,200",
)


def post(number: int, chance: random.Random, lang: str | None) -> Post:
    """One post of some 120 characters; one in eight is a repost, one in ten in another language."""
    words = chance.choices(WORDS, k=chance.randint(2, 40))
    text = " ".join(words)
    kind = chance.random()
    if kind < 0.1:
        text = f"{chance.choice(OTHERS)} {number}"
    elif kind < 0.5:
        text = f"{text} {chance.choice(EXTRAS)}"
    elif kind < 0.52:
        text = f"{text} call +44 20 7946 0{number % 1000:03}"
    return Post(str(number), text, START + timedelta(seconds=number), lang, is_repost=kind > 0.875)


def main(count: int) -> None:
    chance = random.Random(1)
    print(
        f"{count:,} posts; {platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}\n"
    )
    profile = Profile("ada_example", "Ada", "x", id="1")
    named = [post(number, chance, "en") for number in range(count)]
    share = count / POSTS
    texts: list[str] = []
    built = cpu(
        lambda: texts.extend(t.text for t in corpus.build([Timeline(profile, named)]).accounts[0].texts)
    )
    row("clean and count", built, f"limit {6 * share:.1f} s")
    cleaned = list(dict.fromkeys(texts))
    row("  of it, clean()", cpu(lambda: [cleaning.clean(one.text) for one in named if not one.is_repost]))
    row("  of it, is_short()", cpu(lambda: [cleaning.is_short(text) for text in cleaned]))
    row("  of it, private data", cpu(lambda: [holds_private_data(text) for text in cleaned]))
    row("load the classifier", cpu(lambda: detection.languages(["hello to all of you"])))
    row(f"detect languages, {len(cleaned):,} kept", cpu(lambda: detection.languages(cleaned)))
    per_post = cpu(lambda: detection.languages(cleaned[: detection.SAMPLE])) / detection.SAMPLE
    row("  a post", per_post, f"at most {detection.SAMPLE:,} of an account")


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of a piece of work."""
    gc.collect()
    started = time.process_time()
    work()
    return time.process_time() - started


def row(what: str, seconds: float, note: str = "") -> None:
    figure = f"{seconds:>9.2f} s " if seconds > 0.01 else f"{seconds * 1e6:>9.1f} µs"
    print(f"{what:<34}{figure}  {note}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else POSTS)
