from __future__ import annotations

import pytest

from bot.errors import UsageError
from bot.store.places import Place, place_of


@pytest.mark.parametrize(
    ("url", "kind", "container", "prefix", "keeps"),
    [
        (".bot/store", "folder", "", ".bot/store", False),
        ("file:///srv/store", "folder", "", "/srv/store", False),
        ("local:///srv/store", "folder", "", "/srv/store", False),
        ("hf://buckets/org/posts", "bucket", "org/posts", "", False),
        ("hf://buckets/org/posts/deep//store/", "bucket", "org/posts", "deep/store", False),
        ("hf://datasets/org/posts/store", "dataset", "org/posts", "store", True),
        ("hf://models/org/posts", "model", "org/posts", "", True),
        ("hf://org/posts", "model", "org/posts", "", True),
        ("s3://bucket/deep/store", "s3", "bucket", "deep/store", None),
        ("s3://bucket", "s3", "bucket", "", None),
    ],
)
def test_a_url_names_a_kind_of_place_what_holds_it_and_the_path_therein(
    url: str, kind: str, container: str, prefix: str, keeps: bool | None
) -> None:
    place = place_of(url)
    assert (place.kind, place.container, place.prefix, place.keeps_history) == (
        kind,
        container,
        prefix,
        keeps,
    )
    assert place.repo_id == (container if url.startswith("hf") else None)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("memory://store", "it is gone when the command ends"),
        ("http://host/store", "no store was run on http:// addresses"),
        ("gs://bucket/store", "no store was run on gs:// addresses"),
        ("dir::file:///srv/store", "a chain of file systems holds no store"),
        ("simplecache::s3://bucket", "a chain of file systems holds no store"),
        ("hf://buckets/org", "it names no bucket or repo"),
        ("hf://spaces/org/posts", "it names no bucket or repo"),
        ("hf://datasets/org/posts@v1/store", "a store has no revision"),
        ("s3:///store", "it names no bucket"),
        ("sftp://me@host/store", "no store was run on sftp:// addresses"),
        ("webdav://host/store", "no store was run on webdav:// addresses"),
        ("s3://bucket/a/../b", "its path may hold no"),
    ],
)
def test_a_place_that_no_store_was_run_on_is_refused_and_the_others_are_named(url: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        place_of(url)
    assert why in str(caught.value)
    assert "hf://buckets/NAMESPACE/NAME" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_refusal_shows_no_credentials() -> None:
    with pytest.raises(UsageError) as caught:
        place_of("ftp://me:hunter2@host/store")
    assert "hunter2" not in str(caught.value)


def test_a_place_in_memory_is_made_by_hand() -> None:
    assert Place("memory", "memory://tests", "", "tests").keeps_history is False
