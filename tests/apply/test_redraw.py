"""`--force samples`: new prompts and settings from the published weights, without training."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from fleets import Fleet

from bot.apply.redraw import SETTINGS, UNCHECKED
from bot.registry.sampling import Sampling
from bot.training import memorisation


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Fleet:
    fleet = Fleet(tmp_path_factory.mktemp("redraw"), tiny_base)
    fleet.posts("ada", 300)
    fleet.entry("ada")
    fleet.write()
    assert fleet.run("apply")[0] == 0
    return fleet


@pytest.fixture
def fleet(published: Fleet, tmp_path: Path) -> Fleet:
    """The published model, of which the registry asks other prompts and colder samples by now."""
    shutil.copytree(published.folder, tmp_path, dirs_exist_ok=True)
    fleet = Fleet(tmp_path, published.base)
    fleet.entry("ada", extra=", prompts: [The river], sampling: {temperature: 0.5, top_k: 7}")
    fleet.write()
    return fleet


def manifest(fleet: Fleet) -> dict[str, Any]:
    made: dict[str, Any] = json.loads((fleet.published("ada") / "bot.json").read_text())
    return made


def test_prompts_and_settings_change_and_the_weights_stay(fleet: Fleet) -> None:
    before = {path: data for path, data in fleet.state().items() if "/ada/" in path}
    old = manifest(fleet)
    assert fleet.actions("--force", "samples") == {"ada": "card"}
    code, outcomes = fleet.outcomes("--force", "samples")
    assert (code, outcomes["ada"]["result"], outcomes["ada"]["action"]) == (0, "done", "card")
    after = {path: data for path, data in fleet.state().items() if "/ada/" in path}
    changed = {path.split("/ada/")[1] for path in before if before[path] != after[path]}
    assert {"README.md", "bot.json", SETTINGS} <= changed
    assert not [path for path in changed if path.endswith((".safetensors", ".tfevents")) or "token" in path]
    made = manifest(fleet)
    assert {sample["prompt"] for sample in made["samples"]} == {"The river"}
    assert made["generation"]["temperature"] == 0.5
    assert json.loads((fleet.published("ada") / SETTINGS).read_text())["top_k"] == 7
    assert made["training"] == old["training"]
    assert made["evaluation"] == old["evaluation"]
    assert UNCHECKED not in made["warnings"]
    assert "The river" in (fleet.published("ada") / "README.md").read_text()


def test_afterwards_nothing_is_left_to_do(fleet: Fleet) -> None:
    note = "--force samples"
    assert note in fleet.run("plan")[1]
    fleet.outcomes("--force", "samples")
    out = fleet.run("plan")[1]
    assert note not in out
    assert fleet.actions() == {"ada": "ok"}
    state = fleet.state()
    fleet.outcomes()
    assert fleet.state() == state


def test_a_reviewed_plan_draws_them_too(fleet: Fleet, tmp_path: Path) -> None:
    assert fleet.run("plan", "--force", "samples", "--out", str(tmp_path / "plan.json"))[0] == 0
    assert fleet.outcomes("--plan", str(tmp_path / "plan.json"))[1]["ada"]["result"] == "done"
    assert manifest(fleet)["prompts"] == ["The river"]


def test_they_are_those_that_a_training_would_have_drawn(fleet: Fleet) -> None:
    fleet.outcomes("--force", "samples")
    redrawn = manifest(fleet)
    fleet.outcomes("--force", "train")
    trained = manifest(fleet)
    assert redrawn["samples"] == trained["samples"]
    assert redrawn["copying"] == trained["copying"]
    assert redrawn["generation"] == trained["generation"]


def test_without_the_posts_the_card_says_what_was_not_checked(fleet: Fleet) -> None:
    shutil.rmtree(fleet.folder / ".bot" / "store")
    old = manifest(fleet)
    fleet.outcomes("--force", "samples")
    made = manifest(fleet)
    assert UNCHECKED in made["warnings"]
    assert made["copying"] == old["copying"]
    assert "was not checked" in (fleet.published("ada") / "README.md").read_text()
    fleet.outcomes("--force", "samples")
    assert manifest(fleet)["warnings"].count(UNCHECKED) == 1


def test_samples_that_repeat_a_post_are_withheld(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memorisation, "LONG", 1)
    monkeypatch.setattr(memorisation, "WORDS", 1)
    fleet.outcomes("--force", "samples")
    made = manifest(fleet)
    assert made["copying"]["withheld"] == len(made["samples"])
    assert {sample["text"] for sample in made["samples"]} == {""}


def test_settings_that_a_person_edited_stay(fleet: Fleet) -> None:
    (fleet.published("ada") / SETTINGS).write_text("{}")
    outcome = fleet.outcomes("--force", "samples")[1]["ada"]
    assert (outcome["result"], SETTINGS in outcome["reason"]) == ("skipped", True)
    assert (fleet.published("ada") / SETTINGS).read_text() == "{}"
    assert fleet.outcomes("--force", "samples", "--overwrite-edits", "ada")[1]["ada"]["result"] == "done"


def test_pickled_weights_are_not_loaded(fleet: Fleet) -> None:
    folder = fleet.published("ada")
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"pickle")
    outcome = fleet.outcomes("--force", "samples", "--overwrite-edits", "ada")[1]["ada"]
    assert (outcome["result"], "pickled" in outcome["reason"]) == ("skipped", True)


def test_what_is_missing_is_trained(fleet: Fleet) -> None:
    shutil.rmtree(fleet.published("ada"))
    assert fleet.actions("--force", "samples") == {"ada": "train"}


def test_the_sampling_of_the_registry_is_the_one_published(fleet: Fleet) -> None:
    fleet.outcomes("--force", "samples")
    assert manifest(fleet)["published"]["sampling"] == Sampling(temperature=0.5, top_k=7).digest()
