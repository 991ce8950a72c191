from __future__ import annotations

import pytest

from bot.sources.links import shows_address


@pytest.mark.parametrize(
    ("words", "target", "address"),
    [
        ("https://example.org/a", "https://example.org/a", True),
        ("http://other.example/x", "https://example.org/a", True),
        ("www.example.org", "https://www.example.org/", True),
        ("example.org/a", "https://example.org/a/b", True),
        ("example.org/a/…", "https://example.org/a/b", True),
        ("example.org/a...", "https://www.example.org/a/b", True),
        ("Example.org/", "https://example.org", True),
        ("my page", "https://example.org/a", False),
        ("here", "https://here.example/", False),
        ("e.g.", "https://example.org/", False),
        ("#birds", "https://example.org/tags/birds", False),
        ("@bob.example", "https://bob.example", False),
        ("", "https://example.org", False),
        ("…", "https://example.org", False),
    ],
)
def test_an_address_is_distinguished_from_words(words: str, target: str, address: bool) -> None:
    assert shows_address(words, target) is address
