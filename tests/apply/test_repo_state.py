"""What humans put into a repo stays, in a folder hub through the command: files added, changed and deleted."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from fleets import Fleet

GGUF, LICENSE = "ada-q4.gguf", "LICENSE.md"
RETRAIN = "{epochs: 2, learning_rate: 0.01, block_size: 64, batch_size: 8}"


@pytest.fixture
def fleet(tmp_path: Path, tiny_base: Path) -> Fleet:
    """Ada, published."""
    made = Fleet(tmp_path, tiny_base)
    made.posts("ada", 250)
    made.entry("ada")
    made.write()
    assert made.outcomes()[1]["ada"]["result"] == "done"
    return made


def change_recipe(fleet: Fleet) -> None:
    """What makes the next apply train Ada again."""
    fleet.recipe = RETRAIN
    fleet.write()
    assert fleet.actions() == {"ada": "train"}


def repo(fleet: Fleet) -> dict[str, bytes]:
    """Every file of Ada's repo, by path."""
    root = fleet.published("ada")
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_files_that_humans_added_survive_a_new_training_and_are_said(
    fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (GGUF, LICENSE):
        (fleet.published("ada") / path).write_bytes(b"a human's")
    before = repo(fleet)
    change_recipe(fleet)
    assert fleet.outcomes()[1]["ada"]["result"] == "done"
    assert f"files that others added stay: {LICENSE}, {GGUF}" in capsys.readouterr().out
    after = repo(fleet)
    assert (after[GGUF], after[LICENSE]) == (b"a human's", b"a human's")
    assert after["model.safetensors"] != before["model.safetensors"]
    assert not {GGUF, LICENSE} & json.loads(after["bot.json"])["files"].keys()
    assert fleet.outcomes() == (0, {})


def test_a_training_replaces_its_own_files_and_deletes_those_of_the_last_one(fleet: Fleet) -> None:
    (events,) = (path for path in repo(fleet) if path.startswith("runs/"))
    before = set(repo(fleet))
    change_recipe(fleet)
    assert fleet.outcomes()[1]["ada"]["result"] == "done"
    after = set(repo(fleet))
    assert before - after <= {events}
    assert sum(path.startswith("runs/") for path in after) == 1


@pytest.mark.parametrize("path", ["generation_config.json", "model.safetensors", "assets/avatar-ada.png"])
@pytest.mark.parametrize("deed", ["changed", "deleted"])
def test_a_file_of_ours_that_was_changed_or_deleted_is_kept_until_it_may_be_written_over(
    fleet: Fleet, capsys: pytest.CaptureFixture[str], path: str, deed: str
) -> None:
    file = fleet.published("ada") / path
    file.unlink()
    if deed == "changed":
        file.write_bytes(b"by hand")
    change_recipe(fleet)
    before = repo(fleet)
    code, outcomes = fleet.outcomes()
    assert (code, outcomes["ada"]["result"]) == (0, "skipped")
    assert outcomes["ada"]["reason"] == f"edited on the Hub: {path}; to write over it: --overwrite-edits ada"
    what = "was changed" if deed == "changed" else "is gone"
    assert f"ada: {path} {what} on the Hub since it was published" in capsys.readouterr().out
    assert repo(fleet) == before
    assert fleet.outcomes("--overwrite-edits", "ada")[1]["ada"]["result"] == "done"
    assert repo(fleet)[path] != b"by hand"
    assert fleet.outcomes() == (0, {})


def test_an_edited_card_and_a_changed_file_are_named_together(fleet: Fleet) -> None:
    card = fleet.published("ada") / "README.md"
    card.write_text(card.read_text() + "\nBy hand.\n")
    (fleet.published("ada") / "config.json").write_text("{}")
    change_recipe(fleet)
    reason = fleet.outcomes()[1]["ada"]["reason"]
    assert reason == "edited on the Hub: README.md, config.json; to write over it: --overwrite-edits ada"


def test_a_card_is_rendered_beside_a_changed_setting_but_not_over_changed_weights(fleet: Fleet) -> None:
    settings = fleet.published("ada") / "generation_config.json"
    settings.unlink()
    settings.write_text('{"temperature": 0.5}')
    code, outcomes = fleet.outcomes("--force", "card")
    assert (code, outcomes["ada"]["result"]) == (0, "done")
    assert settings.read_text() == '{"temperature": 0.5}'
    change_recipe(fleet)
    assert "generation_config.json" in fleet.outcomes()[1]["ada"]["reason"]  # the new card did not adopt it

    fleet.recipe = "{epochs: 1, learning_rate: 0.01, block_size: 64, batch_size: 8}"
    fleet.write()
    weights = fleet.published("ada") / "model.safetensors"
    weights.unlink()
    weights.write_bytes(b"other weights")
    code, outcomes = fleet.outcomes("--force", "card")
    assert (code, outcomes["ada"]["result"]) == (0, "skipped")
    assert "edited on the Hub: model.safetensors;" in outcomes["ada"]["reason"]


def test_an_avatar_changed_by_hand_stays_with_a_new_card_and_is_not_taken_for_ours(fleet: Fleet) -> None:
    avatar = fleet.published("ada") / "assets" / "avatar-ada.png"
    drawn = (fleet.published("ada") / "assets" / "loss.png").read_bytes()
    avatar.unlink()
    avatar.write_bytes(drawn)
    assert fleet.outcomes("--force", "card")[1]["ada"]["result"] == "done"
    assert avatar.read_bytes() == drawn
    change_recipe(fleet)
    assert "assets/avatar-ada.png" in fleet.outcomes()[1]["ada"]["reason"]


def test_a_picture_changed_by_hand_is_not_drawn_over_with_a_new_card(fleet: Fleet) -> None:
    preview = fleet.published("ada") / "predictions.png"
    preview.unlink()
    preview.write_bytes(b"by hand")
    assert "predictions.png" in fleet.outcomes("--force", "card")[1]["ada"]["reason"]
    assert preview.read_bytes() == b"by hand"


def test_a_new_file_of_ours_never_takes_the_place_of_a_humans_one(fleet: Fleet) -> None:
    manifest = fleet.published("ada") / "bot.json"
    facts = json.loads(manifest.read_text())
    for digests in (facts["files"], facts["blobs"]):  # as if the last model had come without one
        digests.pop("tokenizer_config.json")
    manifest.write_text(json.dumps(facts))
    theirs = fleet.published("ada") / "tokenizer_config.json"
    theirs.unlink()
    theirs.write_text('{"by": "hand"}')
    change_recipe(fleet)
    before = repo(fleet)
    code, outcomes = fleet.outcomes()
    assert (code, outcomes["ada"]["result"]) == (0, "skipped")
    assert re.search(
        r"tokenizer_config\.json on the Hub, which this bot did not put", outcomes["ada"]["reason"]
    )
    assert repo(fleet) == before
    assert fleet.actions() == {"ada": "blocked"}  # not trained in vain at every run
    over = ("--only", "ada", "--overwrite-edits", "ada")
    assert fleet.outcomes(*over)[1]["ada"]["result"] == "done"
    assert repo(fleet)["tokenizer_config.json"] != b'{"by": "hand"}'


def test_a_card_deleted_by_hand_is_an_edit_too(fleet: Fleet) -> None:
    (fleet.published("ada") / "README.md").unlink()
    code, outcomes = fleet.outcomes("--force", "card")
    assert (code, outcomes["ada"]["result"]) == (0, "skipped")
    assert outcomes["ada"]["reason"].startswith("edited on the Hub: README.md is gone; to write over it")
    over = ("--force", "card", "--overwrite-edits", "ada")
    assert fleet.outcomes(*over)[1]["ada"]["result"] == "done"
    assert "README.md" in repo(fleet)
