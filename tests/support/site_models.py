"""Models for tests of the fleet page: invented people, and names that attack it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from bot.render.site.models import Facts, Model

DAY = date(2026, 11, 20)
HOSTILE = (
    "</script><script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "a | b",
    "line\u2028separator\u2029and more",
    "{{ 7 * 7 }} {% for x in y %}",
    "\u202egnp.exe",
    "' onclick='alert(1)",
    "&lt;b&gt; & co",
    "]]> <!-- -->",
    "例え ☕ مرحبا",
)


def facts(*people: tuple[str, str], number: int = 0, **changes: Any) -> Facts:
    """Facts of a model that was evaluated."""
    known: dict[str, Any] = {
        "head": f"{number:040x}",
        "people": people or (("Ada Example", "@ada_example"),),
        "trained": DAY - timedelta(days=number % 300),
        "kept": 1000 + number,
        "base": 138.4,
        "tuned": 49.5,
        "first": 4.93,
        "least": 3.9,
        "line": "zXMD90",
        "sample": ("My dream is", " to fly."),
        "avatars": (),
    }
    return Facts(**(known | changes))


def model(number: int = 0, name: str = "Ada Example", **changes: Any) -> Model:
    """One model of one person."""
    handle = f"user_{number}"
    known: dict[str, Any] = {
        "name": handle,
        "state": "published",
        "handles": (handle,),
        "on_hub": True,
        "facts": facts((name, f"@{handle}"), number=number),
        "trained": DAY,
    }
    return Model(**(known | changes))


def fleet(count: int) -> list[Model]:
    """That many models, sorted by name, the first of hostile names."""
    made = [
        model(number, HOSTILE[number] if number < len(HOSTILE) else f"Person {number}")
        for number in range(count)
    ]
    return sorted(made, key=lambda one: one.name)
