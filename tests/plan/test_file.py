from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import UsageError
from bot.io import digest
from bot.plan import file
from bot.plan.steps import Change, Plan, Step


def step(name: str, action: str = "train", state: str = "s") -> Step:
    return Step(name, f"org/{name}", action, "why", (name,), state=state)  # type: ignore[arg-type]


def test_what_was_reviewed_and_did_not_move_is_agreed(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    file.write(Plan((step("ada"), step("bob"), step("cleo", "ok"))), path)
    now = Plan((step("ada"), step("bob", state="moved"), step("dan"), step("cleo", "ok")))
    same, moved = file.agreed(file.read(path), now)
    assert [one.name for one in same.steps] == ["ada", "cleo"]
    assert [one.name for one in moved] == ["bob"]


def test_a_reviewed_step_whose_entry_is_gone_or_wants_something_else_has_moved(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    file.write(Plan((step("ada"), step("bob"))), path)
    same, moved = file.agreed(file.read(path), Plan((step("ada", "card"),)))
    assert same.steps == ()
    assert [one.name for one in moved] == ["ada", "bob"]


def test_a_plan_edited_by_hand_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    file.write(Plan((step("ada"),)), path)
    path.write_text(path.read_text().replace('"ada"', '"eve"'))
    with pytest.raises(UsageError, match="changed after it was made"):
        file.read(path)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"seal": 1}', '{"seal": "x", "plan": {}}', "\x00"])
def test_a_damaged_plan_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(content)
    with pytest.raises(UsageError, match="not a plan"):
        file.read(path)


@pytest.mark.parametrize(
    ("version", "said"), [(2, "newer version of the bot: update this one"), (0, "changed after")]
)
def test_a_plan_of_another_version_is_refused(tmp_path: Path, version: int, said: str) -> None:
    path = tmp_path / "plan.json"
    file.write(Plan(()), path)
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "version": version}))
    with pytest.raises(UsageError, match=said):
        file.read(path)


def test_a_plan_in_a_newer_shape_asks_for_an_update_and_not_for_another_plan(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text('{"version": 2, "steps": {}}')
    with pytest.raises(UsageError, match="newer version of the bot: update this one"):
        file.read(path)


def test_a_missing_plan_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="bot plan --out"):
        file.read(tmp_path / "plan.json")
    with pytest.raises(UsageError, match="cannot be written"):
        file.write(Plan(()), tmp_path / "no" / "plan.json")


def test_what_was_asked_for_by_force_or_by_name_stands_though_todays_plan_knows_nothing_of_it() -> None:
    forced = replace(step("ada", "card"), cause="forced", reason="forced")
    named = step("bob")
    now = Plan((step("ada", "ok"), replace(step("bob", "blocked"), cause="waiting")))
    same, moved = file.agreed([forced, named], now)
    assert [(one.name, one.action, one.cause) for one in same.steps] == [
        ("ada", "card", "forced"),
        ("bob", "train", "none"),
    ]
    assert moved == []


@pytest.mark.parametrize("action", ["blocked", "remove"])
def test_force_does_not_outlive_a_fault_or_a_tombstone(action: str) -> None:
    forced = replace(step("ada"), cause="forced")
    same, moved = file.agreed([forced], Plan((step("ada", action),)))
    assert same.steps == ()
    assert moved == [forced]


def sealed(plan: object) -> str:
    content = {"version": 1, "plan": plan}
    return json.dumps({**content, "seal": digest.of_value(content)})


@pytest.mark.parametrize(
    "content",
    [
        "[" * 100_000,
        '{"plan": ' + "[" * 900 + "]" * 900 + "}",
        '{"seal": "x", "version": 1, "plan": {"steps": [], "notes": ["\\ud800"]}}',
        sealed({"steps": [{**step("ada").to_json(), "name": ["ada"]}]}),
        sealed({"steps": [{**step("ada").to_json(), "handles": [{"a": 1}]}]}),
        sealed({"steps": [{**step("ada").to_json(), "action": "burn"}]}),
        sealed({"steps": [{**step("ada").to_json(), "changes": [{"what": "base", "old": 1}]}]}),
        sealed({"steps": {"a": 1}}),
    ],
)
def test_a_plan_of_another_shape_is_refused_though_its_seal_fits(content: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(content)
    with pytest.raises(UsageError, match="not a plan"):
        file.read(path)


def test_changes_and_their_values_are_written_and_read(tmp_path: Path) -> None:
    changed = replace(step("ada"), changes=(Change("base", "a", "b"), Change("recipe")))
    file.write(Plan((changed,)), tmp_path / "plan.json")
    assert file.read(tmp_path / "plan.json") == [changed]
    older = {key: value for key, value in step("ada").to_json().items() if key != "changes"}
    (tmp_path / "older.json").write_text(sealed({"steps": [older]}))
    assert file.read(tmp_path / "older.json") == [step("ada")]


def test_a_path_that_is_not_utf8_in_a_reason_is_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    odd = replace(step("ada"), reason="caf\udce9/registry.yaml:3:1: wrong")
    file.write(Plan((odd,)), path)
    assert file.read(path)[0].reason == "caf?/registry.yaml:3:1: wrong"
