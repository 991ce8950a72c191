"""Stores, archives and posts on S3, over real HTTP: moto's server on loopback, s3fs as it is."""

from __future__ import annotations

import gzip
import json
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from x_archives import members, pack, tweet

from bot.__main__ import main
from bot.errors import SourceError
from bot.sources import check_file, open_source
from bot.sources.posts import Post, Profile, Timeline
from bot.store import Gap, Store
from bot.store.account import AccountFolder

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ADA = Profile("Ada_Example", "Ada Lark", "x", id="4242")
BUCKET = "posts"


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
    """An empty bucket, and the environment that leads s3fs to it."""
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET)
    yield client
    for entry in client.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        client.delete_object(Bucket=BUCKET, Key=entry["Key"])
    client.delete_bucket(Bucket=BUCKET)
    client.close()


@pytest.fixture
def store(s3: Any) -> Store:
    return Store(f"s3://{BUCKET}/deep/store")


def objects(s3: Any) -> dict[str, bytes]:
    """Every object, by key; compressed ones as what they hold."""
    found = {}
    for entry in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        data = s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read()
        found[entry["Key"]] = gzip.decompress(data) if entry["Key"].endswith(".gz") else data
    return found


def posts(*numbers: int) -> list[Post]:
    return [Post(str(n), f"canary number {n} sings", NOW + timedelta(hours=n), "en") for n in numbers]


def ids(store: Store) -> set[str]:
    held = store.load("ada_example", "x")
    assert held is not None
    return {post.id for post in held.posts}


def test_a_store_on_s3_does_all_that_one_in_a_folder_does(store: Store, s3: Any) -> None:
    assert (store.load("ada_example", "x"), store.all_facts(), store.all_notes()) == (None, {}, {})
    store.merge(Timeline(ADA, posts(1, 2)), "archive", now=NOW, complete=True)
    store.merge(Timeline(ADA, posts(2, 3)), "x", now=NOW, since=None, until=None)
    assert ids(store) == {"1", "2", "3"}
    facts = store.facts("ada_example", "x")
    assert facts is not None
    assert facts == store.all_facts()["x", "ada_example"]
    assert (facts.total, facts.sources, facts.id) == (3, ("archive", "x"), "4242")
    store.remember("ada_example", asked=1)
    assert store.all_notes() == {"ada_example": {"asked": 1}}
    store.record_reads("x", "run", 5, NOW)
    assert store.reads("x", NOW) == 5
    assert len([key for key in objects(s3) if "/posts-" in key]) == 1


