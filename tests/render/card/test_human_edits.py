from __future__ import annotations

from pathlib import Path

import card_facts
import pytest
from fleets import Fleet

from bot.hub import front_matter
from bot.manifest import Manifest
from bot.render import card
from bot.render.card import human_edits


def published() -> tuple[Manifest, str]:
    made = card_facts.manifest()
    readme = card.render(made)
    return made.model_copy(update={"body": human_edits.body_digest(readme)}), readme


def test_a_card_as_published_holds_no_edits() -> None:
    made, readme = published()
    assert not human_edits.edited(made, readme)
    assert human_edits.added(made, readme) == {}


def test_keys_and_tags_that_a_human_added_are_found_and_kept_in_the_next_card() -> None:
    made, readme = published()
    touched = readme.replace("tags:\n", 'new_version: "org/better"\ntags:\n- "not-for-all-audiences"\n', 1)
    assert not human_edits.edited(made, touched)
    extra = human_edits.added(made, touched)
    assert extra == {"new_version": "org/better", "tags": ["not-for-all-audiences"]}
    again = card.render(made, added=extra)
    facts = front_matter.parse(again)
    assert facts["new_version"] == "org/better"
    assert facts["tags"][-1] == "not-for-all-audiences"
    assert human_edits.added(made, again) == extra


def test_where_both_have_a_key_ours_is_the_newer_truth() -> None:
    assert human_edits.merged({"license": "mit"}, {"license": "gpl", "x": 1}) == {"x": 1, "license": "mit"}


def test_an_edited_text_is_seen_and_shown_as_a_diff() -> None:
    made, readme = published()
    touched = readme + "\nA sentence by hand.\n"
    assert human_edits.edited(made, touched)
    assert "+A sentence by hand." in human_edits.difference(readme, touched)


def test_a_manifest_of_before_bodies_were_noted_claims_no_edit() -> None:
    made, readme = published()
    assert not human_edits.edited(made.model_copy(update={"body": None}), readme + "x")


def test_broken_front_matter_is_a_sentence() -> None:
    made, _ = published()
    with pytest.raises(ValueError, match="no front matter"):
        human_edits.added(made, "# nothing above\n")


def test_a_card_edited_in_the_hub_is_never_written_over_unasked(tmp_path: Path, tiny_base: Path) -> None:
    fleet = Fleet(tmp_path, tiny_base)
    fleet.posts("ada", 250)
    fleet.entry("ada")
    fleet.write()
    assert fleet.outcomes()[1]["ada"]["result"] == "done"
    readme = fleet.published("ada") / "README.md"
    readme.write_text(readme.read_text().replace("tags:\n", 'tags:\n- "by-hand"\n', 1))
    assert fleet.outcomes("--force", "card")[1]["ada"]["result"] == "done"
    assert "by-hand" in front_matter.parse(readme.read_text())["tags"]

    readme.write_text(readme.read_text() + "\nBy hand.\n")
    before = fleet.state()
    code, outcomes = fleet.outcomes("--force", "card")
    assert (code, outcomes["ada"]["result"]) == (0, "skipped")
    assert outcomes["ada"]["reason"] == "edited on the Hub; to write over it: --overwrite-edits ada"
    assert fleet.state() == before
    assert fleet.outcomes("--force", "card", "--overwrite-edits", "ada")[1]["ada"]["result"] == "done"
    assert "By hand." not in readme.read_text()

    readme.write_text("# no front matter any more\n")
    code, outcomes = fleet.outcomes("--force", "card")
    assert (code, outcomes["ada"]["result"]) == (0, "skipped")
    assert "no front matter" in outcomes["ada"]["reason"]
    assert fleet.outcomes("--force", "card", "--overwrite-edits", "ada")[1]["ada"]["result"] == "done"
