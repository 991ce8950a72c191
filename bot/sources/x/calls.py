"""Requests to X with retries and bounded waits for rate limits.

One `Calls` lives for a whole run: a refusal or an outage seen by one entry spares the next one the request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, assert_never

from bot.errors import BotError, Deferred, SourceError
from bot.io.retry import RetryPolicy
from bot.sources.x import answers
from bot.sources.x.answers import Answer, Broken, Limited, Off, Payload, Refused

POLICY = RetryPolicy(read_s=30.0, answer_s=90.0, pause_s=1.5, wait_s=60.0)
"""`wait_s` bounds each wait for a rate limit to end; a request waits for at most `tries - 1` of them."""

OUTAGE = timedelta(minutes=5)
"""How long nothing is requested after several tries failed, so that other entries do not wait."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no payload. `billed`: X may have counted what it sent as read.

    `vocabulary`: X may know the fields by other names; `absence`: why the account cannot be read.
    """

    error: BotError
    billed: bool = False
    vocabulary: bool = False
    absence: str | None = None


class Transport(Protocol):
    """Sends requests, as `Wire` does."""

    def get(self, route: str, params: Mapping[str, str]) -> Answer:
        """Sends one request, once."""
        ...


@dataclass(slots=True)
class Calls:
    """Requests to the API with retries. `kind` names those that share a rate limit."""

    transport: Transport
    now: Callable[[], datetime]
    policy: RetryPolicy = POLICY
    _disabled: str | None = None
    _unavailable: dict[str, tuple[datetime, str]] = field(default_factory=dict)

    def get(self, kind: str, route: str, params: Mapping[str, str]) -> Payload | Failure:
        """The payload of a request, or why there is none; raises nothing."""
        tries, waits, billed = 0, 0, False
        while True:
            if unavailable := self.unavailable_reason(kind):
                return Failure(unavailable, billed)
            until, why = self._unavailable.get(kind, (self.now(), ""))
            if (seconds := (until - self.now()).total_seconds()) > 0:
                if waits == self.policy.tries - 1:
                    return Failure(Deferred(f"{why} again and again", retry_at=until), billed)
                waits += 1
                self.policy.wait(seconds, f"X: {why}")
            verdict = answers.judge(self.transport.get(route, params), self.now())
            match verdict:
                case Payload():
                    self._unavailable.pop(kind, None)
                    return verdict
                case Broken(why, maybe_billed):
                    billed = billed or maybe_billed
                    tries += 1
                    if tries == self.policy.tries:
                        return self._outage(f"{why} ({tries} tries)", billed)
                    self.policy.sleep(self.policy.backoff_s(tries))
                case Limited(until):
                    soonest = self.now() + timedelta(seconds=1)  # clocks differ, and a reset may have passed
                    self._unavailable[kind] = (max(until, soonest), "X's rate limit for this is used up")
                case Off(why):
                    self.disable(why)
                case Refused(why, vocabulary, absence):
                    sentence = f"{why}; look at X_API_BASE, and for a newer version of the bot"
                    return Failure(SourceError(sentence), billed, vocabulary, absence)
                case _:
                    assert_never(verdict)

    def unavailable_reason(self, kind: str) -> BotError | None:
        """Why a request of this kind would be deferred without being sent; None when it would be sent."""
        if self._disabled is not None:
            return Deferred(self._disabled)
        longest = {kind: self.policy.wait_s, "": 0.0}
        for name, seconds in longest.items():
            until, why = self._unavailable.get(name, (None, ""))
            if until is not None and (until - self.now()).total_seconds() > seconds:
                return Deferred(f"{why} until {until:%H:%M} UTC on {until:%Y-%m-%d}", retry_at=until)
        return None

    def disable(self, why: str) -> None:
        """Sends nothing more in this run: every further call is deferred for this reason."""
        self._disabled = f"{why}; until then nothing is read from X"

    def _outage(self, why: str, billed: bool) -> Failure:
        until = self.now() + OUTAGE
        self._unavailable[""] = (until, f"X is not asked: {why}; it rests")
        return Failure(Deferred(f"{why}; run again later", retry_at=until), billed)
