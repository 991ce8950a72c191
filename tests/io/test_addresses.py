from __future__ import annotations

from bot.io.addresses import is_public, joined, split


def test_public_domains_are_distinguished_from_others() -> None:
    assert all(map(is_public, ["example.social", "a.b.example.org", "xn--caf-dma.eu", "public.api.bsky.app"]))
    for host in (
        "",
        "social",
        "10.0.0.1",
        "example.local",
        "x.home.arpa",
        "x.onion",
        "-a.org",
        "a.org.",
        "a b.org",
    ):
        assert not is_public(host)


def test_what_is_no_address_has_no_parts() -> None:
    assert split("https://[::1/x").hostname is None
    assert joined("https://example.social/a", "//[::1/x") == ""
    assert joined("https://example.social/a", "b?c=1") == "https://example.social/b?c=1"
