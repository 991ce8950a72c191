from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bot.errors import UsageError
from bot.sources import SOURCES, Cost, Cursor, Options, Source, SourceSpec, network_of, open_source
from bot.sources.posts import Post, Profile, Timeline

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


class Toy:
    """A network in a few lines: pages of two posts, newest first, a cent a post."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._reads = 0

    @property
    def cost(self) -> Cost:
        return Cost(self._reads, self._reads * 0.01)

    def read(
        self,
        handle: str,
        *,
        since: Cursor | None = None,
        until: Cursor | None = None,
        account: str | None = None,
    ) -> Timeline:
        def posts() -> Iterator[Post]:
            for number in range(9, 0, -1):
                self._reads += 1
                if since and number <= int(since.id):
                    return
                yield Post(str(number), f"post {number} of {handle}", NOON)

        return Timeline(Profile(handle, handle, "other"), posts())


def test_a_new_network_is_one_module_and_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("toy_network")

    def open_toy(options: Options) -> Source:
        return Toy(options.environment["TOY_TOKEN"])

    module.open_source = open_toy  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "toy_network", module)
    monkeypatch.setitem(SOURCES, "toy", SourceSpec("toy_network", "other"))

    source = open_source("toy", environment={"TOY_TOKEN": "x"})
    timeline = source.read("ada", since=Cursor("6", NOON))

    assert source.cost == Cost()  # pages are paid for while they are read
    assert [post.id for post in timeline.posts] == ["9", "8", "7"]
    assert source.cost.reads == 4


def test_an_archive_and_the_api_fill_the_same_account() -> None:
    assert network_of("archive") == network_of("x") == "x"
    assert network_of("jsonl") == "other"


@pytest.mark.parametrize(
    ("handle", "network"),
    [
        ("ada_example", "x"),
        ("Ada_Example", "x"),
        ("ida@m.example", "mastodon"),
        ("carol.example.social", "bluesky"),
        ("did:plc:abcdefghijklmnopqrstuvwx", "bluesky"),
    ],
)
def test_the_form_of_a_handle_says_which_networks_archive_it_has(handle: str, network: str) -> None:
    assert network_of("archive", handle) == network


def test_an_unknown_source_and_a_missing_file_are_usage_errors() -> None:
    with pytest.raises(UsageError, match="reads no source 'fax'; use one of archive, bluesky"):
        open_source("fax")
    with pytest.raises(UsageError, match="fax"):
        network_of("fax")
    with pytest.raises(UsageError, match="source archive reads a file"):
        open_source("archive")


def test_options_do_not_show_the_environment() -> None:
    assert "secret" not in repr(Options(environment={"TOKEN": "secret"}))
