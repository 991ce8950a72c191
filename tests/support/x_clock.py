"""A clock that sleeping moves, and a source of X that lives by it: tests of waits take no time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from x_server import FIRST_ID, START, XServer

from bot.sources import Cursor, Options
from bot.sources.budget import Budget
from bot.sources.posts import Post, Timeline
from bot.sources.x.calls import POLICY
from bot.sources.x.source import X


class Clock:
    """`slept` holds every pause, in seconds."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 1, 12, tzinfo=UTC)
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)


def opened(server: XServer, clock: Clock | None = None, budget: Budget | None = None, **more: Any) -> X:
    """The source, with the clock's time and short timeouts."""
    clock = clock or Clock()
    environment = {**server.environment, **more.pop("environment", {})}
    options = Options(environment=environment, budget=budget or Budget(), **more)
    policy = replace(POLICY, connect_s=2.0, read_s=0.5, answer_s=1.0, sleep=clock.sleep)
    return X(options, now=clock.now, policy=policy)


def mark(number: int) -> Cursor:
    """The mark that a post of `x_server.post(number)` gives."""
    return Cursor(str(FIRST_ID + number), START + timedelta(hours=number))


def numbers(posts: Timeline | list[Post] | Iterator[Post]) -> list[int]:
    """The posts by their numbers in `x_server.post`, in the order they came."""
    listed = posts.posts if isinstance(posts, Timeline) else posts
    return [int(post.id) - FIRST_ID for post in listed]
