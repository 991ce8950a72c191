"""Cards rendered and shown in a process of their own, with limits on memory and time.

In a pull request the templates are a stranger's, and Jinja's sandbox bounds neither. The process gets values, pickled
by us, and no environment; what it answers is JSON, read behind bounds. Where the system has no limit on memory
(macOS), that on time remains.
"""

from __future__ import annotations

import base64
import json
import math
import os
import pickle
import resource
import select
import signal
import struct
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any, Self

from markupsafe import Markup

from bot.errors import BotError, TemplateError, UsageError
from bot.io.bounded import Bounds, Unreadable, read_json
from bot.manifest import Manifest
from bot.plan.desired import template_folders
from bot.registry import Entry, Registry, Tombstones
from bot.registry.templates import PICTURES, find_template
from bot.render.preview import Card, shown

MEMORY = 1 << 30
"""Bytes of address space."""
CARD_S = 4
"""CPU seconds of one card; a usual one takes a fifth of a second."""
TOTAL_S = 8
"""CPU seconds of all cards together, starting up included."""
WALL_S = 120.0
"""Seconds that one answer may take, on however busy a machine."""
_ANSWER = Bounds(64 << 20, depth=16, text=32 << 20)
_LENGTH = struct.Struct(">Q")
_SERVE = "from bot.render.child_process import serve; serve()"
_LOOK = "look for a loop, a range or a text that is too long"
_GRACE_S = 10.0  # a process that is dying says so soon


class Renderer:
    """Renders and shows cards in another process, which is restarted when it dies; to be used in a `with`.

    `total_s` are CPU seconds in all: when they are used up, every further card is refused with a sentence.
    """

    def __init__(self, total_s: int = TOTAL_S) -> None:
        self._total_s = total_s
        self._left_s = float(total_s)
        self._process: subprocess.Popen[bytes] | None = None
        self._template = ""
        self._others: list[str] = []
        self._costly: dict[str, TemplateError] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def render(
        self,
        made: Manifest,
        entry: Entry,
        registry: Registry,
        avatars: Mapping[str, bytes],
        weights: Mapping[str, Path],
        added: Mapping[str, Any],
    ) -> dict[str, bytes | Path]:
        """As `publication.render`. TemplateError for a template that is broken or takes more than the limits."""
        folders = template_folders(registry)
        self._template = str(find_template(entry.template, folders))
        self._others = [file for file in PICTURES if (folders[0] / file).is_file()]
        if self._template in self._costly:
            raise self._costly[self._template]
        alone = replace(registry, entries=(), faulty=(), problems=(), warnings=(), gone=Tombstones({}))
        files = self._ask("render", made, entry, alone, avatars, weights, added)
        return {path: base64.b64decode(content) for path, content in files.items()}

    def show(self, card: Card) -> dict[str, Any]:
        """As `preview.shown`. TemplateError for a card that takes more than the limits."""
        answer: dict[str, Any] = self._ask("show", replace(card, error=None))
        return answer | {"body": Markup(answer["body"])}  # noqa: S704 - sanitised in the other process

    def _ask(self, task: str, *values: object) -> Any:
        if self._process is None:
            if self._left_s < 1:
                raise self._refusal(
                    f"the cards before it used up the {self._total_s} s of CPU time that all have"
                )
            self._process = _start(int(self._left_s))
        try:
            _send(self._process, (task, values))
            answer = read_json(_receive(self._process), _ANSWER, "the answer")
        except TimeoutError:
            self._end()
            raise self._refusal(f"it took more than {WALL_S:.0f} s; {_LOOK}") from None
        except (EOFError, OSError):
            raise self._refusal(_cause_of_death(self._end(grace_s=_GRACE_S))) from None
        except Unreadable as error:
            self._end()
            raise self._refusal(f"what it makes cannot be read: {error}") from None
        return self._result(answer)

    def _result(self, answer: object) -> Any:
        match answer:
            case {"result": result}:
                return result
            case {"refused": str() as message}:
                raise UsageError(message)
            case {"broken": str() as message, "place": [str() as path, int() as line]}:
                raise TemplateError(message, (path, line))
            case {"broken": str() as message}:
                raise TemplateError(message)
            case {"costly": str() as message, "place": [str() as path, int() as line]}:
                raise self._refusal(message, (path, line))
            case {"costly": str() as message}:
                raise self._refusal(message)
        bug = answer.get("bug") if isinstance(answer, dict) else None
        raise RuntimeError(f"in the process that renders cards:\n{bug}")

    def _refusal(self, message: str, place: tuple[str, int] | None = None) -> TemplateError:
        """The error for a template that takes too much, which is then not tried again."""
        if place is None:
            others = f" (or it is {' or '.join(self._others)} beside it)" if self._others else ""
            message = f"{self._template}: {message}{others}"
        return self._costly.setdefault(self._template, TemplateError(message, place))

    def _end(self, *, grace_s: float = 0.0) -> int:
        """Waits `grace_s` seconds for the process to end, then ends it; returns its status as `Popen` does."""
        process, self._process = self._process, None
        if process is None:
            return 0
        until = time.monotonic() + grace_s
        while True:
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() >= until:
                os.kill(process.pid, signal.SIGKILL)
            time.sleep(0.005)
        process.returncode = os.waitstatus_to_exitcode(status)
        for stream in (process.stdin, process.stdout):
            with suppress(OSError):  # what was not yet sent
                if stream is not None:
                    stream.close()
        self._left_s -= used.ru_utime + used.ru_stime
        return process.returncode


