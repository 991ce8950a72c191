from __future__ import annotations

from pathlib import Path

import pytest
from hub_server import HubServer

from bot.__main__ import main
from bot.plan import file
from bot.plan.steps import Action, Plan, Step

pytest_plugins = ["hub_fixtures"]

FILES = {
    "config.json": b"{}",
    "model.safetensors": b"weights",
    "pytorch_model.bin": b"pickle",
    "README.md": b"# x",
}


def step(name: str, action: Action = "train") -> Step:
    return Step(name, f"tester/{name}", action, "missing", (name,))


@pytest.fixture
def fleet(server: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HubServer:
    """Four models of three bases on a Hub: public, private, and one that no step trains from."""
    for repo in ("acme/public", "acme/private", "acme/other"):
        server.store.add(repo, dict(FILES))
    server.store.repos["acme/private"].private = True
    bases = {"ada": "acme/public", "bob": "acme/public", "cleo": "acme/private", "dan": "acme/other"}
    entries = "".join(f"  - {{handles: [{name}], base: {base}}}\n" for name, base in bases.items())
    (tmp_path / "registry.yaml").write_text(
        f"version: 1\nnamespace: tester\ndefaults: {{consent: self, source: archive}}\nmodels:\n{entries}"
    )
    steps = (step("ada"), step("bob"), step("cleo"), step("dan", "ok"))
    file.write(Plan(steps), tmp_path / "plan.json")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    monkeypatch.setenv("HF_TOKEN", server.token)
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    return server


def bases(tmp_path: Path, *args: str) -> str:
    (tmp_path / "output").unlink(missing_ok=True)
    where = ["--registry", str(tmp_path / "registry.yaml"), "--plan", str(tmp_path / "plan.json")]
    assert main(["bases", *where, *args]) == 0
    return (tmp_path / "output").read_text()


def test_public_bases_that_are_trained_from_are_named_with_their_commit(
    fleet: HubServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = bases(tmp_path)
    (line,) = capsys.readouterr().out.splitlines()
    assert line == f"acme/public@{fleet.store.repos['acme/public'].head.sha}"
    assert first == bases(tmp_path)
    assert len(first) == len("key=") + 16 + 1


def test_no_token_is_used(fleet: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "tokens", {})  # every token would be refused
    assert bases(tmp_path).startswith("key=")
    assert "key=none" not in bases(tmp_path)


def test_a_plan_that_trains_nothing_from_the_hub_needs_no_cache(fleet: HubServer, tmp_path: Path) -> None:
    file.write(Plan((step("ada", "card"), step("cleo"))), tmp_path / "plan.json")
    assert bases(tmp_path) == "key=none\n"


def test_what_is_public_is_fetched_without_what_could_run_code(
    fleet: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    bases(tmp_path, "--download")
    fetched = {path.name for path in (tmp_path / "cache").rglob("snapshots/*/*")}
    assert fetched == {"config.json", "model.safetensors"}
    assert {path.name for path in (tmp_path / "cache").iterdir() if path.name.startswith("models")} == {
        "models--acme--public"
    }
