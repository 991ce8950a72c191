from __future__ import annotations

import pytest

from bot.apply.adopt import avatars


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
def test_an_address_of_any_other_place_is_never_opened(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(*_: object) -> None:
        pytest.fail("it was opened")

    monkeypatch.setattr("urllib.request.build_opener", opened)
    assert avatars.fetch(url) is None


def test_a_picture_that_cannot_be_had_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def open(self, *_: object, **__: object) -> None:
            raise TimeoutError("no network")

    monkeypatch.setattr("urllib.request.build_opener", lambda *_: Broken())
    assert avatars.fetch("https://pbs.twimg.com/profile_images/1/a.jpg") is None


def test_a_picture_is_read_up_to_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    class Opener:
        size = 5

        def open(self, url: str, timeout: float) -> io.BytesIO:
            assert timeout > 0
            return io.BytesIO(b"x" * self.size)

    monkeypatch.setattr("urllib.request.build_opener", lambda *_: Opener())
    address = "https://pbs.twimg.com/profile_images/1/a.jpg"
    assert avatars.fetch(address) == b"xxxxx"
    monkeypatch.setattr(Opener, "size", avatars.MAX_BYTES + 1)
    assert avatars.fetch(address) is None
