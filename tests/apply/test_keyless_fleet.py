"""A fleet without HF_TOKEN, through the command: what is published is kept fresh, what is new waits untrained."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fleets import Fleet
from keyless_server import REQUEST, KeylessServer

from bot.__main__ import main

pytest_plugins = ["hub_fixtures"]


@pytest.fixture
def server(_real_client: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeylessServer]:
    with KeylessServer() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        monkeypatch.setenv("HF_TOKEN", running.token)
        yield running


def apply(folder: Path, *args: str) -> tuple[int, dict[str, Any], str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["apply", "--json", *args, "--registry", str(folder / "registry.yaml")])
    print(f"exit {code}", out.getvalue(), err.getvalue(), sep="\n")
    outcomes = json.loads(out.getvalue())["outcomes"] if out.getvalue() else []
    return code, {outcome["name"]: outcome for outcome in outcomes}, out.getvalue() + err.getvalue()


def test_updates_need_no_token_and_new_models_wait_for_one_untrained(
    server: KeylessServer, tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = Fleet(tmp_path, tiny_base)
    fleet.posts("ada", 250, seed=1)
    fleet.entry("ada")

    def write() -> None:
        fleet.write()
        path = tmp_path / "registry.yaml"
        path.write_text(path.read_text().replace("namespace: org", "namespace: tester"))

    write()
    assert apply(tmp_path)[0] == 0

    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setenv("BOT_KEYLESS", "true")
    code, _, said = apply(tmp_path)
    assert code == 5
    assert "id-token: write" in said

    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    server.publishers.add("tester/ada")
    fleet.models[0] = fleet.models[0].replace("{handles", "{tags: [birds], handles")
    fleet.posts("bob", 250, seed=2)
    fleet.entry("bob")
    write()
    code, outcomes, said = apply(tmp_path, "--max-change", "100%")
    assert code == 1
    assert (outcomes["ada"]["action"], outcomes["ada"]["result"]) == ("card", "done")
    assert server.store.repos["tester/ada"].head.author == "[OIDC]"
    assert outcomes["bob"]["result"] == "failed"
    assert "a new repo needs HF_TOKEN, since BOT_KEYLESS only updates" in outcomes["bob"]["reason"]
    assert "bob: fetch" not in said
    assert "bob: train" not in said
    for secret in (REQUEST, *server.made, *server.identities):
        assert secret not in said
    assert len(server.made) == 1
