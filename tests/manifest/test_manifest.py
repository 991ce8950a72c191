from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import card_facts
import pytest

from bot import manifest


def test_a_manifest_reads_back_what_it_wrote_and_its_bytes_are_stable() -> None:
    made = card_facts.manifest()
    data = made.to_json()
    assert manifest.parse(data) == made
    assert manifest.parse(data).to_json() == data
    assert data.endswith(b"}\n")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the file"),
        (b"{}", "name"),
        (b"\xff", "the file"),
        (b"[]", "the file"),
    ],
)
def test_a_damaged_manifest_is_one_sentence(data: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=rf"bot\.json is not a manifest this bot can read: {said}"):
        manifest.parse(data)


def test_keys_of_a_newer_bot_do_not_stop_an_older_one() -> None:
    content = json.loads(card_facts.manifest().to_json())
    assert manifest.parse(json.dumps({**content, "novelty": [1]}).encode()) == card_facts.manifest()


def test_moments_are_kept_in_utc_to_the_second() -> None:
    local = datetime(2026, 11, 20, 13, 0, 0, 999, tzinfo=timezone(timedelta(hours=1)))
    assert manifest.utc(local) == datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_a_manifest_of_a_newer_bot_asks_for_an_update() -> None:
    newer = card_facts.manifest().model_dump(mode="json")
    for change in ({"version": 2}, {"published": {**newer["published"], "version": 3}}):
        with pytest.raises(ValueError, match=r"bot\.json was written by a newer version of the bot: update"):
            manifest.parse(json.dumps(newer | change).encode())


def test_a_hubs_address_that_could_break_out_of_a_card_is_refused() -> None:
    made = card_facts.manifest().model_dump(mode="json")
    for address in ("javascript:alert(1)", 'https://x" onload="y', "https://x)"):
        with pytest.raises(ValueError, match="hub"):
            manifest.parse(json.dumps(made | {"hub": address}).encode())
