"""A Hub with git history and Storage Buckets, in a process of its own: `hubserver.py`, started and asked.

with HubBench(tmp_path) as bench:
    bench.fault(path="/batch", status=503)
    open_store(f"hf://buckets/{bench.bucket('posts')}")
    bench.state()
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

SERVER = Path(__file__).with_name("hubserver.py")
START_S = 20.0


class HubBench:
    """A running Hub below `root`. `token` may write for `tester` and for the organisation `acme`, `reader` read."""

    token = "hf_benchtokenthatmustnotleak"
    reader = "hf_benchreaderthatmustnotleak"

    def __init__(self, root: Path, *options: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.root = root
        self._options = options

    def __enter__(self) -> Self:
        command = [sys.executable, str(SERVER), "--root", str(self.root), "--port", str(self.port)]
        for role, token in (("write", self.token), ("read", self.reader)):
            command += ["--token", f"{role}:{token}:tester:acme"]
        self._process = subprocess.Popen(
            [*command, *self._options], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        until = time.monotonic() + START_S
        while True:
            try:
                self._ask("GET", "/_clock")
            except OSError as error:
                if isinstance(error, urllib.error.HTTPError):
                    return self
                if self._process.poll() is not None or time.monotonic() > until:
                    self._process.kill()
                    words = self._process.communicate()[1].decode()
                    raise RuntimeError(f"the test Hub did not start: {words}") from None
                time.sleep(0.02)
            else:
                return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.communicate()

    def environment(self) -> dict[str, str]:
        """What leads the client library to this Hub; its caches go below the bench's folder."""
        return {
            "HF_ENDPOINT": self.url,
            "HF_TOKEN": self.token,
            "HF_HOME": str(self.root.with_name(f"{self.root.name}-home")),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_UPDATE_CHECK": "1",
            "HF_HUB_OFFLINE": "0",
            "PATH": os.environ["PATH"],
        }

    def bucket(self, name: str, *, namespace: str = "tester") -> str:
        """Makes a private Storage Bucket; its id."""
        self._ask("POST", f"/api/buckets/{namespace}/{name}", {"private": True})
        return f"{namespace}/{name}"

    def repo(self, name: str, *, kind: str = "dataset", namespace: str = "tester") -> str:
        """Makes a private repo with history; its id."""
        body = {"type": kind, "name": name, "organization": namespace, "private": True}
        self._ask("POST", "/api/repos/create", body)
        return f"{namespace}/{name}"

    def commit(self, repo_id: str, files: dict[str, bytes], *, kind: str = "models") -> str | None:
        """Commits files to main as somebody else would; the commit, or None where there is no such repo."""
        lines: list[dict[str, Any]] = [{"key": "header", "value": {"summary": "By hand"}}]
        lines += [
            {
                "key": "file",
                "value": {"path": path, "encoding": "base64", "content": b64encode(data).decode()},
            }
            for path, data in files.items()
        ]
        body = "\n".join(map(json.dumps, lines)).encode()
        try:
            answer = self._ask("POST", f"/api/{kind}/{repo_id}/commit/main", body)
        except urllib.error.HTTPError:
            return None
        return str(json.loads(answer)["commitOid"])

    def history(self, repo_id: str, *, kind: str = "model") -> list[dict[str, Any]]:
        """Every commit of main, oldest first, as the server keeps it; none where there is no such repo."""
        folder = self.root / "repos" / kind / repo_id
        if not (folder / "repo.json").is_file():
            return []
        sha = json.loads((folder / "repo.json").read_text())["branches"]["main"]
        found: list[dict[str, Any]] = []
        while sha:
            found.append(json.loads((folder / "commits" / f"{sha}.json").read_text()))
            sha = next(iter(found[-1]["parents"]), None)
        return found[::-1]

    def files(self, repo_id: str, commit: str, *, kind: str = "model") -> dict[str, bytes]:
        """The bytes of every file at a commit, by path."""
        folder = self.root / "repos" / kind / repo_id
        tree = json.loads((folder / "commits" / f"{commit}.json").read_text())["tree"]
        found = {}
        for path, entry in tree.items():
            if entry.get("lfs"):
                sha = entry["lfs"]["sha256"]
                place = folder / "lfs" / sha[:2] / sha
            else:
                place = self.root / "blobs" / entry["oid"][:2] / entry["oid"]
            found[path] = place.read_bytes()
        return found

    def fault(self, **options: Any) -> None:
        """Adds a fault; its keys are in the docstring of `Fault` of hubserver.py."""
        self._ask("POST", "/_faults", options)

    def clear(self) -> None:
        """Forgets faults and the log; what is stored stays."""
        self._ask("DELETE", "/_faults")
        self._ask("DELETE", "/_log")

    def calls(self, path: str = ".", method: str | None = None) -> list[dict[str, Any]]:
        """The requests that matched, oldest first."""
        query = f"/_log?path={quote(path)}" + (f"&method={method}" if method else "")
        return [json.loads(line) for line in self._ask("GET", query).splitlines()]

    def state(self) -> Any:
        """Every repo and bucket with its files."""
        return json.loads(self._ask("GET", "/_state"))

    def bytes_on_disk(self) -> bytes:
        """Everything that the Hub still keeps anywhere, in one piece."""
        return b"\0".join(path.read_bytes() for path in sorted(self.root.rglob("*")) if path.is_file())

    def _ask(self, method: str, path: str, body: Any = None) -> bytes:
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=body if body is None or isinstance(body, bytes) else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return bytes(answer.read())
