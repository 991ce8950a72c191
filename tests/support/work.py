"""How much work a function does, counted in calls instead of seconds, so that no machine is too slow for a test."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

HANG_CPU_S = 60
"""CPU seconds after which work inside a regular expression counts as endless; honest work takes under one."""


def calls(work: Callable[[], object]) -> int:
    """Calls of Python and C functions that `work` makes in this thread.

    A regular expression is one call, however long it searches: see `no_hang`.
    """
    count = 0

    def profile(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@contextmanager
def no_hang() -> Iterator[None]:
    """Raises AssertionError inside code that burns `HANG_CPU_S` of CPU, a search of a regular expression too."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"still working after {HANG_CPU_S} s of CPU")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, HANG_CPU_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
