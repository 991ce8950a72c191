from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot import registry
from bot.__main__ import main
from bot.hub import open_hub
from bot.plan import backoff
from bot.plan.retry_memory import RetryMemory
from bot.store import Store

AT = "2026-01-01T00:00:00+00:00"
SOUND: dict[str, Any] = {
    "failures": [{"at": AT, "reason": "no network"}],
    "failed": 1,
    "fingerprint": "abc",
    "retry_at": AT,
    "ask_again": AT,
    "last_answer": "12 of 100",
}
DAMAGED = [
    {"ask_again": "2026-1x-01T00:00:00+00:00"},
    {"ask_again": "2026-01-01"},
    {"ask_again": 7},
    {"retry_at": "never"},
    {"failures": [{"at": AT}]},
    {"failures": [1, 2]},
    {"failures": {"at": AT, "reason": "x"}},
    {"failures": [{"at": 7, "reason": "x"}]},
    {"failed": "twice"},
    {"failed": True},
    {"settled_until": "x"},
    {"blocked": ["x"], "blocked_until": AT},
    {"blocked_until": "2026-01-01T00:00:00"},
    {"posts": 1.5},
    {"last_answer": {}},
    {"retry_at": None},
]


def test_sound_notes_are_relied_on_and_others_keys_are_not_a_plans() -> None:
    memory = RetryMemory.from_json({**SOUND, "handles": ["ada"], "asked": 1})
    assert memory.failures[0].reason == "no network"
    assert memory.ask_again == datetime(2026, 1, 1, tzinfo=UTC)
    assert {name: value for name, value in memory.to_json().items() if value is not None} == SOUND
    assert RetryMemory.from_json({}) == RetryMemory()
    assert set(RetryMemory().to_json().values()) == {None}


def test_what_is_not_in_the_memory_is_forgotten_on_disk(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "store"))
    store.remember("ada", handles=["ada"], runs=["kept"], **SOUND)
    store.remember("ada", **RetryMemory(posts=0, settled="x").to_json())
    assert store.notes("ada") == {"handles": ["ada"], "runs": ["kept"], "posts": 0, "settled": "x"}


def test_damaged_notes_are_replaced_by_the_next_outcome(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "store"))
    store.remember("ada", **SOUND, blocked_until="damaged")
    memory = backoff.after_failure(
        RetryMemory.from_json(store.notes("ada")), ["key"], "why", datetime(2026, 1, 2, tzinfo=UTC)
    )
    store.remember("ada", **memory.to_json())
    assert RetryMemory.from_json(store.notes("ada")) == memory
    assert memory.failed == 1


@pytest.mark.parametrize("damage", DAMAGED)
def test_damaged_notes_count_as_none(damage: dict[str, Any]) -> None:
    assert RetryMemory.from_json({**SOUND, **damage}) == RetryMemory()


@pytest.mark.parametrize("damage", DAMAGED)
def test_no_note_stops_a_plan_or_an_explanation(
    damage: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "registry.yaml").write_text(
        "version: 1\nnamespace: org\ncontact: mailto:a@b.example\nstore: file://store\n"
        "x: {terms_acknowledged: true}\nmodels:\n- handles: [ada]\n  source: x\n"
        "  consent: self\n  base: openai-community/gpt2\n"
    )
    home = f"dir:{tmp_path / 'hub'}"
    (entry,) = registry.load(tmp_path / "registry.yaml").entries
    key = backoff.fingerprints(entry, open_hub(home, "org").url("ada"))[-1]
    by = {"fingerprint": key, "settled_by": key, "blocked_by": key}
    Store(str(tmp_path / "store")).remember("ada", handles=["ada"], **SOUND)
    (tmp_path / "store/notes/ada.json").write_text(json.dumps({**SOUND, **by, **damage}))
    where = ["--registry", str(tmp_path / "registry.yaml"), "--hub", home]
    assert main(["plan", *where]) == 0
    assert "Plan: 1 train." in capsys.readouterr().out
    assert main(["explain", "ada", *where]) == 0
