"""A store on the Hub, in a bucket and in a repo with history: other runs, faults, refusals, and what is written."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hub_bench import HubBench

from bot.errors import SourceError
from bot.io.retry import RetryPolicy
from bot.sources.posts import Post, Profile, Timeline
from bot.store import Store, retention
from bot.store.account import AccountFolder
from bot.store.hub_files import HubFiles
from bot.store.places import Place, place_of
from bot.store.purging import remove_files

pytest_plugins = ["store_fixtures"]

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ADA = Profile("ada_example", "Ada", "x", id="42")
QUICK = RetryPolicy(pause_s=0.01, wait_s=5.0)
UPDATE = r"/(batch|commit/main)$"


def post(number: int) -> Post:
    return Post(str(number), f"canary number {number} sings", NOW + timedelta(hours=number))


def posts(*numbers: int) -> Timeline:
    return Timeline(ADA, [post(number) for number in numbers])


@pytest.fixture(params=["bucket", "dataset"])
def place(request: pytest.FixtureRequest, bench: HubBench) -> Place:
    """An empty place of each kind that the Hub has."""
    name = f"posts-{os.urandom(6).hex()}"
    if request.param == "bucket":
        return place_of(f"hf://buckets/{bench.bucket(name)}/deep/store")
    return place_of(f"hf://datasets/{bench.repo(name)}/deep/store")


@pytest.fixture
def hub(place: Place) -> HubFiles:
    return HubFiles(place, policy=QUICK)


def ids(place: Place) -> set[str]:
    held = Store(place).load("ada_example", "x")
    assert held is not None
    return {post.id for post in held.posts}


def other_run(place: Place, code: str) -> None:
    """What another process does meanwhile."""
    lines = (
        "from bot.store.hub_files import HubFiles\nfrom bot.store.places import place_of\n"
        f"files = HubFiles(place_of({place.url!r}))\n"
    )
    subprocess.run([sys.executable, "-c", lines + code], check=True, env=os.environ)


def test_a_process_that_has_listed_sees_what_another_writes_and_removes(place: Place, hub: HubFiles) -> None:
    hub.write("x/ada/one", b"1")
    assert hub.names("x/ada") == ["one"]
    other_run(place, "files.update({'x/ada/two': b'2'}, ['x/ada/one'])")
    assert hub.names("x/ada") == ["two"]
    assert hub.below("") == ["x/ada/two"] or hub.below("x") == ["x/ada/two"]
    assert (hub.read("x/ada/one"), hub.read("x/ada/two")) == (None, b"2")


def test_a_file_gone_between_listing_and_reading_is_read_again_in_its_new_place(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(place)
    store.merge(posts(1), "x", now=NOW)
    listed = HubFiles.names
    runs = iter([2, 3])

    def names(self: HubFiles, path: str) -> list[str]:
        found = listed(self, path)
        if (number := next(runs, None)) is not None:
            monkeypatch.setattr(HubFiles, "names", listed)
            Store(place).merge(posts(number), "x", now=NOW + timedelta(days=number))
            monkeypatch.setattr(HubFiles, "names", names)
        return found

    monkeypatch.setattr(HubFiles, "names", names)
    assert {post.id for post in (store.load("ada_example", "x") or posts()).posts} == {"1", "2", "3"}


def test_a_paid_reading_of_500_posts_keeps_them_all_while_an_import_lands_halfway(place: Place) -> None:
    Store(place).merge(posts(*range(2_000)), "archive", now=NOW)
    store = Store(place)
    known = store.facts("ada_example", "x")
    assert known is not None

    def reading() -> Iterator[Post]:
        for number in reversed(range(2_100, 2_600)):
            if number == 2_350:
                Store(place).merge(posts(*range(2_000, 2_100)), "archive", now=NOW + timedelta(hours=1))
            yield post(number)

    merged = store.merge(
        Timeline(ADA, reading()), "x", now=NOW + timedelta(hours=2), since=known.newest, paid=True
    )
    assert merged.total == 2_600
    assert ids(place) == {str(number) for number in range(2_600)}


def test_an_account_is_one_batch_or_commit_and_an_unchanged_file_none(place: Place, bench: HubBench) -> None:
    def updates() -> int:
        return len(bench.calls(UPDATE, "POST"))

    store = Store(place)
    jsonl = Timeline(Profile("ada_example", "Ada", "other"), [post(1), post(2)])
    store.merge(jsonl, "jsonl", now=NOW, complete=True)
    assert updates() == 1
    store.merge(jsonl, "jsonl", now=NOW + timedelta(days=1), complete=True)
    assert updates() == 1
    more = Timeline(jsonl.profile, [post(1), post(2), post(3)])
    store.merge(more, "jsonl", now=NOW + timedelta(days=2), complete=True)
    assert updates() == 2
    names = HubFiles(place).names("other/ada_example")
    assert len(names) == 2
    store.remember("ada_example", handles=["ada_example"], asked=1)
    assert updates() == 3
    store.remember("ada_example", handles=["ada_example"], asked=1)
    assert updates() == 3


def test_no_commit_names_a_person(bench: HubBench) -> None:
    from huggingface_hub import HfApi

    repo = bench.repo(f"posts-{os.urandom(6).hex()}")
    store = Store(f"hf://datasets/{repo}")
    store.merge(posts(1), "x", now=NOW)
    store.merge(posts(2), "x", now=NOW)
    store.remember("ada_example", asked=1)
    remove_files(store._accounts, "ada_example")  # without the squash that follows it
    titles = [commit.title for commit in HfApi(bench.url).list_repo_commits(repo, repo_type="dataset")]
    assert len(titles) >= 4
    assert not any("ada" in title.lower() for title in titles)


@pytest.mark.parametrize("status", [503, 429])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_one_refusal_of_a_busy_hub_ends_nothing(
    hub: HubFiles, bench: HubBench, status: int, method: str
) -> None:
    bench.fault(path=".", method=method, status=status, times=1)
    hub.write("x/ada/one", b"1")
    bench.fault(path=".", method=method, status=status, times=1)
    assert (hub.names("x/ada"), hub.read("x/ada/one")) == (["one"], b"1")


@pytest.mark.parametrize("lost", [{"status": 500, "execute": True}, {"cut": "response"}])
def test_an_update_whose_answer_was_lost_is_done_once(
    hub: HubFiles, bench: HubBench, lost: dict[str, Any], place: Place
) -> None:
    hub.write("x/ada/one", b"1")
    bench.fault(path=UPDATE, method="POST", times=1, **lost)
    hub.update({"x/ada/two": b"2"}, ["x/ada/one"])
    assert hub.names("x/ada") == ["two"]
    if place.kind == "dataset":
        assert len(bench.calls(UPDATE, "POST")) == 2


def test_a_hub_that_stays_busy_is_one_sentence(hub: HubFiles, bench: HubBench) -> None:
    bench.fault(path=UPDATE, method="POST", status=503, times=-1)
    with pytest.raises(
        SourceError, match=r"could not write 1 file: it answered 503.*run again later"
    ) as caught:
        hub.write("x/ada/one", b"1")
    assert "ada" not in str(caught.value)


def test_two_runs_that_remove_the_same_file_both_succeed(hub: HubFiles) -> None:
    hub.write("x/ada/one", b"1")
    hub.remove("x/ada/one")
    hub.remove("x/ada/one")
    assert hub.remove_folder("x/ada") == 0


@pytest.mark.parametrize(
    "call", [lambda f: f.names("a"), lambda f: f.read("a"), lambda f: f.write("a", b"1")]
)
def test_a_missing_store_is_no_empty_one(bench: HubBench, call: Any) -> None:
    for kind, words in (
        (
            "buckets",
            "no such bucket, or the token may not see it: make it with `hf buckets create tester/none",
        ),
        ("datasets", "no such repo, or the token may not see it: check the name tester/none"),
    ):
        with pytest.raises(SourceError) as caught:
            call(HubFiles(place_of(f"hf://{kind}/tester/none/store"), policy=QUICK))
        assert f"store hf://{kind}/tester/none/store: there is {words}" in str(caught.value)


def test_a_token_that_may_only_read_is_reported_and_reads(
    place: Place, hub: HubFiles, bench: HubBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.write("a", b"1")
    monkeypatch.setenv("HF_TOKEN", bench.reader)
    reader = HubFiles(place, policy=QUICK)
    assert reader.read("a") == b"1"
    for writes, removes in (({"a": b"2"}, ()), ({}, ("a",))):
        with pytest.raises(SourceError, match=r"answered 403.*make one with write access") as caught:
            reader.update(writes, removes)
        assert bench.reader not in str(caught.value)
    monkeypatch.setenv("HF_TOKEN", "hf_nobodys")
    with pytest.raises(SourceError, match=r"the token is invalid or has expired"):
        HubFiles(place, policy=QUICK).names("a")


def test_a_bucket_without_hf_xet_says_to_install_it_and_still_read(
    bench: HubBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = HubFiles(place_of(f"hf://buckets/{bench.bucket(f'posts-{os.urandom(6).hex()}')}"), policy=QUICK)
    files.write("a", b"1")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert files.read("a") == b"1"
    with pytest.raises(SourceError, match=r"hf_xet, which is not installed: pip install hf_xet"):
        files.write("a", b"2")


def test_a_bucket_needs_a_library_that_knows_buckets(
    bench: HubBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import HfApi

    monkeypatch.delattr(HfApi, "batch_bucket_files")
    with pytest.raises(
        SourceError, match=r"need huggingface_hub 1.31 or newer, and .* is installed: pip install"
    ):
        Store("hf://buckets/tester/posts")


def test_a_refused_batch_is_reported_with_paths_and_reasons(bench: HubBench) -> None:
    files = HubFiles(place_of(f"hf://buckets/{bench.bucket(f'posts-{os.urandom(6).hex()}')}"), policy=QUICK)
    bench.fault(
        path=UPDATE,
        method="POST",
        status=422,
        body={"success": False, "failed": [{"path": "x/one", "error": "quota exceeded"}]},
        times=-1,
    )
    with pytest.raises(SourceError, match=r"could not write 1 file: the Hub refused x/one: quota exceeded"):
        files.write("x/one", b"1")


def test_storage_that_fails_for_ever_is_given_up_soon(bench: HubBench) -> None:
    files = HubFiles(place_of(f"hf://buckets/{bench.bucket(f'posts-{os.urandom(6).hex()}')}"), policy=QUICK)
    bench.fault(path="^/_cas/", status=500, times=-1)
    with pytest.raises(SourceError, match="could not write 1 file: "):
        files.write("x/one", b"1")
    assert len(bench.calls("^/_cas/")) < 20


def test_the_environment_is_read_when_a_store_is_opened(
    bench: HubBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = bench.bucket(f"posts-{os.urandom(6).hex()}")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(SourceError, match=r"no connection"):
        HubFiles(place_of(f"hf://buckets/{bucket}"), policy=QUICK).names("a")
    monkeypatch.setenv("HF_ENDPOINT", bench.url)
    assert HubFiles(place_of(f"hf://buckets/{bucket}"), policy=QUICK).names("a") == []


def test_import_corpus_and_purge_print_their_own_lines_and_nothing_else(place: Place, tmp_path: Path) -> None:
    (tmp_path / "ada.jsonl").write_text(
        '{"id": "1", "text": "All is well", "created_at": "2026-01-01T00:00:00Z"}\n'
    )
    (tmp_path / "registry.yaml").write_text(f"version: 1\nnamespace: org\nstore: {place.url}\nmodels: []\n")

    def bot(*words: str) -> str:
        command = [sys.executable, "-m", "bot", *words, "--registry", str(tmp_path / "registry.yaml")]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
        return done.stdout + done.stderr

    file = str(tmp_path / "ada.jsonl")
    warning = ""
    if place.kind == "dataset":  # where no store is begun any more
        Store(place).merge(Timeline(Profile("bob", "bob", "x"), [post(1)]), "x", now=NOW)
        warning = f"warning: {retention.warning(place, retention.ask(place))}\n"
    for words in ("1 new post", "0 new posts"):
        lines = bot("import", "ada", file).replace(warning, "").splitlines()
        assert lines[0] == f"ada: {words}, 1 in the store"
        assert [line.partition(",")[0] for line in lines[1:]] == ["warning: the file names no owner"]
    said = bot("purge", "ada").replace(warning, "").splitlines()
    assert said[:2] == [
        "ada: 2 files deleted from the store",
        "the store was listed again and shows no file of this person",
    ]
    assert all(line.startswith(f"{place.kind}s/{place.container}: ") for line in said[2:])


def test_several_accounts_are_read_at_once(place: Place) -> None:
    store = Store(place)
    for handle in ("ada", "bob", "carol"):
        store.merge(Timeline(Profile(handle, handle, "x"), [post(1)]), "x", now=NOW)
    assert {handle for _, handle in store.all_facts()} == {"ada", "bob", "carol"}
    assert isinstance(store._accounts.account("ada", "x"), AccountFolder)
