"""A registry, its posts and a folder hub in one folder, driven through the command as a person would."""

from __future__ import annotations

import contextlib
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tiny_bases import sentences

from bot.__main__ import main


class Fleet:
    """A registry, its posts and a folder hub in one temporary folder, driven through `bot`."""

    def __init__(self, folder: Path, base: Path) -> None:
        self.folder, self.base = folder, base
        self.models: list[str] = []
        self.top = ""
        self.recipe = "{epochs: 1, learning_rate: 0.01, block_size: 64, batch_size: 8}"

    def posts(self, handle: str, count: int, *, seed: int = 1, newest: datetime | None = None) -> None:
        """Writes that many made-up posts as the handle's JSONL, over what it held."""
        newest = newest or datetime(2026, 1, 1, tzinfo=UTC)
        lines = [
            json.dumps(
                {
                    "id": str(seed * 10_000 + index),
                    "text": text,
                    "created_at": (newest - timedelta(hours=index)).isoformat(),
                }
            )
            for index, text in enumerate(sentences(count, seed))
        ]
        (self.folder / f"{handle}.jsonl").write_text("\n".join(lines) + "\n")

    def entry(self, *handles: str, extra: str = "") -> None:
        """Adds an entry for these handles."""
        files = ", ".join(f"{handle}: {handle}.jsonl" for handle in handles)
        self.models.append(f"  - {{handles: [{', '.join(handles)}], jsonl: {{{files}}}{extra}}}")

    def write(self) -> None:
        """Writes registry.yaml."""
        (self.folder / "registry.yaml").write_text(
            f"version: 1\nnamespace: org\ncontact: https://example.org/removal\n{self.top}"
            f"defaults: {{source: jsonl, base: {self.base}, consent: self, recipe: {self.recipe}}}\n"
            "models:\n" + "\n".join(self.models) + "\n"
        )

    def run(self, command: str, *args: str) -> tuple[int, str]:
        """Runs `bot COMMAND` on this registry and hub; returns the exit code and standard output."""
        where = ["--registry", str(self.folder / "registry.yaml")]
        if command in {"plan", "apply", "render", "status", "explain"}:
            where += ["--hub", f"dir:{self.folder / 'hub'}"]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main([command, *args, *where])
        print(
            f"bot {command}: exit {code}", out.getvalue(), err.getvalue(), sep="\n"
        )  # shown when a test fails
        return code, out.getvalue()

    def outcomes(self, *args: str) -> tuple[int, dict[str, dict[str, Any]]]:
        """`bot apply --json`: the exit code and outcomes by name."""
        code, out = self.run("apply", "--json", *args)
        return code, {outcome["name"]: outcome for outcome in json.loads(out)["outcomes"]}

    def actions(self, *args: str) -> dict[str, str]:
        """`bot plan --json`: actions by name."""
        code, out = self.run("plan", "--json", *args)
        assert code == 0
        return {step["name"]: step["action"] for step in json.loads(out)["steps"]}

    def published(self, name: str) -> Path:
        """A repo's folder."""
        return self.folder / "hub" / "org" / name

    def state(self) -> dict[str, bytes]:
        """Every file of the hub, by path."""
        root = self.folder / "hub"
        return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
