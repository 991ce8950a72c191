"""Calls to X with what it takes to get an answer: tries again, waits that are bounded, and the knowledge that
X is off. One object lives for a whole run, so that what one entry learns spares the next one a request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, assert_never

from bot.errors import BotError, Deferred, SourceError
from bot.sources.x import answers
from bot.sources.x.answers import Answer, Broken, Limited, Off, Payload, Refused

OUTAGE = timedelta(minutes=5)
"""After X answered none of several tries, nothing is asked for so long: other entries are not kept waiting."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds before each further try of a request, and the longest wait for a rate limit to end."""

    pauses: tuple[float, ...] = (1.0, 3.0, 6.0)
    longest_wait: float = 60.0
    waits: int = 3


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no payload. `billed`: X may have counted what it sent as read.

    `vocabulary`: X may know the fields by other names; `absence`: why the account cannot be read.
    """

    error: BotError
    billed: bool = False
    vocabulary: bool = False
    absence: str | None = None


class Asks(Protocol):
    """What sends a request; `Wire` does."""

    def ask(self, route: str, params: Mapping[str, str]) -> Answer:
        """Sends one request, once."""
        ...


@dataclass(slots=True)
class Calls:
    """Requests to the API. `kind` names those that share a rate limit."""

    wire: Asks
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    patience: Patience = field(default_factory=Patience)
    _off: str | None = None
    _closed: dict[str, tuple[datetime, str]] = field(default_factory=dict)

    def get(self, kind: str, route: str, params: Mapping[str, str]) -> Payload | Failure:
        """One payload, or why there is none; raises nothing."""
        tries, waits, billed = 0, 0, False
        while True:
            if closed := self.closed(kind):
                return Failure(closed, billed)
            until, why = self._closed.get(kind, (self.now(), ""))
            if (seconds := (until - self.now()).total_seconds()) > 0:
                if waits == self.patience.waits:
                    return Failure(Deferred(f"{why} again and again", retry_at=until), billed)
                waits += 1
                self.sleep(seconds)
            verdict = answers.judge(self.wire.ask(route, params), self.now())
            match verdict:
                case Payload():
                    self._closed.pop(kind, None)
                    return verdict
                case Broken(why, maybe_billed):
                    billed = billed or maybe_billed
                    if tries == len(self.patience.pauses):
                        return self._outage(f"{why} ({tries + 1} tries)", billed)
                    self.sleep(self.patience.pauses[tries])
                    tries += 1
                case Limited(until):
                    soonest = self.now() + timedelta(seconds=1)  # clocks differ, and a reset may have passed
                    self._closed[kind] = (max(until, soonest), "X's rate limit for this is used up")
                case Off(why):
                    self.turn_off(why)
                case Refused(why, vocabulary, absence):
                    sentence = f"{why}; look at X_API_BASE, and for a newer version of the bot"
                    return Failure(SourceError(sentence), billed, vocabulary, absence)
                case _:
                    assert_never(verdict)

    def closed(self, kind: str) -> BotError | None:
        """Why a request of this kind would not even be sent, or be waited for; None when it would."""
        if self._off is not None:
            return Deferred(self._off)
        longest = {kind: self.patience.longest_wait, "": 0.0}
        for name, seconds in longest.items():
            until, why = self._closed.get(name, (None, ""))
            if until is not None and (until - self.now()).total_seconds() > seconds:
                return Deferred(f"{why} until {until:%H:%M} UTC on {until:%Y-%m-%d}", retry_at=until)
        return None

    def turn_off(self, why: str) -> BotError:
        """Asks nothing more in this run; returns the error that every further call ends with."""
        self._off = f"{why}; until then nothing is read from X"
        return Deferred(self._off)

    def _outage(self, why: str, billed: bool) -> Failure:
        until = self.now() + OUTAGE
        self._closed[""] = (until, f"X is not asked: {why}; it rests")
        return Failure(Deferred(f"{why}; run again later", retry_at=until), billed)
