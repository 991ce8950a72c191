"""A purge in an S3 bucket with versions, over real HTTP: no version holds a post, and nobody else's goes."""

from __future__ import annotations

import gzip
import logging
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from hub_history import NOW, canary, fill, timeline
from moto.server import ThreadedMotoServer
from s3fs import S3FileSystem

from bot.__main__ import main
from bot.store import Store, retention, versions
from bot.store.places import place_of


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client, and the environment that leads s3fs to the same server."""
    S3FileSystem.clear_instance_cache()
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    yield client
    client.close()


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"posts-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


def switch(s3: Any, bucket: str, status: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})


def every_version(s3: Any, bucket: str) -> bytes:
    """What all versions of all objects hold, unpacked."""
    found = []
    for one in s3.list_object_versions(Bucket=bucket).get("Versions", ()):
        data = s3.get_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])["Body"].read()
        found.append(gzip.decompress(data) if one["Key"].endswith(".gz") else data)
    return b"\0".join(found)


@pytest.mark.parametrize("last", ["Enabled", "Suspended"])
def test_after_a_purge_no_version_holds_a_post_and_what_others_put_there_stays(
    s3: Any, bucket: str, last: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "AT_ONCE", 3)
    switch(s3, bucket, "Enabled")
    for body in (b"mine, once", b"mine, now"):
        s3.put_object(Bucket=bucket, Key="deep/mine.txt", Body=body)
        s3.put_object(Bucket=bucket, Key="x/ada/facts.json", Body=body)  # outside of the store
    store = fill(f"s3://{bucket}/deep", "ada", "bob")
    assert canary("ada") in every_version(s3, bucket)
    # moto cannot delete markers of a suspended bucket, so only its answer is that of one.
    monkeypatch.setattr(versions.VersionedBucket, "versioning", lambda _: last)
    purged = store.purge("ada")
    assert purged.remains == ()
    assert "no earlier one is left" in purged.checked[-1]
    left = every_version(s3, bucket)
    assert canary("ada") not in left
    assert left.count(b"mine, once") == 2
    held = s3.list_object_versions(Bucket=bucket, Prefix="deep/x/")
    assert "DeleteMarkers" not in held
    assert all(one["IsLatest"] for one in held["Versions"])
    assert (kept := store.load("bob", "x")) is not None
    assert len(list(kept.posts)) == 8


def test_a_bucket_without_versions_is_asked_and_said(s3: Any, bucket: str) -> None:
    store = fill(f"s3://{bucket}", "ada")
    assert store.purge("ada").checked[-1] == f"s3://{bucket}: the bucket was asked, and keeps no versions"


@pytest.mark.parametrize("denied", ["get_bucket_versioning", "list_object_versions", "delete_objects"])
def test_versions_that_may_not_be_listed_or_deleted_are_said_to_remain(
    denied: str, s3: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch(s3, bucket, "Enabled")
    store = fill(f"s3://{bucket}", "ada")
    real = S3FileSystem.call_s3

    def refusing(self: Any, method: str, *arguments: Any, **keys: Any) -> Any:
        if method == denied:
            raise PermissionError("Access Denied")
        return real(self, method, *arguments, **keys)

    with monkeypatch.context() as patch:
        patch.setattr(S3FileSystem, "call_s3", refusing)
        (remains,) = store.purge("ada").remains
    assert "is not permitted" in remains
    assert f"`aws s3api list-object-versions --bucket {bucket}`" in remains
    assert store.purge("ada").remains == ()


def test_versions_that_a_lock_keeps_are_said_to_remain(
    s3: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch(s3, bucket, "Enabled")
    store = fill(f"s3://{bucket}", "ada")
    monkeypatch.setattr(versions.VersionedBucket, "delete", lambda *_: None)
    (remains,) = store.purge("ada").remains
    assert "earlier versions were not deleted" in remains


def test_a_new_store_in_a_versioned_bucket_is_refused_and_one_that_is_there_goes_on_with_a_warning(
    s3: Any, bucket: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = tmp_path / "registry.yaml"
    registry.write_text(f"version: 1\nstore: s3://{bucket}\nmodels: []\n")
    posts = tmp_path / "ada.jsonl"
    posts.write_text('{"id": "1", "text": "one sings", "created_at": "2026-01-01T00:00:00Z"}\n')
    command = ["import", "ada", str(posts), "--registry", str(registry)]
    switch(s3, bucket, "Enabled")
    assert main(command) == 2
    said = capsys.readouterr().err
    assert f"the store s3://{bucket} would be new, and the place is an S3 bucket with versioning on" in said
    assert "write store: hf://buckets/NAMESPACE/NAME" in said
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    Store(f"s3://{bucket}").merge(timeline("bob", 3), "x", now=NOW)
    assert main(command) == 0
    assert f"warning: the store s3://{bucket} is an S3 bucket with versioning on" in capsys.readouterr().err


def test_a_bucket_that_may_not_be_asked_is_said_and_goes_on(
    s3: Any, bucket: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: Any, **__: Any) -> None:
        raise PermissionError("Access Denied")

    monkeypatch.setattr(S3FileSystem, "call_s3", denied)
    kept = retention.ask(place_of(f"s3://{bucket}"))
    assert kept.keeps is None
    posts = tmp_path / "ada.jsonl"
    posts.write_text('{"id": "1", "text": "one sings", "created_at": "2026-01-01T00:00:00Z"}\n')
    registry = tmp_path / "registry.yaml"
    registry.write_text(f"version: 1\nstore: s3://{bucket}\nmodels: []\n")
    assert main(["import", "ada", str(posts), "--registry", str(registry)]) == 0
    assert (
        "whether the bucket keeps what is deleted (versioning) could not be asked" in capsys.readouterr().err
    )
