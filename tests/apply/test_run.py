"""The whole job through the command, on a folder hub, with a tiny base and posts from JSON lines."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fleets import Fleet

from bot.apply import build, outcome_file
from bot.hub.folder import FolderHub
from bot.store import Store

CANARY = "zanzibar"


@pytest.fixture
def fleet(tmp_path: Path, tiny_base: Path) -> Fleet:
    return Fleet(tmp_path, tiny_base)


def make_three(fleet: Fleet) -> tuple[int, dict[str, dict[str, Any]]]:
    fleet.posts("ada", 250)
    fleet.posts("bob", 250, seed=2)
    fleet.posts("cleo", 20, seed=3)
    fleet.entry("ada")
    fleet.entry("bob", "ada")
    fleet.entry("cleo")
    fleet.write()
    return fleet.outcomes()


def test_the_job_runs_from_registry_to_published_models_and_a_second_run_does_nothing(fleet: Fleet) -> None:
    code, outcomes = make_three(fleet)
    assert code == 0
    assert {name: outcome["result"] for name, outcome in outcomes.items()} == {
        "ada": "done",
        "ada-bob": "done",
        "cleo": "skipped",
    }
    assert re.match(r"too little text: [\d,]+ of 6,000 characters", outcomes["cleo"]["reason"])
    assert outcomes["ada"]["commit"]
    assert outcomes["cleo"]["commit"] is None
    before = fleet.state()

    assert fleet.actions() == {"ada": "ok", "ada-bob": "ok", "cleo": "blocked"}
    code, again = fleet.outcomes()
    assert code == 0
    assert {outcome["result"] for outcome in again.values()} == {"skipped"}
    assert fleet.state() == before
    code, said = fleet.run("apply")
    assert "Nothing to do" in said

    published = fleet.published("ada-bob")
    names = {path.relative_to(published).as_posix() for path in published.rglob("*") if path.is_file()}
    assert {
        "README.md",
        "bot.json",
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "assets/loss.png",
        "assets/avatar-ada.png",
        "assets/avatar-bob.png",
        "predictions.png",
        "square.png",
    } <= names
    manifest = json.loads((published / "bot.json").read_text())
    assert manifest["handles"] == ["bob", "ada"]
    for account in manifest["accounts"]:
        assert account["downloaded"] == sum(account["dropped"].values()) + account["kept"] == 250
    assert manifest["evaluation"]["tuned"]["loss"] < manifest["evaluation"]["base"]["loss"]

    # More posts arrive: what had too little is tried again.
    fleet.posts("cleo", 250, seed=3)
    fleet.run("import", "cleo", str(fleet.folder / "cleo.jsonl"))
    assert fleet.actions()["cleo"] == "train"


def test_only_the_template_changed_renders_cards_and_touches_no_weights(fleet: Fleet) -> None:
    fleet.posts("ada", 250)
    fleet.entry("ada")
    fleet.write()
    packaged = Path(__file__).parents[2] / "templates" / "model_card.md.j2"
    template = fleet.folder / "templates" / "model_card.md.j2"
    template.parent.mkdir()
    template.write_text(packaged.read_text())
    assert fleet.outcomes()[0] == 0
    before = fleet.state()
    template.write_text(packaged.read_text() + "\nA new last line.\n")
    assert fleet.actions() == {"ada": "card"}
    code, outcomes = fleet.outcomes()
    assert (code, outcomes["ada"]["result"], outcomes["ada"]["action"]) == (0, "done", "card")
    after = fleet.state()
    assert "A new last line." in (fleet.published("ada") / "README.md").read_text()
    changed = {path for path in after if after[path] != before.get(path) and not path.startswith(".")}
    assert {"org/ada/README.md", "org/ada/bot.json"} <= changed
    assert not [path for path in changed if path.endswith((".safetensors", "tokenizer.json", "config.json"))]
    assert fleet.actions() == {"ada": "ok"}

    # The same facts give the same bytes, also by `render`.
    code, _ = fleet.run("render", "ada", "--out", str(fleet.folder / "out"))
    assert code == 0
    assert (fleet.folder / "out" / "README.md").read_bytes() == (
        fleet.published("ada") / "README.md"
    ).read_bytes()


def test_one_bad_entry_never_stops_the_rest(fleet: Fleet) -> None:
    fleet.posts("ada", 250)
    (fleet.folder / "bob.jsonl").write_text('{"id": "1", "text": "zanzibar broken"\n')
    fleet.entry("bob")
    fleet.entry("ada")
    fleet.write()
    code, outcomes = fleet.outcomes()
    assert code == 1
    assert {name: outcome["result"] for name, outcome in outcomes.items()} == {"ada": "done", "bob": "failed"}
    assert "bob.jsonl" in outcomes["bob"]["reason"]
    assert CANARY not in json.dumps(outcomes)


def test_what_failed_waits_until_something_changes_or_it_is_named(fleet: Fleet) -> None:
    (fleet.folder / "ada.jsonl").write_text("{")
    fleet.entry("ada")
    fleet.write()
    code, outcomes = fleet.outcomes()
    assert (code, outcomes["ada"]["result"]) == (1, "failed")
    code, outcomes = fleet.outcomes()
    assert (code, outcomes["ada"]["result"]) == (1, "deferred")
    assert outcomes["ada"]["reason"].startswith("failed once, tries again on ")
    assert "ada.jsonl" in outcomes["ada"]["reason"]
    assert fleet.run("explain", "ada")[1].count("failed:") == 1
    assert fleet.outcomes("--only", "ada")[1]["ada"]["result"] == "failed"
    assert "failed 2 times" in fleet.outcomes()[1]["ada"]["reason"]
    fleet.posts("ada", 250)
    assert fleet.outcomes()[1]["ada"]["result"] == "done"
    assert "  failed:" not in fleet.run("explain", "ada")[1]


def test_a_person_removed_while_training_ran_is_not_published(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.posts("ada", 250)
    fleet.entry("ada")
    fleet.write()
    tune = build.tune

    def meanwhile(*args: Any) -> Any:
        made = tune(*args)
        fleet.top = "removed: [{handles: [ada]}]\n"
        fleet.write()
        return made

    monkeypatch.setattr(build, "tune", meanwhile)
    code, outcomes = fleet.outcomes()
    assert (code, outcomes["ada"]["result"]) == (0, "skipped")
    assert "asked to be removed while this ran" in outcomes["ada"]["reason"]
    assert not fleet.published("ada").exists()


def test_an_interrupted_run_shows_the_reasons_of_the_steps_that_ended(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet.posts("ada", 20)
    fleet.posts("bob", 250)
    fleet.entry("ada")
    fleet.entry("bob")
    fleet.write()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(build, "tune", interrupted)
    assert fleet.run("apply")[0] == 130
    shown = capsys.readouterr().out
    assert shown.count("ada: skipped: too little text") == 1


def test_an_outcomes_reason_is_printed_once(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    fleet.posts("ada", 20)
    fleet.entry("ada")
    fleet.write()
    fleet.run("apply")
    assert capsys.readouterr().out.count("too little text") == 1


def test_a_person_purged_elsewhere_while_training_ran_is_not_published(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.posts("ada", 250)
    fleet.entry("ada")
    fleet.write()
    tune = build.tune

    def meanwhile(*args: Any) -> Any:
        made = tune(*args)
        Store(f"file://{fleet.folder / '.bot/store'}").purge("ada")
        return made

    monkeypatch.setattr(build, "tune", meanwhile)
    code, outcomes = fleet.outcomes()
    assert (code, outcomes["ada"]["result"]) == (0, "skipped")
    assert "was purged from the store while this ran; nothing is published" in outcomes["ada"]["reason"]
    assert not fleet.published("ada").exists()
    store = Store(f"file://{fleet.folder / '.bot/store'}")
    assert store.all_facts() == {}
    assert store.all_notes() == {}


def test_a_person_removed_in_the_moment_of_the_publication_is_hidden(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.posts("ada", 250)
    fleet.entry("ada")
    fleet.write()
    publish = FolderHub.publish

    def meanwhile(*args: Any, **options: Any) -> str:
        commit = publish(*args, **options)
        fleet.top = "removed: [{handles: [ada]}]\n"
        fleet.write()
        return commit

    monkeypatch.setattr(FolderHub, "publish", meanwhile)
    _, outcomes = fleet.outcomes()
    assert outcomes["ada"]["result"] == "skipped"
    assert "had gone up already and was made private" in outcomes["ada"]["reason"]
    assert FolderHub(fleet.folder / "hub", "org").listing().repos["ada"].private


def test_a_removed_model_that_strangers_still_see_is_a_failure(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.posts("ada", 250)
    fleet.entry("ada")
    fleet.write()
    assert fleet.outcomes()[0] == 0
    fleet.models, fleet.top = [], "removed: [{handles: [ada]}]\n"
    fleet.write()
    monkeypatch.setattr(FolderHub, "hide", lambda *_: None)
    code, outcomes = fleet.outcomes("--allow-removals", "1")
    assert (code, outcomes["ada"]["result"]) == (1, "failed")
    assert "a stranger can still see" in outcomes["ada"]["reason"]


def test_a_faulty_entry_is_blocked_and_the_others_go_on(fleet: Fleet) -> None:
    fleet.posts("ada", 250)
    fleet.entry("ada")
    fleet.entry("bob", extra=", max_age: soon")
    fleet.write()
    assert fleet.run("validate")[0] == 2
    assert fleet.actions() == {"ada": "train", "bob": "blocked"}
    code, outcomes = fleet.outcomes()
    assert (code, outcomes["ada"]["result"], outcomes["bob"]["result"]) == (0, "done", "skipped")


def test_what_grew_old_is_trained_again_only_with_enough_new_posts(fleet: Fleet) -> None:
    fleet.posts("ada", 250)
    fleet.entry("ada", extra=", max_age: 0d, min_new_posts: 30")
    fleet.write()
    assert fleet.outcomes()[1]["ada"]["result"] == "done"
    first = json.loads((fleet.published("ada") / "bot.json").read_text())
    code, outcomes = fleet.outcomes()
    assert (code, outcomes["ada"]["result"]) == (0, "skipped")
    assert outcomes["ada"]["reason"].startswith("0 of 30 new posts")
    assert fleet.actions() == {"ada": "ok"}

    newer = datetime(2026, 6, 1, tzinfo=UTC)
    fleet.posts("ada", 40, seed=9, newest=newer)
    fleet.run("import", "ada", str(fleet.folder / "ada.jsonl"))
    assert fleet.actions() == {"ada": "train"}
    assert fleet.outcomes()[1]["ada"]["result"] == "done"
    second = json.loads((fleet.published("ada") / "bot.json").read_text())
    assert second["accounts"][0]["downloaded"] == first["accounts"][0]["downloaded"] + 40


def test_a_tombstone_removes_only_with_the_flag_and_never_comes_back(fleet: Fleet) -> None:
    fleet.posts("ada", 250)
    fleet.entry("ada")
    fleet.write()
    assert fleet.outcomes()[1]["ada"]["result"] == "done"
    fleet.models.clear()
    fleet.top = "removed: [{handles: [ada], on: 2026-11-20}]\n"
    fleet.write()
    (fleet.folder / "registry.yaml").write_text(
        (fleet.folder / "registry.yaml").read_text().replace("models:\n\n", "models: []\n")
    )
    assert fleet.actions() == {"ada": "remove"}
    code, outcomes = fleet.outcomes()
    assert (code, outcomes["ada"]["result"]) == (0, "skipped")
    assert "--allow-removals" in outcomes["ada"]["reason"]
    report = fleet.folder / "outcomes.json"
    assert fleet.run("apply", "--report", str(report))[0] == 0
    ((skipped,), _) = outcome_file.read_all([report])
    assert skipped.public_reason == "a person asked to be removed; needs --allow-removals 1"
    code, outcomes = fleet.outcomes("--allow-removals", "1", "--report", str(report))
    assert (code, outcomes["ada"]["result"]) == (0, "done")
    ((removed,), _) = outcome_file.read_all([report])
    assert removed.public_reason == "made private: a person asked to be removed"
    assert fleet.actions().get("ada", "ok") == "ok"
    stored = (fleet.folder / ".bot" / "store").rglob("*")
    assert not [path for path in stored if path.is_file() and b"ada" in path.read_bytes()]


def test_max_models_trains_that_many_and_says_who_waits(fleet: Fleet) -> None:
    for seed, handle in enumerate(("ada", "bob"), start=1):
        fleet.posts(handle, 250, seed=seed)
        fleet.entry(handle)
    fleet.write()
    code, outcomes = fleet.outcomes("--max-models", "1")
    assert code == 0
    assert [outcomes[name]["result"] for name in ("ada", "bob")] == ["done", "skipped"]
    assert "--max-models 1" in outcomes["bob"]["reason"]


def test_a_dry_run_does_nothing(fleet: Fleet) -> None:
    fleet.posts("ada", 250)
    fleet.entry("ada")
    fleet.write()
    code, out = fleet.run("apply", "--dry-run")
    assert code == 0
    assert "missing" in out
    assert not (fleet.folder / "hub").exists()
    assert not (fleet.folder / ".bot").exists()


def test_only_an_unknown_name_is_a_usage_error_that_names_the_known(fleet: Fleet) -> None:
    fleet.posts("ada", 10)
    fleet.entry("ada")
    fleet.write()
    assert fleet.run("plan", "--only", "eve")[0] == 2


def test_corpus_says_the_funnel_and_no_text(fleet: Fleet) -> None:
    fleet.posts("ada", 250)
    lines = (fleet.folder / "ada.jsonl").read_text().splitlines()
    extra = [
        {"id": "r1", "text": f"RT @bob: {CANARY}", "created_at": "2026-01-02T00:00:00Z", "is_repost": True},
        {"id": "s1", "text": CANARY, "created_at": "2026-01-02T00:00:00Z"},
        {
            "id": "k1",
            "text": f"{CANARY} sings over the river",
            "created_at": "2026-01-02T00:00:00Z",
            "lang": "en",
        },
    ]
    (fleet.folder / "ada.jsonl").write_text("\n".join([*lines, *map(json.dumps, extra)]) + "\n")
    fleet.entry("ada")
    fleet.write()
    code, out = fleet.run("corpus", "ada", "--json")
    assert code == 0
    assert CANARY not in out
    told = json.loads(out)
    (account,) = told["accounts"]
    assert (account["handle"], account["downloaded"], account["retweets"], account["short"]) == (
        "ada",
        253,
        1,
        1,
    )
    keys = list(account)
    between = keys[keys.index("downloaded") + 1 : keys.index("kept")]
    assert account["downloaded"] == sum(account[key] for key in between) + account["kept"]
    assert told["enough"] is True
    assert told["tokens"] > 1000
    assert fleet.run("corpus", "ada")[0] == 0


def test_nothing_published_holds_a_posts_text(fleet: Fleet) -> None:
    fleet.posts("ada", 250)
    path = fleet.folder / "ada.jsonl"
    post = {"id": "c", "text": f"{CANARY} sings over the quiet river", "created_at": "2026-01-02T00:00:00Z"}
    path.write_text(path.read_text() + json.dumps(post) + "\n")
    fleet.entry("ada")
    fleet.write()
    code, out = fleet.run("apply")
    assert code == 0
    assert CANARY not in out
    found = [
        name
        for name, data in fleet.state().items()
        if CANARY.encode() in data and not name.endswith(("model.safetensors", ".png"))
    ]
    assert not found
