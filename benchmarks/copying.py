"""How long the check for copies takes, and that it grows with samples plus posts, not with their product.

    python benchmarks/copying.py [SAMPLES [POSTS]]

Posts are made of a vocabulary whose words are as unevenly frequent as real ones. Limit: 1 s for 200 samples
against 3,000 posts, of which a tenth more is held out.
"""

from __future__ import annotations

import os
import platform
import random
import sys
import time

from bot.training import memorisation

SAMPLES = 200
POSTS = 3_000
LIMIT = 1.0


def main(samples: int, posts: int) -> None:
    print(f"machine: {platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}\n")
    print(f"{'samples':>8}{'posts':>8}{'words a post':>14}{'CPU s':>8}{'in runs':>9}")
    for script, words in (("spaced", 20), ("spaced", 60), ("Japanese", 40)):
        chance = random.Random(1)
        training = [text(chance, words, script) for _ in range(posts)]
        held_out = [text(chance, words, script) for _ in range(posts // 10)]
        written = [mixed(chance, training, words, script) for _ in range(samples)]
        began = time.process_time()
        found = memorisation.overlaps([*written, *held_out], training)
        figures = memorisation.measure(found[:samples], found[samples:], seed=1)
        seconds = time.process_time() - began
        print(f"{samples:>8,}{posts:>8,}{words:>8} {script[:5]:>5}{seconds:>8.3f}{figures.runs:>9.1%}")
        if (samples, posts, words) == (SAMPLES, POSTS, 20) and seconds > LIMIT:
            sys.exit(f"over the limit of {LIMIT:g} s")


def text(chance: random.Random, words: int, script: str) -> str:
    """Words by Zipf's law; for Japanese, twice as many characters without spaces."""
    if script == "Japanese":
        return "".join(chr(0x4E00 + min(20_000, int(chance.paretovariate(1)))) for _ in range(2 * words))
    return " ".join(f"word{int(chance.paretovariate(1))}" for _ in range(words))


def mixed(chance: random.Random, posts: list[str], words: int, script: str) -> str:
    """A sample: every fourth copies the first half of a post."""
    new = text(chance, words, script)
    return new if chance.random() > 0.25 else chance.choice(posts)[: len(new) // 2] + " " + new


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    main(*(given + [SAMPLES, POSTS][len(given) :]))
