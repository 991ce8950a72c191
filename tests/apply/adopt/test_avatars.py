from __future__ import annotations

from collections.abc import Iterator

import pytest
from hub_http import Answer
from social_server import SocialServer

from bot.apply.adopt import avatars
from bot.io import http
from bot.io.http import Client

ADDRESS = "https://pbs.twimg.com/profile_images/1/a.jpg"


@pytest.fixture
def net() -> Iterator[SocialServer]:
    with SocialServer() as net:
        yield net


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://pbs.twimg.com/profile_images/1/a.jpg",
        "https://pbs.twimg.com.example.org/profile_images/1/a.jpg",
        "https://pbs.twimg.com@example.org/profile_images/1/a.jpg",
        "https://pbs.twimg.com/media/a.jpg",
        "https://pbs.twimg.com/profile_images/../media/a.jpg",
        "https://pbs.twimg.com/profile_images/1/a.jpg?to=https://example.org",
        "file:///etc/passwd",
        "https://pbs.twimg.com/profile_images/1/a.jpg\nHost: example.org",
    ],
)
def test_an_address_of_any_other_place_is_never_opened(url: str, net: SocialServer) -> None:
    assert avatars.fetch(url, Client(base=net.url)) is None
    assert net.calls == []


def test_a_picture_that_cannot_be_had_is_none(net: SocialServer) -> None:
    assert avatars.fetch(ADDRESS, Client(base="http://127.0.0.1:1")) is None
    net.fault(status=404)
    assert avatars.fetch(ADDRESS, Client(base=net.url)) is None
    net.fault(status=302, headers={"Location": "https://example.org/a.jpg"})
    assert avatars.fetch(ADDRESS, Client(base=net.url)) is None


def test_a_picture_is_read_up_to_a_size(net: SocialServer, monkeypatch: pytest.MonkeyPatch) -> None:
    net.files["/profile_images/1/a.jpg"] = Answer(b"x" * 5)
    assert avatars.fetch(ADDRESS, Client(base=net.url)) == b"xxxxx"
    monkeypatch.setattr(http, "MAX_PICTURE_BYTES", 4)
    assert avatars.fetch(ADDRESS, Client(base=net.url)) is None
