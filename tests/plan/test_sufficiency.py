"""What a plan says of entries whose posts only a person can bring."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fleets import Fleet

from bot import registry
from bot.__main__ import main
from bot.plan import sufficiency
from bot.registry import Entry
from bot.sources.posts import Post, Profile, Timeline
from bot.store import Store

NOW = datetime(2026, 11, 20, tzinfo=UTC)
HEAD = (
    "version: 1\nnamespace: org\ncontact: https://example.org/removal\ndefaults: {consent: self}\nmodels:\n"
)


def entry(folder: Path, text: str) -> Entry:
    loaded = registry.read_text((HEAD + f"  - {text}\n").encode(), folder / "registry.yaml")
    assert loaded.problems == ()
    return loaded.entries[0]


def stored(store: Store, handle: str, count: int, *, source: str = "archive", text: str = "") -> None:
    words = text or "a bird repeats the voices that it hears in the wood"
    posts = [Post(str(number), f"{number} {words}", NOW) for number in range(1, count + 1)]
    profile = Profile(handle, handle, "x" if source == "archive" else "other")
    store.merge(Timeline(profile, posts), source, now=NOW)


def lacking(store: Store, one: Entry) -> str | None:
    return sufficiency.Sufficiency(store.all_facts(), store.load).no_posts_reason(one)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(f"file://{tmp_path / 'store'}")


def test_nothing_imported_is_said_with_the_command_for_each_handle(store: Store, tmp_path: Path) -> None:
    stored(store, "ada", 2_000)
    one = entry(tmp_path, "{handles: [ada, bob, cleo], source: archive}")
    told = lacking(store, one) or ""
    assert "no posts of bob and cleo" in told
    assert "bot import bob FILE and bot import cleo FILE" in told


def test_too_little_text_is_counted_as_the_corpus_counts_it(store: Store, tmp_path: Path) -> None:
    stored(store, "ada", 46)
    told = lacking(store, entry(tmp_path, "{handles: [ada], source: archive}")) or ""
    assert told.startswith("too little text: 2,4")
    assert "(46 of 46 posts)" in told
    assert "bot import ada FILE" in told


@pytest.mark.parametrize("source", ["archive", "jsonl"])
def test_enough_is_enough(store: Store, tmp_path: Path, source: str) -> None:
    stored(store, "ada", 200, source=source)
    assert lacking(store, entry(tmp_path, f"{{handles: [ada], source: {source}}}")) is None


def test_what_may_have_more_by_now_is_not_judged(store: Store, tmp_path: Path) -> None:
    (tmp_path / "ada.jsonl").write_text("{}")
    for text in (
        "{handles: [ada], source: jsonl, jsonl: ada.jsonl}",
        "{handles: [ada.example.social], source: bluesky}",
    ):
        assert lacking(store, entry(tmp_path, text)) is None
    text = "{handles: [ada, bob], source: jsonl, jsonl: {ada: ada.jsonl}}"
    assert "no posts of bob" in (lacking(store, entry(tmp_path, text)) or "")


def test_posts_are_opened_only_where_they_are_few_and_of_so_many_accounts(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sufficiency, "MOST_OPENED", 2)
    opened: list[str] = []

    def load(handle: str, source: str) -> Timeline | None:
        opened.append(handle)
        return store.load(handle, source)

    stored(store, "many", sufficiency.MOST_POSTS + 1, text="x")
    for name in ("ada", "bob", "cleo"):
        stored(store, name, 10)
    plan = sufficiency.Sufficiency(store.all_facts(), load)
    told = {
        name: plan.no_posts_reason(entry(tmp_path, f"{{handles: [{name}], source: archive}}"))
        for name in ("many", "ada", "bob", "cleo")
    }
    assert opened == ["ada", "bob"]
    assert [name for name, why in told.items() if why] == ["ada", "bob"]


def test_damaged_posts_are_for_the_fetch_to_say(store: Store, tmp_path: Path) -> None:
    stored(store, "ada", 10)
    (file,) = (tmp_path / "store/x/ada").glob("posts-*")
    file.write_bytes(b"damaged")
    assert lacking(store, entry(tmp_path, "{handles: [ada], source: archive}")) is None


def test_the_plan_blocks_it_starts_no_machine_and_trains_once_it_is_imported(
    tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = Fleet(tmp_path, tiny_base)
    fleet.models = ["  - {handles: [ada]}", "  - {handles: [bob], source: archive}"]
    fleet.write()
    (tmp_path / "output").touch()
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    code, text = fleet.run("plan", "--json")
    steps = {step["name"]: step for step in json.loads(text)["steps"]}
    assert code == 0
    assert {step["action"] for step in steps.values()} == {"blocked"}
    assert "bot import bob FILE" in steps["bob"]["reason"]
    assert "count=0\n" in (tmp_path / "output").read_text()
    fleet.posts("ada", 300)
    where = ["--registry", str(tmp_path / "registry.yaml")]
    assert main(["import", "ada", str(tmp_path / "ada.jsonl"), *where]) == 0
    assert fleet.actions() == {"ada": "train", "bob": "blocked"}
    assert "import bob FILE" in fleet.run("explain", "bob")[1]
    code, outcomes = fleet.outcomes("--force", "train", "--only", "bob")
    assert (code, outcomes["bob"]["result"]) == (0, "skipped")
    assert not fleet.published("bob").exists()