def _start(cpu_s: int) -> subprocess.Popen[bytes]:
    paths = os.pathsep.join(path for path in sys.path if path)
    return subprocess.Popen(
        [sys.executable, "-P", "-c", _SERVE, str(cpu_s)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PYTHONPATH": paths, "PYTHONUTF8": "1"},
    )


def _send(process: subprocess.Popen[bytes], request: object) -> None:
    data = pickle.dumps(request)
    assert process.stdin is not None  # noqa: S101 - for the type checker
    process.stdin.write(_LENGTH.pack(len(data)) + data)
    process.stdin.flush()


def _receive(process: subprocess.Popen[bytes]) -> bytes:
    """One answer. EOFError for a process that died, TimeoutError for one that took too long."""
    assert process.stdout is not None  # noqa: S101 - for the type checker
    descriptor, until = process.stdout.fileno(), time.monotonic() + WALL_S
    data = bytearray()
    size = _LENGTH.size
    while len(data) < size:
        if not select.select([descriptor], [], [], max(0.0, until - time.monotonic()))[0]:
            raise TimeoutError
        piece = os.read(descriptor, 1 << 16)
        if not piece:
            raise EOFError
        data += piece
        if size == _LENGTH.size and len(data) >= size:
            size += min(_LENGTH.unpack_from(data)[0], _ANSWER.size + 1)
    return bytes(data[_LENGTH.size : size])


def _cause_of_death(code: int) -> str:
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return f"it takes more than the {CARD_S} s of CPU time that a card has; {_LOOK}"
    return (
        f"it takes more than the {MEMORY >> 30} GiB that a card has (the renderer ended with {code}); {_LOOK}"
    )


class _TimeUsedUp(BaseException):
    """The time of one card is used up; no `except Exception` between here and there may keep it."""


def serve() -> None:
    """Renders what comes in until nothing does: the other process, which this module starts."""
    total = int(sys.argv[1])
    for limit, most in (
        (resource.RLIMIT_AS, (MEMORY, MEMORY)),
        (resource.RLIMIT_CORE, (0, 0)),
        (resource.RLIMIT_CPU, (total, total + 1)),
    ):
        with suppress(ValueError, OSError):  # a system that does not have it
            resource.setrlimit(limit, most)
    signal.signal(signal.SIGXCPU, _use_up)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt of the bot ends this process, too
    while head := sys.stdin.buffer.read(_LENGTH.size):
        task, values = pickle.loads(sys.stdin.buffer.read(*_LENGTH.unpack(head)))  # noqa: S301 - we wrote it
        answer = json.dumps(_answered(task, values, total)).encode()
        sys.stdout.buffer.write(_LENGTH.pack(len(answer)) + answer)
        sys.stdout.buffer.flush()


def _use_up(_: int, frame: FrameType | None) -> None:
    raise _TimeUsedUp


def _answered(task: str, values: tuple[Any, ...], total: int) -> dict[str, Any]:
    from bot.render.environment import place_of

    used = resource.getrusage(resource.RUSAGE_SELF)
    _allow(min(total, math.ceil(used.ru_utime + used.ru_stime) + CARD_S), total)
    try:
        try:
            return {"result": _TASKS[task](*values)}
        finally:
            _allow(total, total)
    except TemplateError as error:
        (problem,) = error.problems or (None,)
        if problem is None:
            return {"broken": str(error)}
        return {"broken": problem.message, "place": (problem.path, problem.line)}
    except (BotError, ValueError) as error:
        return {"refused": str(error)}
    except (_TimeUsedUp, MemoryError, RecursionError) as error:
        return {"costly": _too_much(error), "place": place_of(error)}
    except Exception as error:  # reported whole by the process that asked
        return {"bug": "".join(traceback.format_exception(error))}


def _too_much(error: BaseException) -> str:
    match error:
        case MemoryError():
            most = f"the {MEMORY >> 30} GiB of memory"
        case RecursionError():
            most = "the depth"
        case _:
            most = f"the {CARD_S} s of CPU time"
    return f"it takes more than {most} that a card has; {_LOOK}"


def _allow(cpu_s: int, total: int) -> None:
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, total + 1))


def _rendered(*values: Any) -> dict[str, str]:
    from bot.render import publication

    files = publication.render(*values)
    return {
        path: base64.b64encode(content).decode()
        for path, content in files.items()
        if isinstance(content, bytes)
    }


_TASKS: dict[str, Callable[..., Any]] = {"render": _rendered, "show": shown}
