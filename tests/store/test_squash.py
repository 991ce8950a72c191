"""A purge in a repo of the Hub: what was deleted is nowhere any more, and nobody else's files or history go."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub
import pytest
from hub_bench import HubBench
from hub_history import NOW, Reader, canary, fill, on_disk, timeline, use
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

from bot.__main__ import main
from bot.store import Store, squash
from bot.store.places import place_of
from bot.store.repo_history import open_repo


@pytest.fixture(scope="module", params=[False, True], ids=["lfs", "xet"])
def hub(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubBench]:
    with HubBench(tmp_path_factory.mktemp("hub") / "root", *(["--xet"] if request.param else [])) as bench:
        yield bench


@pytest.fixture
def bench(
    hub: HubBench, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[HubBench]:
    hub.clear()
    use(hub, monkeypatch, xet="xet" in request.node.callspec.id)
    yield hub
    huggingface_hub.close_session()


@pytest.fixture
def repo(bench: HubBench) -> str:
    return bench.repo(f"posts-{uuid.uuid4().int}")  # no letters: a random name must not contain a handle


def api(bench: HubBench) -> HfApi:
    return HfApi(endpoint=bench.url, token=bench.token)


def add(bench: HubBench, repo: str, path: str, data: bytes, revision: str = "main") -> None:
    operation = CommitOperationAdd(path, data)
    api(bench).create_commit(
        repo, [operation], commit_message=f"Add {path}", repo_type="dataset", revision=revision
    )


@pytest.mark.parametrize("prefix", ["", "/deep/store"])
def test_after_a_purge_nothing_that_the_hub_answers_holds_a_post(
    bench: HubBench, repo: str, prefix: str
) -> None:
    url = f"hf://datasets/{repo}{prefix}"
    store = fill(url, "ada", "bob")
    reader = Reader(bench, repo)
    addresses, objects = reader.addresses(), reader.objects()
    held = b"\0".join(reader.bodies(addresses))
    assert canary("ada") in held  # before the purge, earlier revisions are read as anything else
    purged = store.purge("@Ada")
    assert purged.files
    assert purged.remains == ()
    left = b"\0".join(reader.bodies([*addresses, *reader.addresses()]))
    assert canary("ada") not in left
    assert canary("bob") in left
    listed = json.loads(reader.get(f"/api/datasets/{repo}/commits/main") or b"[]")
    assert [commit["title"] for commit in listed] == ["Keep the current files only"]  # none names a person
    assert set(reader.objects()) < set(objects)
    if not bench._options:  # Xet's chunks stay below the bench's folder, where no address leads
        assert canary("ada") not in on_disk(bench)
    assert any("reaches none of" in line for line in purged.checked)
    assert any("large-file objects" in line for line in purged.checked)
    kept = store.load("bob", "x")
    assert kept is not None
    assert len(list(kept.posts)) == 8
    assert "ada" not in " ".join((*purged.checked, *purged.remains))


def test_a_purge_that_was_cut_off_before_the_squash_is_made_good_by_the_next(
    bench: HubBench, repo: str
) -> None:
    store = fill(f"hf://datasets/{repo}", "ada")
    bench.fault(path="/super-squash/", status=500, times=1)
    first = store.purge("ada")
    assert len(first.remains) == 1
    assert "earlier revisions may still hold what was deleted, since this failed" in first.remains[0]
    reader = Reader(bench, repo)
    addresses = reader.addresses()
    second = Store(f"hf://datasets/{repo}").purge("ada")
    assert (second.files, second.remains) == (0, ())
    assert canary("ada") not in b"\0".join(reader.bodies(addresses))


def test_a_history_with_files_of_others_is_not_squashed_and_they_are_listed(
    bench: HubBench, repo: str
) -> None:
    store = fill(f"hf://datasets/{repo}", "ada")
    for number in range(12):
        add(bench, repo, f"photos/{number:02}.txt", b"not the store's")
    operation = CommitOperationDelete("photos/00.txt")
    api(bench).create_commit(repo, [operation], commit_message="Delete", repo_type="dataset")
    before = Reader(bench, repo).commits()
    purged = store.purge("ada")
    assert not bench.calls("/super-squash/")
    assert not bench.calls("/lfs-files/batch")
    assert set(before) < set(Reader(bench, repo).commits())
    (remains,) = purged.remains
    assert "photos/00.txt, photos/01.txt" in remains  # one that was deleted is in the history, too
    assert "photos/09.txt and 2 more" in remains
    assert f"bot store move hf://buckets/{repo}" in remains
    assert f"hf repos delete {repo} --type dataset" in remains
    assert purged.checked == ("the store was listed again and shows no file of this person",)


def test_a_store_below_a_prefix_takes_no_history_of_what_lies_beside_it(bench: HubBench, repo: str) -> None:
    store = fill(f"hf://datasets/{repo}/store", "ada")
    add(bench, repo, "x/bob/facts.json", b"{}")  # of another store, perhaps
    (remains,) = store.purge("ada").remains
    assert "not the store's: x/bob/facts.json. " in remains


def test_files_of_the_hub_are_no_hindrance_and_stay_as_they_are(bench: HubBench, repo: str) -> None:
    add(bench, repo, "README.md", b"---\nlicense: mit\n---\nposts, private\n")
    store = fill(f"hf://datasets/{repo}", "ada")
    assert store.purge("ada").remains == ()
    reader = Reader(bench, repo)
    assert len(reader.commits()) == 1
    assert b"posts, private" in (reader.get(f"/datasets/{repo}/resolve/main/README.md") or b"")
    assert reader.get(f"/datasets/{repo}/resolve/main/.gitattributes")


def test_every_branch_is_squashed_and_what_a_tag_or_a_pull_request_holds_is_said(
    bench: HubBench, repo: str
) -> None:
    store = fill(f"hf://datasets/{repo}", "ada", "bob")
    hub = api(bench)
    hub.create_branch(repo, branch="old", repo_type="dataset")
    add(bench, repo, "x/eve/facts.json", b"{}", revision="old")
    hub.create_tag(repo, tag="v1", repo_type="dataset")
    operation = CommitOperationAdd("x/eve/facts.json", b"{}")
    hub.create_commit(repo, [operation], commit_message="Propose", repo_type="dataset", create_pr=True)
    purged = store.purge("ada")
    reader = Reader(bench, repo)
    assert len(reader.commits("old")) == len(reader.commits("main")) == 1
    branch, tag, pull = purged.remains
    assert "the branch old holds files of the store that main does not" in branch
    assert f"delete it: `hf repos branch delete {repo} old --type dataset`" in branch
    assert f"delete it: `hf repos tag delete {repo} v1 --type dataset`" in tag
    assert "pull request 1 still holds earlier files" in pull
    assert f"hf repos delete {repo} --type dataset" in pull
    addresses = reader.addresses("v1", "refs%2Fpr%2F1")
    hub.delete_branch(repo, branch="old", repo_type="dataset")
    hub.delete_tag(repo, tag="v1", repo_type="dataset")
    again = store.purge("ada")
    assert [line for line in again.remains if "pull request" not in line] == []
    assert canary("ada") not in b"\0".join(reader.bodies([*addresses, *reader.addresses()]))


def test_a_branch_that_moves_while_the_history_is_read_is_not_squashed(
    bench: HubBench, repo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = fill(f"hf://datasets/{repo}", "ada", "bob")
    opened = open_repo(place_of(f"hf://datasets/{repo}"))
    read = type(opened).read

    def reading(self: object) -> object:
        history = read(self)  # type: ignore[arg-type]
        if not bench.calls("/super-squash/"):
            Store(f"hf://datasets/{repo}").merge(timeline("eve", 2), "x", now=NOW)
        return history

    with monkeypatch.context() as patch:
        patch.setattr(type(opened), "read", reading)
        (remains,) = store.purge("ada").remains
    assert not bench.calls("/super-squash/")
    assert "another run wrote while the history was read, so it was not squashed" in remains
    assert store.purge("ada").remains == ()
    assert Store(f"hf://datasets/{repo}").load("eve", "x") is not None


def test_an_upload_of_another_run_that_no_commit_names_yet_stays(bench: HubBench, repo: str) -> None:
    store = fill(f"hf://datasets/{repo}", "ada")
    before = set(Reader(bench, repo).objects())
    api(bench).preupload_lfs_files(
        repo,
        [CommitOperationAdd("x/eve/posts-0123456789abcdef.jsonl.gz", b"\x1f\x8b" + bytes(90))],
        repo_type="dataset",
    )
    young = set(Reader(bench, repo).objects()) - before
    remains = store.purge("ada").remains
    assert set(Reader(bench, repo).objects()) == young
    if young:
        (line,) = remains
        assert "1 large-file objects that no revision names were uploaded within the last hour" in line
    else:  # with Xet an upload is listed once a commit names it
        assert not remains


def test_a_repo_with_one_revision_is_read_and_left_alone(bench: HubBench, repo: str) -> None:
    said = squash.forget(open_repo(place_of(f"hf://datasets/{repo}")))
    assert said.remains == []
    assert not bench.calls("/super-squash/")
    assert not bench.calls("/lfs-files/batch")


def test_a_token_that_may_not_squash_is_said_with_what_remains(
    bench: HubBench, repo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(f"hf://datasets/{repo}", "ada")
    monkeypatch.setenv("HF_TOKEN", bench.reader)
    said = squash.forget(open_repo(place_of(f"hf://datasets/{repo}")))
    (remains,) = said.remains
    assert "could not squash the history" in remains
    assert bench.reader not in remains


def test_bot_purge_says_what_it_read_and_ends_with_1_where_something_remains(
    bench: HubBench, repo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = tmp_path / "registry.yaml"
    registry.write_text(f"version: 1\nstore: hf://datasets/{repo}\nmodels: []\n")
    fill(f"hf://datasets/{repo}", "ada")
    assert main(["purge", "ada", "--registry", str(registry)]) == 0
    told = capsys.readouterr()
    assert "the history was read again and reaches none of" in told.out
    assert "warning: the store hf://datasets/" in told.err
    fill(f"hf://datasets/{repo}", "ada")
    add(bench, repo, "mine.txt", b"mine")
    assert main(["purge", "ada", "--registry", str(registry)]) == 1
    assert "not the store's: mine.txt. Carry the store over" in capsys.readouterr().out