def test_two_runs_at_once_on_s3_lose_no_posts(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.merge(Timeline(ADA, posts(1)), "x", now=NOW)
    both_have_read = threading.Barrier(2, timeout=20)
    write = AccountFolder.write

    def slow(self: AccountFolder, *arguments: Any) -> None:
        both_have_read.wait()
        write(self, *arguments)

    monkeypatch.setattr(AccountFolder, "write", slow)

    def run(number: int) -> None:
        Store(f"s3://{BUCKET}/deep/store").merge(Timeline(ADA, posts(number)), "x", now=NOW)
        store.record_reads("x", f"run-{number}", 1, NOW)

    runs = [threading.Thread(target=run, args=(number,)) for number in (2, 3)]
    for one in runs:
        one.start()
    for one in runs:
        one.join()
    monkeypatch.undo()
    assert ids(store) == {"1", "2", "3"}
    assert store.reads("x", NOW) == 2


def test_a_reading_that_breaks_off_leaves_posts_and_gap_on_s3(store: Store) -> None:
    def broken() -> Iterator[Post]:
        yield from posts(9, 8)
        raise SourceError("the network is gone")

    store.merge(Timeline(ADA, posts(1)), "x", now=NOW)
    known = store.facts("ada_example", "x")
    assert known is not None
    with pytest.raises(SourceError, match="gone"):
        store.merge(Timeline(ADA, broken()), "x", now=NOW, since=known.newest)
    after = store.facts("ada_example", "x")
    assert after is not None
    assert known.newest is not None
    assert after.gaps == (Gap(known.newest, type(known.newest)("8", NOW + timedelta(hours=8))),)


def test_purge_leaves_no_byte_of_a_person_on_s3(store: Store, s3: Any) -> None:
    store.merge(Timeline(ADA, posts(1)), "x", now=NOW)
    store.merge(Timeline(Profile("bob", "Bob", "x", id="7"), posts(1)), "x", now=NOW)
    store.remember("ada_example-bob", handles=["Ada_Example", "bob"], last_answer="3 of 100")
    store.purge_unlisted([("x", "bob")], timedelta(days=30), NOW)
    traces = (b"ada_example", b"ada lark", b"4242")
    before = objects(s3)
    assert any(trace in data.lower() for data in before.values() for trace in traces)
    assert store.purge(" @ADA_example").files == 4
    for key, data in objects(s3).items():
        assert not any(trace in key.lower().encode() + data.lower() for trace in traces), key
    assert set(store.all_facts()) == {("x", "bob")}


def test_a_damaged_object_is_set_aside_and_read_again(store: Store, s3: Any) -> None:
    store.merge(Timeline(ADA, posts(1, 2)), "x", now=NOW)
    (key,) = (key for key in objects(s3) if "/posts-" in key)
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"damaged")
    with pytest.raises(SourceError, match="is damaged and was set aside"):
        store.load("ada_example", "x")
    facts = store.facts("ada_example", "x")
    assert facts is not None
    assert facts.damaged
    store.merge(Timeline(ADA, posts(1, 2)), "x", now=NOW, complete=True)
    assert ids(store) == {"1", "2"}
    assert not any("damaged" in key for key in objects(s3))


def test_an_archive_and_posts_on_s3_are_read_where_they_are(s3: Any, tmp_path: Path) -> None:
    file = pack(tmp_path / "archive.zip", members([tweet(1), tweet(2, "Another one here")]))
    s3.put_object(Bucket=BUCKET, Key="ada.zip", Body=file.read_bytes())
    url = f"s3://{BUCKET}/ada.zip"
    check_file("archive", url)
    assert {post.id for post in open_source("archive", file=url).read("ada_example").posts} == {"1", "2"}
    line = json.dumps({"id": "1", "text": "All is well", "created_at": "2026-01-01T00:00:00Z"})
    s3.put_object(Bucket=BUCKET, Key="ada.jsonl.gz", Body=gzip.compress(line.encode()))
    held = open_source("jsonl", file=f"s3://{BUCKET}/ada.jsonl.gz").read("ada")
    assert [post.text for post in held.posts] == ["All is well"]
    with pytest.raises(SourceError, match=r"s3://posts/nothing.zip: there is no such file"):
        check_file("archive", f"s3://{BUCKET}/nothing.zip")


def test_import_from_s3_into_a_store_on_s3(
    s3: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = tmp_path / "registry.yaml"
    registry.write_text(f"version: 1\nnamespace: org\nstore: s3://{BUCKET}/store\nmodels: []\n")
    file = pack(tmp_path / "archive.zip", members([tweet(1), tweet(2, "Another one here")]))
    s3.put_object(Bucket=BUCKET, Key="ada.zip", Body=file.read_bytes())
    command = ["import", "ada_example", f"s3://{BUCKET}/ada.zip", "--registry", str(registry)]
    assert main(command) == 0
    assert capsys.readouterr().out == "ada_example: 2 new posts, 2 in the store\n"
    assert main(["purge", "https://x.com/Ada_Example", "--registry", str(registry)]) == 0
    assert {key for key in objects(s3) if not key.startswith("store/purged/")} == {"ada.zip"}


def test_an_endpoint_that_refuses_is_one_sentence_without_credentials(
    s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    with pytest.raises(SourceError, match="listing purged failed: there is no connection to it") as caught:
        Store(f"s3://{BUCKET}/store").load("ada", "x")
    assert "hunter2" not in str(caught.value)
