"""`bot plan` where entries wait: what is ticked in the issue is tried again, and nothing else is left out."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from github_server import GitHubServer

from bot.__main__ import main
from bot.github import tracking_issue
from bot.github.tracking_issue import Verdict
from bot.plan import backoff
from bot.plan.retry_memory import RetryMemory
from bot.registry import load
from bot.store import Store

REGISTRY = """\
version: 1
namespace: org
contact: https://example.org/removal
defaults: {consent: self, source: bluesky}
models:
  - handles: [ada.example.social]
  - handles: [bob.example.social]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a fleet of which every entry failed a moment ago."""
    monkeypatch.chdir(tmp_path)
    Path("registry.yaml").write_text(REGISTRY)
    registry, store = load(Path("registry.yaml")), Store("file://.bot/store")
    for entry in registry.entries:
        keys = backoff.fingerprints(entry, f"hub/org/{entry.name}")
        memory = backoff.after_failure(RetryMemory(), keys, "unreachable", datetime.now(UTC))
        store.remember(entry.name, handles=entry.handles, **memory.to_json())
    return tmp_path


def planned(capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, str]:
    capsys.readouterr()
    assert main(["plan", "--hub", "dir:hub", "--json", *more]) == 0
    return {
        step["name"].partition(".")[0]: step["action"]
        for step in json.loads(capsys.readouterr().out)["steps"]
    }


@pytest.mark.parametrize(("permission", "action"), [("write", "train"), ("read", "blocked")])
def test_a_ticked_entry_is_tried_and_the_others_go_on_waiting(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    permission: str,
    action: str,
) -> None:
    assert planned(capsys) == {"ada": "blocked", "bob": "blocked"}
    with GitHubServer() as github:
        monkeypatch.setenv("GITHUB_TOKEN", "t")
        monkeypatch.setenv("GITHUB_REPOSITORY", "org/fleet")
        monkeypatch.setenv("GITHUB_API_URL", github.url)
        assert planned(capsys, "--retry-ticked") == {"ada": "blocked", "bob": "blocked"}
        failing = Verdict({"ada.example.social": "no", "bob.example.social": "no", "gone": "no"})
        text = tracking_issue.body(failing, None)
        github.issues.append(
            {"number": 1, "title": tracking_issue.TITLE, "body": text, "labels": ["fleet"], "state": "open"}
        )
        github.permissions["maintainer"] = permission
        github.tick(1, "ada.example.social", "maintainer")
        github.tick(1, "gone", "maintainer")
        made = planned(capsys, "--retry-ticked", "--out", "plan.json")
        assert made == {"ada": action, "bob": "blocked"}
        github.refuse["GET /issues"] = 403
        assert planned(capsys, "--retry-ticked") == {"ada": "blocked", "bob": "blocked"}
    if action == "train":  # and what was reviewed still stands when it is carried out
        capsys.readouterr()
        assert main(["apply", "--plan", "plan.json", "--hub", "dir:hub", "--dry-run", "--json"]) == 0
        steps = json.loads(capsys.readouterr().out)["plan"]["steps"]
        assert [step["name"] for step in steps if step["action"] == "train"] == ["ada.example.social"]


def test_outside_of_a_workflow_ticks_cannot_be_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    assert main(["plan", "--hub", "dir:hub", "--retry-ticked"]) == 2
