"""What a training, its outcome and its card tell of deleted posts, driven through the command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fleets import Fleet
from social_payloads import bluesky_item, bluesky_profile
from social_server import Feed, SocialServer
from tiny_bases import sentences

HANDLE = "carol.example.social"


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Iterator[SocialServer]:
    with SocialServer() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def account(net: SocialServer) -> Feed:
    made = Feed(
        bluesky_profile(), [bluesky_item(300 - n, words) for n, words in enumerate(sentences(300, seed=5))]
    )
    net.bluesky[HANDLE] = made
    return made


@pytest.fixture
def fleet(tmp_path: Path, tiny_base: Path) -> Fleet:
    made = Fleet(tmp_path, tiny_base)
    made.top = "policy: {max_copying: 1.0}\n"
    made.models.append(f"  - {{handles: [{HANDLE}], source: bluesky, consent: 'https://example.org/yes'}}")
    made.write()
    return made


def manifest(fleet: Fleet) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((fleet.published(HANDLE) / "bot.json").read_text())
    return found


def test_deleted_posts_are_not_trained_on_again_and_the_card_says_the_day(
    fleet: Fleet, account: Feed
) -> None:
    assert fleet.outcomes()[0] == 0
    assert manifest(fleet)["accounts"][0]["downloaded"] == 300
    account.items = account.items[20:]
    before = fleet.state()
    assert fleet.outcomes() == (0, {})
    assert fleet.state() == before  # nothing changed in the registry: nothing is trained, nothing written
    code, outcomes = fleet.outcomes("--force", "train")
    assert code == 0
    assert "kept" not in outcomes[HANDLE]["reason"]
    made = manifest(fleet)
    assert made["accounts"][0]["downloaded"] == 280
    assert made["warnings"][0] == "20 posts missing from this reading were removed"
    today = datetime.now(UTC).date().isoformat()
    assert made["accounts"][0]["checked_at"][:10] == today
    card = (fleet.published(HANDLE) / "README.md").read_text()
    assert f"Deletions and edits at the source were last checked on {today}" in card


def test_a_sudden_loss_stands_on_the_step_and_on_the_card(fleet: Fleet, account: Feed) -> None:
    fleet.outcomes()
    account.items = account.items[:100]
    code, outcomes = fleet.outcomes("--force", "train")
    assert code == 0
    assert "200 posts that are gone at their source were kept" in outcomes[HANDLE]["reason"]
    made = manifest(fleet)
    assert made["accounts"][0]["downloaded"] == 300
    assert "more than half of the 300" in made["warnings"][0]
    assert f"bot purge {HANDLE}" in made["warnings"][0]
    assert fleet.run("purge", HANDLE)[0] == 0
    _, outcomes = fleet.outcomes("--force", "train")
    assert outcomes[HANDLE]["result"] in {"done", "skipped"}
    facts = json.loads((fleet.folder / ".bot/store/bluesky" / HANDLE / "facts.json").read_text())
    assert facts["total"] == 100


def test_posts_of_a_file_are_not_said_to_be_checked(tmp_path: Path, tiny_base: Path) -> None:
    fleet = Fleet(tmp_path, tiny_base)
    fleet.top = "policy: {max_copying: 1.0}\n"
    fleet.posts("ada", 300)
    fleet.entry("ada")
    fleet.write()
    assert fleet.outcomes()[0] == 0
    card = (fleet.published("ada") / "README.md").read_text()
    assert "Whether posts were deleted at the source since was not checked." in card
