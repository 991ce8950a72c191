"""Takahe, a server with Mastodon's API, on loopback, and a proxy that adds the token that reading posts needs."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
from services import find_program, free_port, run_postgres, run_server

SEED = Path(__file__).with_name("seed_takahe.py")


@dataclass(frozen=True, slots=True)
class Takahe:
    """A running server: its address, the same with a token added, the account of `carol`, and her posts by kind."""

    url: str
    signed_in: str
    account: str
    written: dict[str, list[str]]


def find_takahe() -> tuple[Path, str, str] | str:
    """A checkout with its .venv, initdb and postgres; or what is missing."""
    folder = Path(os.environ.get("TAKAHE", ""))
    if not os.environ.get("TAKAHE") or not (folder / ".venv" / "bin" / "gunicorn").exists():
        return "TAKAHE names no checkout of jointakahe/takahe that has its requirements in .venv"
    initdb, postgres = find_program("initdb"), find_program("postgres")
    return (folder, initdb, postgres) if initdb and postgres else "PostgreSQL is not installed"


@contextlib.contextmanager
def run_takahe(folder: Path, initdb: str, postgres: str) -> Iterator[Takahe]:
    """Runs PostgreSQL and a Takahe with two people until the block ends."""
    bin_folder = folder / ".venv" / "bin"
    with run_postgres(initdb, postgres) as database:
        environment = {
            "PATH": os.environ["PATH"],
            "TAKAHE_ENV_FILE": "test.env",
            "TAKAHE_DATABASE_SERVER": database.replace("postgresql:", "postgres:"),
            "PYTHONPATH": str(folder),
        }

        def run(*command: str) -> str:
            done = subprocess.run(
                [str(bin_folder / "python"), *command],
                cwd=folder,
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
            return done.stdout

        run("manage.py", "migrate", "--verbosity", "0")
        seeded = json.loads(run(str(SEED)).splitlines()[-1])
        port = free_port()
        command = [str(bin_folder / "gunicorn"), "takahe.wsgi:application", "-b", f"127.0.0.1:{port}"]
        url = f"http://127.0.0.1:{port}"
        with (
            run_server(command, "Takahe", port, cwd=folder, env=environment),
            _proxy(url, seeded["token"]) as signed_in,
        ):
            yield Takahe(url, signed_in, seeded["account"], seeded["written"])


@contextlib.contextmanager
def _proxy(url: str, token: str) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {"Host": self.headers["Host"], "Authorization": f"Bearer {token}"}
            answer = requests.get(url + self.path, headers=headers, timeout=60, allow_redirects=False)
            self.send_response(answer.status_code)
            for name in ("Content-Type", "Link"):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *args: Any) -> None:
            """Logs nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
