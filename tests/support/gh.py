"""A `gh` for tests: the calls that the bot makes with it, carried out on the GitHub of tests at GITHUB_API_URL.

    path = install(tmp_path / "bin", monkeypatch)   # `gh` and `hf` come first on the PATH from now on
    assert "secret set HF_TOKEN" in path.with_suffix(".log").read_text()

What is called and the names of secrets stand in the log, their values in no place. GH_LOGGED_OUT=1 logs it out.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Puts `gh` and `hf` into a folder that comes first on the PATH. Returns the log's path without its suffix."""
    folder.mkdir()
    for name in ("gh", "hf"):
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "{__file__}" {name} "$@"\n')
        script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("GH_LOG", str(folder / "calls.log"))
    return folder / "calls"


def request(method: str, path: str, value: Any = None) -> Any:
    data = None if value is None else json.dumps(value).encode()
    address = f"{os.environ['GITHUB_API_URL']}/{path}"
    call = urllib.request.Request(address, data, {"Authorization": "Bearer t"}, method=method)
    try:
        with urllib.request.urlopen(call) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        sys.exit(f"gh: {json.load(error)['message']} (HTTP {error.code})")


def option(words: list[str], name: str) -> str:
    return words[words.index(name) + 1]


def call(words: list[str]) -> None:
    match words:
        case ["gh", "auth", "token"]:
            if os.environ.get("GH_LOGGED_OUT"):
                sys.exit("no oauth token")
            print("t")
        case ["gh", "api", path, "--jq", ".id"]:
            print(request("GET", "users/maintainer" if path == "user" else path)["id"])
        case ["gh", "api", "--method", method, path, "--input", "-"]:
            request(method, path, json.load(sys.stdin))
        case ["gh", "repo", "create", *_]:
            request("POST", "user/repos", {})
        case ["gh", "label", "create", name, *rest]:
            request("POST", f"repos/{option(rest, '--repo')}/labels", {"name": name})
        case ["gh", "secret", "set", name, *rest]:
            assert sys.stdin.read().strip()
            path = f"repos/{option(rest, '--repo')}/environments/{option(rest, '--env')}/secrets/{name}"
            request("PUT", path, {"encrypted_value": "sealed"})
        case ["hf", "buckets", "create", _, "--private", "--exist-ok"]:
            pass
        case _:
            sys.exit(f"unknown command: {words}")


if __name__ == "__main__":
    with Path(os.environ["GH_LOG"]).open("a") as log:
        log.write(" ".join(sys.argv[1:]) + "\n")
    call(sys.argv[1:])
