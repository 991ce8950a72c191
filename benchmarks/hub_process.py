"""The test Hub in a process of its own, so that its CPU and memory are not the bot's; and what a child used."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))


@dataclass(frozen=True, slots=True)
class Used:
    """What a command used: wall and CPU seconds, peak memory in MB."""

    wall: float
    cpu: float
    peak: float


def measured(command: Sequence[str], **environment: str) -> Used:
    """Runs a command to its end. Exits when it fails."""
    started = time.perf_counter()
    child = subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {child.returncode}")
    return Used(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


@contextmanager
def hub(fill: Callable[[Any], None]) -> Iterator[tuple[str, str, Connection]]:
    """A Hub filled by `fill(store)`: its address, a token, and a line that answers how many calls it got."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_serve, args=(theirs, fill), daemon=True)
    process.start()
    url, token = ours.recv()
    try:
        yield url, token, ours
    finally:
        process.kill()
        process.join()


def calls(line: Connection) -> int:
    """How many requests the Hub got since this was asked last."""
    line.send("calls")
    return int(line.recv())


def _serve(line: Connection, fill: Callable[[Any], None]) -> None:
    from hub_server import HubServer

    with HubServer() as server:
        fill(server.store)
        line.send((server.url, server.token))
        while line.recv():
            line.send(len(server.calls))
            server.clear()
