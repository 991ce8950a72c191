"""Signals that end a run, noted where work must come to a good place first."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def noted() -> Iterator[Callable[[], bool]]:
    """Inside, Ctrl-C and SIGTERM do nothing but answer True to the function that is yielded; a second one is obeyed.

    One that nobody asked about raises KeyboardInterrupt at the end. Signals that the process ignores stay ignored,
    and in another thread than the main one nothing is noted.
    """
    received = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal received
        if received:
            raise KeyboardInterrupt
        received = True

    main = threading.current_thread() is threading.main_thread()
    before = {one: signal.getsignal(one) for one in SIGNALS if main}
    taken = {one: handler for one, handler in before.items() if handler not in (signal.SIG_IGN, None)}
    for one in taken:
        signal.signal(one, note)
    try:
        yield lambda: received
    finally:
        for one, handler in taken.items():
            signal.signal(one, handler)
    if received:
        raise KeyboardInterrupt
