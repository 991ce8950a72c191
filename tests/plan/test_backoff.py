from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import registry
from bot.plan import backoff
from bot.plan.retry_memory import RetryMemory
from bot.registry import Entry, asked

NOW = datetime(2026, 11, 20, tzinfo=UTC)
TEXT = (
    "version: 1\nnamespace: org\nmodels: [{handles: [ada], source: jsonl, jsonl: ada.jsonl, consent: self}]\n"
)


@pytest.fixture
def entry(tmp_path: Path) -> Entry:
    (tmp_path / "ada.jsonl").write_text("")
    return registry.read_text(TEXT.encode(), tmp_path / "registry.yaml").entries[0]


def key(entry: Entry, where: str = "hub/org/ada") -> tuple[str, ...]:
    return backoff.fingerprints(entry, where)


def test_consent_and_another_hub_make_another_try(entry: Entry) -> None:
    agreed = dataclasses.replace(entry, consent="https://example.org/agreed")
    assert len({key(entry), key(agreed), key(entry, "other/org/ada")}) == 3


def test_what_was_settled_holds_for_the_same_posts_only(entry: Entry) -> None:
    memory = RetryMemory(settled="too little text", settled_by=key(entry)[-1], posts=12)
    assert backoff.cached_skip_reason(memory, key(entry), 12, NOW) == "too little text"
    assert backoff.cached_skip_reason(memory, key(entry), 13, NOW) is None
    assert backoff.cached_skip_reason(memory, key(entry, "elsewhere"), 12, NOW) is None


def waits(count: int, entry: Entry) -> list[timedelta]:
    """How long each of so many failures in a row waits."""
    memory = RetryMemory()
    found = []
    for _ in range(count):
        memory = backoff.after_failure(memory, key(entry), "why", NOW)
        assert memory.retry_at is not None
        found.append(memory.retry_at - NOW)
    return found


def test_the_wait_starts_at_an_hour_doubles_and_ends_at_a_week(entry: Entry) -> None:
    found = waits(40, entry)
    assert found[:4] == [timedelta(hours=hours) for hours in (1, 2, 4, 8)]
    assert found[-1] == timedelta(days=7)
    assert found == sorted(found)


def test_the_wait_is_over_at_its_time(entry: Entry) -> None:
    memory = backoff.after_failure(RetryMemory(), key(entry), "a damaged zip", NOW)
    said = backoff.wait_reason(memory, key(entry), NOW)
    assert said is not None
    assert "tries again on 2026-11-20 at 01:00 UTC" in said
    assert said.endswith("last time: a damaged zip")
    assert backoff.wait_reason(memory, key(entry), NOW + timedelta(hours=1)) is None


def test_a_file_that_was_fixed_ends_the_wait_and_the_count(entry: Entry, tmp_path: Path) -> None:
    memory = backoff.after_failure(RetryMemory(), key(entry), "why", NOW)
    (tmp_path / "ada.jsonl").write_text("mended")
    assert backoff.wait_reason(memory, key(entry), NOW) is None
    assert backoff.after_failure(memory, key(entry), "why", NOW).failed == 1


def test_only_the_last_failures_are_kept(entry: Entry) -> None:
    memory = RetryMemory()
    for number in range(30):
        memory = backoff.after_failure(memory, key(entry), f"reason {number}", NOW)
    assert memory.failed == 30
    assert [failure.reason for failure in memory.failures] == [f"reason {n}" for n in range(20, 30)]


@pytest.mark.parametrize(
    "damage",
    [
        {"retry_at": "2026-12-01T0x:00:00+00:00"},
        {"retry_at": "2999-12-01T00:00:00"},
        {"retry_at": "2999-12-01T00:00:00+00:00", "failures": [{"at": "x", "reasOn": "y"}]},
        {"retry_at": "2999-12-01T00:00:00+00:00", "failures": {"at": "x"}},
        {"retry_at": "2999-12-01T00:00:00+00:00", "failures": ["x"], "failed": []},
        {"settled": "x", "posts": 0, "settled_until": "2026-12-0aT00:00:00+00:00"},
        {"blocked": ["x"], "blocked_until": "2026-12-0aT00:00:00+00:00"},
        {"blocked": "x", "blocked_until": 5},
    ],
)
def test_damaged_notes_stop_nothing(entry: Entry, damage: dict[str, Any]) -> None:
    mine = key(entry)
    by = {"fingerprint": mine, "settled_by": mine, "blocked_by": mine}
    memory = RetryMemory.from_json(damage | by)
    said = backoff.wait_reason(memory, mine, NOW)
    assert said is None or said.endswith("last time: unknown")
    assert backoff.cached_skip_reason(memory, mine, 0, NOW) in (None, "x")
    backoff.block_reason(memory, mine, NOW)
    assert backoff.after_failure(memory, mine, "why", NOW).failures[-1].reason == "why"


def test_what_an_older_version_settled_still_holds(entry: Entry, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = RetryMemory(settled="too little text", settled_by=key(entry)[-1], posts=12)
    monkeypatch.setattr(asked, "DEFAULTS", (*asked.DEFAULTS, {**asked.DEFAULTS[-1], "epochs": 7}))
    monkeypatch.setattr(asked, "CURRENT", asked.CURRENT + 1)
    assert key(entry)[-1] != memory.settled_by
    assert backoff.cached_skip_reason(memory, key(entry), 12, NOW) == "too little text"
