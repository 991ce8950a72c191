"""`bot explain`, `bot status` and `bot render` on a fleet of one published model and one that is missing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from fleets import Fleet

from bot.plan import file as plan_file


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Fleet:
    fleet = Fleet(tmp_path_factory.mktemp("fleet"), tiny_base)
    fleet.posts("ada", 250)
    fleet.entry("ada")
    fleet.entry("bob")
    (fleet.folder / "bob.jsonl").write_text("")
    fleet.write()
    assert fleet.outcomes("--only", "ada")[1]["ada"]["result"] == "done"
    return fleet


@pytest.fixture
def fleet(made: Fleet, tmp_path: Path) -> Fleet:
    copy = Fleet(Path(shutil.copytree(made.folder, tmp_path / "fleet")), made.base)
    copy.models = list(made.models)
    return copy


def test_explain_says_state_reason_quality_store_and_what_comes_next(fleet: Fleet) -> None:
    code, text = fleet.run("explain", "ada")
    assert code == 0
    assert text.startswith("org/ada: ok\n")
    assert "up to date, 0 days old" in text
    assert "held-out perplexity" in text
    assert "ada: 250 posts" in text
    assert "next:       nothing, until something changes" in text


def test_explain_of_a_missing_model_says_what_apply_would_do(fleet: Fleet) -> None:
    code, text = fleet.run("explain", "bob")
    assert code == 0
    assert "bob: nothing" in text
    assert "bot apply fetches its posts" in text


def test_explain_of_an_unknown_model_is_a_usage_error(fleet: Fleet) -> None:
    assert fleet.run("explain", "eve")[0] == 2


def test_explain_says_when_the_manifest_is_damaged(fleet: Fleet) -> None:
    (fleet.published("ada") / "bot.json").write_text("{")
    code, text = fleet.run("explain", "ada")
    assert code == 0
    assert "blocked" in text


def test_status_lists_every_model(fleet: Fleet) -> None:
    code, text = fleet.run("status")
    assert code == 0
    assert "ada" in text
    assert "bob" in text
    assert "2 models: 1 published, 1 to come" in text
    told = json.loads(fleet.run("status", "--json")[1])
    assert {model["name"] for model in told["models"]} == {"ada", "bob"}


def test_render_writes_the_published_card_again_without_training(fleet: Fleet) -> None:
    out = fleet.folder / "out"
    code, text = fleet.run("render", "ada", "--out", str(out))
    assert code == 0
    assert "README.md" in text
    for name in ("README.md", "predictions.png", "assets/loss.png", "assets/avatar-ada.png"):
        assert (out / name).read_bytes() == (fleet.published("ada") / name).read_bytes()
    assert not (out / "model.safetensors").exists()


def test_render_of_what_was_never_published_says_so(fleet: Fleet) -> None:
    code, _ = fleet.run("render", "bob", "--out", str(fleet.folder / "out"))
    assert code == 1


def test_the_time_of_a_training_follows_from_what_the_published_model_took(fleet: Fleet) -> None:
    measured = json.loads((fleet.published("ada") / "bot.json").read_text())["published"]["measured"]
    assert measured["seconds"] > 0
    plan = fleet.run("plan", "--json", "--only", "bob")
    (bob,) = json.loads(plan[1])["steps"]
    assert bob["estimate"]["minutes"] is None
    assert "posts" in bob["estimate"]["unknown"]
    (ada,) = json.loads(fleet.run("plan", "--json", "--only", "ada", "--force", "train")[1])["steps"]
    took = (measured["seconds"] + measured["other_seconds"]) / 60
    assert ada["estimate"]["minutes"] == pytest.approx(took, rel=0.15, abs=0.006)
    assert (ada["estimate"]["hardware"], ada["estimate"]["models"]) == (measured["hardware"], 1)


def test_plan_and_explain_name_the_hardware_or_say_why_no_time_is_known(fleet: Fleet) -> None:
    hardware = json.loads((fleet.published("ada") / "bot.json").read_text())["training"]["hardware"]
    assert f"on {hardware}, by 1 earlier model" in fleet.run("plan", "--only", "ada", "--force", "train")[1]
    assert "time:       unknown until the posts are fetched" in fleet.run("explain", "bob")[1]
    shutil.rmtree(fleet.published("ada"))
    assert "time:       unknown until the first model" in fleet.run("explain", "ada")[1]


def test_a_time_limit_is_held_against_the_estimate(fleet: Fleet) -> None:
    path = fleet.published("ada") / "bot.json"
    manifest = json.loads(path.read_text())
    manifest["published"]["measured"]["seconds"] = 360_000.0
    path.write_text(json.dumps(manifest))
    asked = ("plan", "--only", "ada", "--force", "train", "--json", "--time-limit")
    assert any(
        "longer than the 5 h 40 min" in note for note in json.loads(fleet.run(*asked, "340m")[1])["notes"]
    )
    assert fleet.run(*asked, "soon")[0] == 2


def test_a_plan_file_keeps_the_minutes(fleet: Fleet) -> None:
    asked = ("--only", "ada", "--force", "train", "--json", "--out", str(fleet.folder / "plan.json"))
    made = json.loads(fleet.run("plan", *asked)[1])
    (step,) = plan_file.read(fleet.folder / "plan.json")
    assert step.estimate.minutes == made["steps"][0]["estimate"]["minutes"]
