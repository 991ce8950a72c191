"""Cards as the older system laid them out, in three generations, of people who do not exist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

PICTURE = "https://pbs.twimg.com/profile_images/{}/face_400x400.jpg"
CONFIG = b'{"model_type": "gpt2", "vocab_size": 50257, "n_positions": 1024, "n_embd": 768, "n_layer": 12}'
"""The shape of the smallest GPT-2."""
MADE_MS = 1_613_440_346_000
"""Milliseconds in the address of a card's picture: 2021-02-16 01:52:26 UTC."""


@dataclass(frozen=True)
class Person:
    """Somebody invented; the counts add up."""

    handle: str
    name: str
    downloaded: int = 3000
    retweets: int = 900
    short: int = 100
    kept: int = 2000
    picture: str = PICTURE.format(11)


ADA = Person("ada_example", "Ada Example")
BOB = Person("bob_example", "Bob Example", 1500, 250, 50, 1200, PICTURE.format(22))
EVE = Person("eve_example", "Eve Example", 800, 100, 100, 600, PICTURE.format(33))


def first(person: Person = ADA, *, report_host: str = "app.wandb.ai", extra: str = "") -> str:
    """One picture; `report_host` makes it the first generation or the second. `extra` is more front matter."""
    head = f"""\
<div>
<div style="width: 132px; height:132px; background-size: cover; background-image: url('{person.picture}')">
</div>
<div style="margin-top: 8px; font-size: 19px; font-weight: 800">{person.name} 🤖 AI Bot </div>
<div style="font-size: 15px">@{person.handle} bot</div>
</div>
"""
    data = f"Learned from [@{person.handle}'s tweets](https://twitter.com/{person.handle})."
    thumbnail = f"https://www.huggingtweets.com/{person.handle}/{MADE_MS}/predictions.png"
    return _card(person.handle, thumbnail, extra, head, data, table(["Quantity"], [person]), report_host)


def second(person: Person = ADA, *, extra: str = "") -> str:
    """One picture, and the newer address of the report."""
    return first(person, report_host="wandb.ai", extra=extra)


def third(
    *people: Person, handles: str | None = None, names: Sequence[str] | None = None, extra: str = ""
) -> str:
    """Up to three pictures. `handles` and `names` (the table's) replace what follows from the people."""
    people = people or (ADA, BOB)
    slots = [*people[:3], *[None] * (3 - len(people))]
    pictures = "".join(
        f"""
        <div
            style="display:{"inherit" if person else "none"}; width: 92px; height:92px; background-size: cover; \
background-image: url(&#39;{person.picture if person else ""}&#39;)">
        </div>"""
        for person in slots
    )
    together = handles or "-".join(sorted(person.handle for person in people))
    joined = " & ".join(person.name for person in people)
    kind = "CYBORG" if len(people) > 1 else "BOT"
    head = f"""\
<div class="inline-flex flex-col" style="line-height: 1.5;">
    <div class="flex">{pictures}
    </div>
    <div style="text-align: center; margin-top: 3px; font-size: 16px; font-weight: 800">🤖 AI {kind} 🤖</div>
    <div style="text-align: center; font-size: 16px; font-weight: 800">{joined}</div>
    <div style="text-align: center; font-size: 14px;">@{together}</div>
</div>
"""
    columns = [person.name for person in people] if names is None else list(names)
    thumbnail = "https://github.com/borisdayma/huggingtweets/blob/master/img/logo.png?raw=true"
    data = f"Learned from tweets of {joined}."
    return _card(together, thumbnail, extra, head, data, table(columns, people), "wandb.ai")


def table(columns: Sequence[str], people: Sequence[Person]) -> str:
    """The statistics, as many rules as there are people: a `|` in a name makes it no table at all."""
    rows = [
        f"| Data | {' | '.join(columns)} |",
        f"| --- |{' --- |' * len(people)}",
        f"| Tweets downloaded | {' | '.join(str(person.downloaded) for person in people)} |",
        f"| Retweets | {' | '.join(str(person.retweets) for person in people)} |",
        f"| Short tweets | {' | '.join(str(person.short) for person in people)} |",
        f"| Tweets kept | {' | '.join(str(person.kept) for person in people)} |",
    ]
    return "\n".join(rows)


def named(person: Person, name: str) -> Person:
    """The person with another display name."""
    return replace(person, name=name)


def _card(
    together: str, thumbnail: str, extra: str, head: str, data: str, counts: str, report_host: str
) -> str:
    return f"""\
---
language: en
thumbnail: {thumbnail}
tags:
- huggingtweets
{extra}widget:
- text: "My dream is"
---

{head}
Made by [huggingtweets](https://github.com/borisdayma/huggingtweets).

## How does it work?

Look into [the report](https://{report_host}/invented/project/reports/A-Report--Vmlldzo1).

## Training data

{data}

{counts}

[Look at the data](https://wandb.ai/invented/project/runs/1data234/artifacts).

## Training procedure

It began as [GPT-2](https://huggingface.co/gpt2) and went on with @{together}'s tweets.

All numbers are in [the run](https://wandb.ai/invented/project/runs/5train67), and with them
[the model](https://wandb.ai/invented/project/runs/5train67/artifacts).

## How to use

Ask it.

## Limitations and bias

Many.
"""
