"""The repository that Bluesky's own server exports, beside what its API answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from bluesky_network import Network
from social_payloads import link_facet

from bot.sources import open_source
from bot.sources.posts import Timeline

pytestmark = pytest.mark.peers

HANDLE = "exported.test"


def test_a_repository_holds_the_posts_that_the_api_shows(bluesky: Network, tmp_path: Path) -> None:
    account = bluesky.account(HANDLE, displayName="Carol 🦋", description="Birds, mostly.")
    other = bluesky.account("quoted.test")
    of_other = other.post("Somebody else's words")
    words = "See example.com/a and more"
    first = account.post(
        words, langs=["en"], facets=[link_facet(words, "example.com/a", "https://example.com/a")]
    )
    account.post("A reply", reply={"root": of_other, "parent": of_other})
    account.post("To myself", reply={"root": first, "parent": first})
    account.post_all(
        [
            {"text": f"The bird {n} sings", "createdAt": f"2025-02-01T00:{n // 60:02}:{n % 60:02}.000Z"}
            for n in range(300)
        ]
    )
    account.remove(account.post("Deleted later"))
    account.repost(of_other, "2025-01-02T00:00:00.000Z")
    bluesky.settle()
    file = tmp_path / "repo.car"
    file.write_bytes(bluesky.repository(account.did))

    exported: Timeline = open_source("archive", file=str(file)).read(HANDLE)
    answered = open_source("bluesky", environment=bluesky.environment).read(HANDLE)
    posts = {post.id: post for post in exported.posts}
    shown = {post.id: post for post in answered.posts}
    assert posts.keys() == shown.keys()
    assert len(posts) == 304
    assert {key: post for key, post in posts.items() if not post.is_repost} == {
        key: post for key, post in shown.items() if not post.is_repost
    }
    assert (exported.complete, exported.profile.id) == (True, answered.profile.id)
    assert (exported.profile.name, exported.profile.bio) == (answered.profile.name, answered.profile.bio)
