"""A network that the project does not know, added as CONTRIBUTING.md says: one module, one line in SOURCES."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import corpus
from bot.errors import Blocked
from bot.sources import SOURCES, Cost, Cursor, Options, Source, SourceSpec, open_source
from bot.sources.posts import Post, Profile, Timeline
from bot.store import Store

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


class Toy:
    """What its module holds: texts by handle, oldest first, served newest first."""

    def __init__(self, texts: dict[str, list[str]]) -> None:
        self.texts = texts
        self.served = 0

    @property
    def cost(self) -> Cost:
        return Cost()

    def read(
        self,
        handle: str,
        *,
        since: Cursor | None = None,
        until: Cursor | None = None,
        account: str | None = None,
    ) -> Timeline:
        if handle not in self.texts:
            raise Blocked(f"there is no account {handle} on Toy; check the handle")
        profile = Profile(handle, handle.title(), "other", id=f"toy-{handle}")
        return Timeline(profile, self._posts(handle, since))

    def _posts(self, handle: str, since: Cursor | None) -> Iterator[Post]:
        for number, text in reversed(list(enumerate(self.texts[handle], start=1))):
            if since and number <= int(since.id):
                return
            self.served += 1
            moment = NOON + timedelta(minutes=number)
            yield Post(str(number), text, moment, "en", is_repost=text.startswith("RT "))


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Toy:
    network = Toy({"ada": ["All is well here", "RT somebody else", "Yes", "Birds sing at dawn"]})

    def open_toy(options: Options) -> Source:
        assert options.environment["TOY_TOKEN"] == "x"
        return network

    module = types.ModuleType("toy_network")
    module.open_source = open_toy  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "toy_network", module)
    monkeypatch.setitem(SOURCES, "toy", SourceSpec("toy_network", "other"))
    return network


def test_a_new_network_goes_through_store_and_corpus(toy: Toy, tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    source = open_source("toy", environment={"TOY_TOKEN": "x"})
    assert store.merge(source.read("ada"), "toy", now=NOON).added == 4

    held = store.load("ada", "toy")
    assert held is not None
    (account,) = corpus.build([held]).accounts
    assert (account.downloaded, account.dropped, account.kept) == (4, {"retweets": 1, "short": 1}, 2)
    assert [text.text for text in account.texts] == ["All is well here", "Birds sing at dawn"]
    assert account.profile.id == "toy-ada"


def test_a_new_network_is_asked_only_for_what_is_new(toy: Toy, tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    source = open_source("toy", environment={"TOY_TOKEN": "x"})
    store.merge(source.read("ada"), "toy", now=NOON)
    toy.texts["ada"] += ["The river is high", "And now it falls"]
    facts = store.facts("ada", "toy")
    assert facts is not None
    merged = store.merge(source.read("ada", since=facts.newest), "toy", now=NOON, since=facts.newest)
    assert (merged.added, merged.total, toy.served) == (2, 6, 6)


def test_what_a_new_network_refuses_is_blocked(toy: Toy) -> None:
    with pytest.raises(Blocked, match="there is no account bob on Toy"):
        open_source("toy", environment={"TOY_TOKEN": "x"}).read("bob")
