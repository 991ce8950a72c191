"""Manifests for the tests of cards and pictures: invented people, numbers that add up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.hub.published import Published
from bot.manifest import (
    Account,
    Asked,
    Base,
    Copying,
    Evaluation,
    Manifest,
    Point,
    Provenance,
    Sample,
    Score,
    Tracking,
    Training,
    Voice,
)
from bot.sources.posts import Network

WHEN = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
TEXTS = (
    " to build a machine that can be wrong in interesting ways, and to be there when it is.",
    " a quiet morning, a loud afternoon and no meetings in between 🤖",
    " that one day the kettle & I will agree on a temperature.",
    " to write fewer footnotes. (This one does not count.)",
    " bigger than my desk, smaller than the queue in front of it.",
)


BASE_SCORE = Score(loss=4.9301, perplexity=138.39, bits_per_byte=1.7338, low=4.871, high=4.9902)
TUNED_SCORE = Score(loss=3.9012, perplexity=49.4617, bits_per_byte=1.3719, low=3.8224, high=3.9781)


RECIPE = {"learning_rate": 0.001, "batch_size": 8, "warmup": 0.05, "seed": 42}
"""Written out, so that a new hyperparameter or default changes no golden card."""


def account(handle: str, name: str, *, network: Network = "x", scale: int = 1, **changes: Any) -> Account:
    dropped = {"retweets": 496 * scale, "short": 37 * scale, "edited": 0, "duplicates": 12, "private_data": 0}
    kept = 1676 * scale
    facts: dict[str, Any] = {
        "handle": handle,
        "name": name,
        "network": network,
        "id": "4242" if network != "other" else None,
        "url": f"https://x.com/{handle}" if network == "x" else f"https://bsky.app/profile/{handle}",
        "avatar": f"assets/{handle}.png",
        "downloaded": sum(dropped.values()) + kept,
        "dropped": dropped,
        "kept": kept,
        "characters": 84_210 * scale,
        "first": datetime(2019, 3, 2, tzinfo=UTC),
        "last": WHEN - timedelta(days=3),
    }
    return Account(**(facts | changes))


def curve(steps: int = 240, points: int = 13) -> tuple[Point, ...]:
    """Falls fast, then overfits a little: the best point is not the last."""
    made = []
    for number in range(points):
        share = number / (points - 1)
        held_out = 4.93 - 1.2 * share**0.5 + 0.35 * share**3
        train = None if number == 0 else 4.85 - 1.6 * share**0.6
        made.append(
            Point(
                step=round(steps * share),
                epoch=round(4 * share, 2),
                train=None if train is None else round(train, 4),
                held_out=round(held_out, 4),
            )
        )
    return tuple(made)


def manifest(accounts: Sequence[Account] | None = None, **changes: Any) -> Manifest:
    accounts = tuple(accounts) if accounts is not None else (account("ada_example", "Ada Example"),)
    handles = tuple(one.handle for one in accounts)
    name = "-".join(sorted(handles))
    kept = sum(one.kept for one in accounts)
    facts: dict[str, Any] = {
        "name": name,
        "repo": f"my-org/{name}",
        "source": "archive",
        "handles": handles,
        "accounts": accounts,
        "languages": {"en": kept - 40, "fr": 30, "und": 10},
        "sensitive_share": 0.012,
        "characters": sum(one.characters for one in accounts),
        "consent": "https://example.org/agreed",
        "contact": "https://example.org/removal",
        "license": "mit",
        "tags": ("poetry",),
        "prompts": ("My dream is",),
        "base": Base(
            name="openai-community/gpt2",
            identity="openai-community/gpt2",
            id="openai-community/gpt2",
            revision="607a30d783dfa663caf39e06633721c8d4cfcd7e",
            license="mit",
            parameters=124_439_808,
            context=1024,
        ),
        "recipe": RECIPE,
        "training": Training(
            posts=kept * 9 // 10,
            tokens=61_204,
            steps=240,
            epochs=4,
            seconds=412.5,
            hardware="2 CPU cores",
            dtype="float32",
            versions={"torch": "2.13.0", "transformers": "5.23.0"},
        ),
        "evaluation": Evaluation(
            posts=kept // 10,
            tokens=5_120,
            bytes=21_004,
            base=BASE_SCORE,
            tuned=TUNED_SCORE,
        ),
        "copying": Copying(
            samples=200,
            seed=42,
            words=6,
            runs=0.04,
            whole=0.0,
            text=0.011,
            posts=167,
            natural_runs=0.158,
            natural_whole=0.006,
            natural_text=0.052,
        ),
        "curve": curve(),
        "samples": tuple(Sample(prompt="My dream is", text=text, seed=42) for text in TEXTS),
        "generation": {
            "do_sample": True,
            "temperature": 1.0,
            "top_k": 0,
            "top_p": 0.95,
            "min_length": 10,
            "max_new_tokens": 160,
        },
        "published": Published(
            handles=handles,
            recipe="c5cd7120931a30a9",
            base="openai-community/gpt2",
            template="0123456789abcdef",
            card="fedcba9876543210",
            newest_post=WHEN - timedelta(days=3),
            trained_at=WHEN,
        ),
        "provenance": Provenance(
            version="0.1.0",
            commit="5d1f0c2",
            run_url="https://github.com/my-org/my-bots/actions/runs/123456789",
        ),
    }
    return Manifest(**(facts | changes))


ADA = account("ada_example", "Ada Example")
BOB = account("bob_example", "Bob | Example", scale=2)
EVE = account("eve_example", "Ève Exämple 🦜", parody=True)
CAROL = account("carol.example.social", "Carol", network="bluesky", labels=("satire",))
VOICES = (
    Voice(
        handle="bob_example",
        posts=335,
        base=BASE_SCORE,
        tuned=Score(loss=3.84, perplexity=46.53, bits_per_byte=1.3504),
    ),
    Voice(
        handle="ada_example",
        posts=167,
        base=Score(loss=4.93, perplexity=138.4, bits_per_byte=1.7338),
        tuned=TUNED_SCORE,
    ),
)
TRACKING = Tracking(
    service="wandb",
    run_url="https://wandb.ai/my-org/mynah/runs/1a2b3c4d",
    data_url="https://wandb.ai/my-org/mynah/runs/1a2b3c4d/artifacts",
)
CARDS: dict[str, Manifest] = {
    "one": manifest(),
    "two": manifest(
        [BOB, ADA],
        consent="self",
        sensitive=True,
        evaluation=Evaluation(
            posts=502, tokens=15_360, bytes=63_012, base=BASE_SCORE, tuned=TUNED_SCORE, voices=VOICES
        ),
        tracking=TRACKING,
    ),
    "three": manifest(
        [EVE, ADA, BOB],
        warnings=("Only 12,000 characters were kept: expect a weak imitation.",),
        recipe=RECIPE | {"block_size": 64},
        asked={"block_size": Asked(value=1024, reason="the base's context")},
        copying=None,
        samples=(
            Sample(prompt="My dream is", text="", seed=42, copied=True),
            *(Sample(prompt="My dream is", text=text, seed=42) for text in TEXTS[:3]),
        ),
        training=Training(
            posts=6033,
            tokens=61_204,
            steps=240,
            epochs=4,
            best_epoch=3,
            seconds=21.4,
            hardware="NVIDIA T4",
            dtype="bf16",
            weights="bf16",
            micro_batch_size=2,
            versions={"torch": "2.13.0", "transformers": "5.23.0"},
        ),
    ),
    "other_network": manifest(
        [CAROL],
        source="bluesky",
        license=None,
        consent=None,
        base=Base(
            name="tiny",
            identity="tiny@0a1b2c3d4e5f6071",
            digest="0a1b2c3d4e5f6071",
            parameters=1_204_224,
            context=256,
        ),
        provenance=Provenance(version="0.1.0"),
    ),
}
"""One handle, cyborgs of two and three, and a Bluesky account on a local base."""
HOSTILE = [
    "Ada | Bob",
    "back\\slash\\",
    "</div><script>alert(1)</script>",
    "---",
    "{{ config }} {% raw %} {# x #}",
    "$$x^2$$ \\\\(y\\\\)",
    "![x](https://example.org/x.png)",
    "[click](javascript:alert(1))",
    "\u202eecila\u2066",
    "z\u0300\u0301\u0302\u0303\u0304\u0305\u0306algo",
    "zero\u200bwidth\ufeff",
    "\u3164\u200b ",
    "x" * 5000,
    "漢" * 5000,
    "\ud800lone\udfff",
    "USER_NAME TWEETS_DL [More Information Needed] DISPLAY_1",
    "`code` ~~~ ```",
    "# heading\n\n- list\n1. one",
    "    indented",
    "<!-- comment",
    "&lt;b&gt; &amp;amp; &#124;",
    "<http://example.org> www.example.org",
    "ada@example.org mailto:bob@example.org",
    '" onload="alert(1)',
    "*a* _b_ **c** ~~d~~",
    "👩\u200d🚀 🇫🇷 ❤\ufe0f",
    "مرحبا שלום",
    ": - ? , ] } @ %",
    "",
]
"""Names, samples and prompts that break cards which do not escape."""
