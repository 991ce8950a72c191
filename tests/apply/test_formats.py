"""What earlier versions of the bot wrote is read as it is, and what a later one wrote is refused, nothing written.

`tests/data/formats/N` holds what the bot wrote when its formats had that number: a plan, the outcomes of a run, and
published repos. Those files are never made again: what was written once must be read for ever.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from fleets import Fleet

from bot import manifest, registry
from bot.apply import outcome_file
from bot.errors import UsageError
from bot.hub import front_matter
from bot.hub.repo_status import of_front_matter, of_manifest
from bot.plan import file

DATA = Path(__file__).parents[1] / "data" / "formats"
WRITTEN = sorted(DATA.iterdir())


@pytest.fixture(params=WRITTEN, ids=lambda folder: f"format {folder.name}")
def written(request: pytest.FixtureRequest) -> Path:
    """A folder of what an earlier bot wrote."""
    folder: Path = request.param
    return folder


@pytest.fixture
def fleet(written: Path, tmp_path: Path) -> Fleet:
    """The fleet of that folder, with its posts."""
    shutil.copytree(written, tmp_path / "fleet")
    made = Fleet(tmp_path / "fleet", tmp_path / "fleet" / "small")
    made.posts("ada", 250)
    made.posts("bob", 260, seed=2)
    return made


def test_an_older_plan_and_older_outcomes_are_read_as_they_are(written: Path) -> None:
    steps = file.read(written / "plan.json")
    assert [(step.name, step.action) for step in steps] == [
        ("ada-bob", "train"),
        ("eve", "train"),
        ("ada", "ok"),
    ]
    outcomes, wrong = outcome_file.read_all([written / "outcomes.json"])
    assert [(one.name, one.result) for one in outcomes] == [("ada-bob", "done"), ("eve", "done")]
    assert wrong == []


def test_an_older_manifest_and_its_card_say_the_same_of_the_model(written: Path) -> None:
    for folder in (written / "hub" / "org").iterdir():
        made = manifest.parse((folder / "bot.json").read_bytes())
        card = front_matter.parse((folder / "README.md").read_text())
        assert of_manifest((folder / "bot.json").read_bytes()) == (made.published, None)
        assert of_front_matter(card) == (made.published, None)
        assert made.files["README.md"]


def test_a_newer_bot_trains_nothing_on_older_published_models(fleet: Fleet) -> None:
    code, out = fleet.run("plan", "--json")
    assert code == 0
    assert "train" not in json.loads(out)["counts"]
    assert set(fleet.actions()) == {"ada", "ada-bob"}


def test_a_newer_bot_renders_the_card_of_an_older_model_and_is_done(fleet: Fleet) -> None:
    before = fleet.state()
    code, outcomes = fleet.outcomes("--only", "ada", "--force", "card")
    assert (code, outcomes["ada"]["result"]) == (0, "done")
    after = fleet.state()
    kept = [path for path in before if path.startswith("org/ada/") and "README" not in path]
    assert {path for path in kept if after.get(path) != before[path]} <= {
        "org/ada/bot.json",
        "org/ada/predictions.png",
        "org/ada/assets/loss.png",
    }
    assert fleet.actions()["ada"] == "ok"


def test_an_older_model_is_trained_again_by_its_own_digests_and_keeps_what_humans_added(fleet: Fleet) -> None:
    (fleet.published("ada") / "ada-q4.gguf").write_bytes(b"a human's")
    code, outcomes = fleet.outcomes("--only", "ada", "--force", "train")
    assert (code, outcomes["ada"]["result"]) == (0, "done")
    assert (fleet.published("ada") / "ada-q4.gguf").read_bytes() == b"a human's"
    made = manifest.parse((fleet.published("ada") / "bot.json").read_bytes())
    assert (made.recipe.block_size, made.asked["block_size"].value) == (64, 256)
    assert any("was made for 64 tokens" in warning for warning in made.warnings)
    readme = (fleet.published("ada") / "README.md").read_text()
    assert "| Block size | 64 (256 requested; the base's context) |" in readme
    assert fleet.actions()["ada"] == "ok"


def test_an_older_repo_whose_file_was_changed_is_held_by_its_own_digests(fleet: Fleet) -> None:
    (fleet.published("ada") / "generation_config.json").write_text("{}")
    code, outcomes = fleet.outcomes("--only", "ada", "--force", "train")
    assert (code, outcomes["ada"]["result"]) == (0, "skipped")
    assert "edited on the Hub: generation_config.json;" in outcomes["ada"]["reason"]


def test_an_older_registry_is_read_as_it_is(fleet: Fleet) -> None:
    found = registry.load(fleet.folder / "registry.yaml")
    assert [entry.name for entry in found.entries] == ["ada", "ada-bob"]
    assert found.problems == ()


def test_explain_says_that_a_model_has_an_older_format_and_that_it_is_read(fleet: Fleet) -> None:
    _, out = fleet.run("explain", "ada")
    (line,) = [line for line in out.splitlines() if line.startswith("  format:")]
    assert "1, written by bot 0.1.0 and read as it is" in line
    assert fleet.outcomes("--only", "ada", "--force", "train")[0] == 0
    assert "format:" not in fleet.run("explain", "ada")[1]


def newer(path: Path, **changes: Any) -> None:
    """Rewrites a JSON file as a later bot would have written it."""
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize("force", ["card", "train"])
@pytest.mark.parametrize("part", ["manifest", "published"])
def test_a_model_of_a_newer_bot_is_left_alone_and_the_sentence_says_to_update(
    fleet: Fleet, part: str, force: str
) -> None:
    path = fleet.published("ada") / "bot.json"
    published = json.loads(path.read_text())["published"]
    newer(path, **({"version": 2} if part == "manifest" else {"published": {**published, "version": 3}}))
    before = fleet.state()
    flags = ("--only", "ada", "--force", force, "--overwrite-edits", "ada")
    _, outcomes = fleet.outcomes(*flags)
    assert outcomes["ada"]["result"] in {"skipped", "failed"}
    assert "newer version of the bot: update this one" in outcomes["ada"]["reason"]
    assert fleet.state() == before


def test_a_newer_plan_is_refused_and_nothing_is_written(fleet: Fleet) -> None:
    newer(fleet.folder / "plan.json", version=2)
    with pytest.raises(UsageError, match="newer version of the bot: update this one"):
        file.read(fleet.folder / "plan.json")
    before = fleet.state()
    assert fleet.run("apply", "--plan", str(fleet.folder / "plan.json"))[0] == 2
    assert fleet.state() == before


def test_newer_outcomes_are_refused(fleet: Fleet) -> None:
    path = fleet.folder / "outcomes.json"
    newer(path, version=2, outcomes={"in": "another shape"})
    outcomes, wrong = outcome_file.read_all([path])
    assert outcomes == []
    assert wrong == [
        "the outcomes in outcomes.json cannot be read: it was written by a newer version of the bot: update this "
        "one, or go back as docs/upgrading.md says"
    ]
