"""`bot propose` and `bot takedown` as the workflows run them, on a GitHub on loopback."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fleets import Fleet
from github_server import GitHubServer

from bot.__main__ import main
from bot.store import Store

REGISTRY = """\
version: 1
namespace: org
contact: https://example.org/removal
models:
  # Ada came first.
  - handles: [ada_example]
    consent: self
x: {terms_acknowledged: true}
"""


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with GitHubServer({"registry.yaml": REGISTRY}) as running:
        yield running


@pytest.fixture
def workflow(github: GitHubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Puts the process into a workflow's step; give it the event."""
    for name, value in {
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(tmp_path),
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GITHUB_TOKEN": "t",
        "GITHUB_REPOSITORY": "org/fleet",
        "GITHUB_API_URL": github.url,
        "GITHUB_RUN_ID": "77",
    }.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "registry.yaml").write_text(REGISTRY)

    def event(value: Any) -> None:
        (tmp_path / "event.json").write_text(json.dumps(value))

    return event


@pytest.fixture(scope="module")
def once_published(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Fleet:
    """A published fleet of a person alone, another alone, and both together, with their posts in the store."""
    fleet = Fleet(tmp_path_factory.mktemp("fleet"), tiny_base)
    for seed, handle in enumerate(("ada", "bob"), 1):
        fleet.posts(handle, 300, seed=seed)
        fleet.entry(handle)
    fleet.entry("ada", "bob")
    fleet.write()
    code, _ = fleet.run("apply")
    assert code == 0
    return fleet


@pytest.fixture
def published(
    tmp_path: Path, github: GitHubServer, once_published: Fleet, workflow: Callable[[Any], None]
) -> Fleet:
    """A copy of it for one test, whose registry also stands on GitHub."""
    shutil.copytree(once_published.folder, tmp_path, dirs_exist_ok=True)
    fleet = Fleet(tmp_path, once_published.base)
    fleet.models = list(once_published.models)
    github.branches["main"]["registry.yaml"] = (tmp_path / "registry.yaml").read_text()
    return fleet


def take_down(fleet: Fleet, *args: str) -> int:
    where = ["--registry", str(fleet.folder / "registry.yaml"), "--hub", f"dir:{fleet.folder / 'hub'}"]
    return main(["takedown", *where, *args])


def states(fleet: Fleet) -> dict[str, str]:
    """Every published model: private or public; what was deleted is missing."""
    from bot.hub import open_hub

    listing = open_hub(f"dir:{fleet.folder / 'hub'}", "org").listing()
    return {name: "private" if repo.private else "public" for name, repo in listing.repos.items()}


def test_a_person_is_gone_everywhere_and_it_is_proven_without_naming_them(
    published: Fleet,
    github: GitHubServer,
    workflow: Callable[[Any], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    workflow({"inputs": {"handle": "@Ada", "reason": "asked to"}})
    assert take_down(published) == 0
    assert states(published) == {"ada": "private", "ada-bob": "private", "bob": "public"}
    main_registry = github.branches["main"]["registry.yaml"]
    assert "sha256:" in main_registry
    assert "[ada]" not in main_registry
    assert "asked to" in main_registry
    store = Store(f"file://{published.folder / '.bot/store'}")
    assert {handle for _, handle in store.all_facts()} == {"bob"}
    summary = (published.folder / "summary.md").read_text()
    assert "2 models of this person" in summary
    assert "run this again when it has ended" in summary
    assert "ada" not in summary
    said = capsys.readouterr()
    assert "::add-mask::ada" in said.err
    assert "ada" not in said.out
    code, _ = published.run("apply", "--allow-removals", "5")
    assert code == 0
    assert states(published) == {"ada": "private", "ada-bob": "private", "bob": "public"}


def test_doing_it_again_does_no_harm(
    published: Fleet, github: GitHubServer, workflow: Callable[[Any], None]
) -> None:
    workflow({"inputs": {"handle": "ada", "reason": "asked to"}})
    assert take_down(published) == 0
    once = github.branches["main"]["registry.yaml"]
    assert take_down(published) == 0
    assert github.branches["main"]["registry.yaml"] == once
    assert len(github.messages) == 1


def test_where_main_takes_no_commit_it_is_proposed_and_nothing_is_deleted_yet(
    published: Fleet, github: GitHubServer, workflow: Callable[[Any], None]
) -> None:
    published.top = "policy: {removal: delete}\n"
    published.write()
    github.branches["main"]["registry.yaml"] = (published.folder / "registry.yaml").read_text()
    github.refuse["PUT /contents/registry.yaml"] = 409
    github.refuse["PUT /contents/registry"] = 409
    github.refuse["PUT /contents"] = 409
    workflow({"inputs": {"handle": "ada", "reason": "asked to"}})
    assert take_down(published, "--named") == 0
    (pull,) = github.pulls
    assert "ada" not in pull["head"]["ref"] + pull["title"] + pull["body"]
    assert states(published)["ada"] == "private"
    assert "NOT FINAL" in (published.folder / "summary.md").read_text()
    github.branches["main"] = github.branches[pull["head"]["ref"]]
    assert take_down(published, "--named") == 0
    assert states(published) == {"bob": "public"}


def test_it_takes_a_handle_and_a_reason(
    published: Fleet, workflow: Callable[[Any], None], capsys: pytest.CaptureFixture[str]
) -> None:
    for inputs in ({"handle": "ada"}, {"reason": "x"}, {"handle": "$(id)\n", "reason": "x"}):
        workflow({"inputs": inputs})
        assert take_down(published) == 2
    assert set(states(published).values()) == {"public"}


def test_at_home_it_works_without_github(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "registry.yaml"
    path.write_text(REGISTRY)
    args = [
        "--registry",
        str(path),
        "--hub",
        f"dir:{tmp_path / 'hub'}",
        "--handle",
        "ada_example",
        "--reason",
        "x",
    ]
    assert main(["takedown", *args]) == 0
    assert "Models: none on the hub" in capsys.readouterr().out
    assert "sha256:" in path.read_text()
