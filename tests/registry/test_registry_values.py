from __future__ import annotations

from datetime import timedelta

import pytest

from bot.registry.values import duration, is_path, is_web_address


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("90d", timedelta(days=90)),
        ("12h", timedelta(hours=12)),
        ("2w", timedelta(weeks=2)),
        ("0d", timedelta(0)),
    ],
)
def test_durations_are_a_number_and_a_unit(text: str, span: timedelta) -> None:
    assert duration(text) == span


@pytest.mark.parametrize(
    "text", ["", "90", "d", "-1d", "1.5d", "1y", "1 d", "90D", "999999d", "\u0661d", "1d\n"]
)
def test_other_durations_are_refused_with_the_forms(text: str) -> None:
    with pytest.raises(ValueError, match="12h, 90d, 2w"):
        duration(text)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("https://example.org/agreed?x=1#y", True),
        ("http://example.org", False),
        ("https://", False),
        ("https://localhost", False),
        ("https://user@example.org", False),
        ("https://example.org/<script>", False),
        ("https://example.org/a b", False),
        ("https://[example.org", False),
        ("https://exämple.org", False),
        ("javascript:alert(1)", False),
    ],
)
def test_web_addresses_are_https_and_plain(text: str, good: bool) -> None:
    assert is_web_address(text) is good


@pytest.mark.parametrize(
    ("text", "path"), [("./a", True), ("../a", True), ("/a", True), ("~/a", True), ("a/b", False)]
)
def test_paths_are_recognised_by_their_form(text: str, path: bool) -> None:
    assert is_path(text) is path
