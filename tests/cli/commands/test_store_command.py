"""`bot store move` as somebody runs it, and what every command says of a place that keeps what is deleted."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
from hub_bench import HubBench
from hub_history import Reader, canary, fill
from huggingface_hub import CommitOperationAdd, HfApi

from bot.__main__ import main
from bot.store import Store
from bot.store.backends import open_files

pytest_plugins = ["store_fixtures"]

POST = {"id": "1", "text": "one bird sings", "created_at": "2026-01-01T00:00:00Z"}


def fresh() -> str:
    return f"posts-{uuid.uuid4().hex[:12]}"


def registry(folder: Path, store: str, more: str = "models: []\n") -> Path:
    path = folder / "registry.yaml"
    path.write_text(f"version: 1\nstore: {store}   # where posts are\n{more}")
    return path


def test_a_store_in_a_repo_goes_to_a_bucket_and_leaves_nothing(
    bench: HubBench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repo, bucket = bench.repo(fresh()), bench.bucket(fresh())
    fill(f"hf://datasets/{repo}", "ada", "bob")
    reader = Reader(bench, repo)
    addresses = reader.addresses()
    path = registry(tmp_path, f"hf://datasets/{repo}")
    assert main(["store", "move", f"hf://buckets/{bucket}", "--registry", str(path)]) == 0
    said = capsys.readouterr().out
    assert f"files now in hf://buckets/{bucket}, compared byte by byte" in said
    assert "reaches none of" in said
    assert "the next run" in said
    assert f"store: hf://buckets/{bucket}   # where posts are\n" in path.read_text()
    left = b"\0".join(reader.bodies([*addresses, *reader.addresses()]))
    assert canary("ada") not in left
    assert canary("bob") not in left
    assert {handle for _, handle in Store(f"hf://buckets/{bucket}").all_facts()} == {"ada", "bob"}
    assert open_files(f"hf://buckets/{bucket}").read("move.json") is None
    assert main(["store", "move", f"hf://buckets/{bucket}", "--registry", str(path)]) == 0
    assert "is at hf://buckets" in capsys.readouterr().out


def test_a_repo_that_others_use_keeps_its_history_and_that_is_said(
    bench: HubBench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repo, bucket = bench.repo(fresh()), bench.bucket(fresh())
    fill(f"hf://datasets/{repo}", "ada")
    operation = CommitOperationAdd("photos/me.txt", b"mine")
    HfApi(endpoint=bench.url, token=bench.token).create_commit(
        repo, [operation], commit_message="Add", repo_type="dataset"
    )
    path = registry(tmp_path, f"hf://datasets/{repo}")
    assert main(["store", "move", f"hf://buckets/{bucket}", "--registry", str(path)]) == 1
    said = capsys.readouterr().out
    assert "1 file in hf://datasets" in said
    assert "not the store's: photos/me.txt" in said
    assert f"store: hf://buckets/{bucket}" in path.read_text()


@pytest.mark.parametrize("kind", ["missing", "public", "repo"])
def test_a_place_that_will_not_do_is_refused_before_anything_is_read(
    kind: str, bench: HubBench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(str(tmp_path / "old"), "ada")
    path = registry(tmp_path, "file://old")
    name = fresh()
    url, words = f"hf://buckets/tester/{name}", f"hf buckets create tester/{name} --private"
    if kind == "public":
        bench._ask("POST", f"/api/buckets/tester/{name}", {"private": False})
        words = "EVERYBODY CAN READ THIS BUCKET"
    if kind == "repo":
        url, words = f"hf://datasets/{bench.repo(name)}", "would be new, and the place is a dataset repo"
    assert main(["store", "move", url, "--registry", str(path)]) == 2
    assert words in capsys.readouterr().err
    assert "store: file://old" in path.read_text()
    assert Store(str(tmp_path / "old")).load("ada", "x") is not None


def test_a_store_that_the_registry_does_not_name_moves_without_an_edit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(str(tmp_path / "old"), "ada")
    path = registry(tmp_path, "file://mine")
    command = ["store", "move", f"file://{tmp_path}/new", "--store", f"file://{tmp_path}/old"]
    assert main([*command, "--registry", str(path)]) == 0
    assert "names another store" in capsys.readouterr().out
    assert "store: file://mine" in path.read_text()
    assert not any(path.is_dir() for path in (tmp_path / "old").iterdir())


def test_a_registry_that_cannot_be_edited_gets_the_line_to_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(str(tmp_path / "old"), "ada")
    path = tmp_path / "registry.yaml"
    text = "version: 1\nstore:\n  url: >-\n    file://old\nmodels: []\n"
    path.write_text(text)
    assert main(["store", "move", "file://new", "--registry", str(path)]) == 0
    assert f"write this line into {path}: store: file://new" in capsys.readouterr().out
    assert path.read_text() == text
    assert Store(str(tmp_path / "new")).load("ada", "x") is not None


def test_every_command_that_would_begin_a_store_in_a_repo_is_refused_with_the_line_to_write(
    bench: HubBench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = bench.repo(fresh())
    (tmp_path / "ada.jsonl").write_text(json.dumps(POST) + "\n")
    models = (
        "namespace: tester\nmodels:\n  - {handles: [ada], source: jsonl, jsonl: ada.jsonl, consent: self}\n"
    )
    path = registry(tmp_path, f"hf://datasets/{repo}", models)
    where = ["--registry", str(path)]
    hub = ["--hub", f"dir:{tmp_path}/hub"]
    for command in (
        ["import", "ada", str(tmp_path / "ada.jsonl"), *where],
        ["corpus", "ada", *where],
        ["apply", *where, *hub],
    ):
        assert main(command) == 2
        said = capsys.readouterr().err
        assert (
            f"the store hf://datasets/{repo} would be new, and the place is a dataset repo of the Hub" in said
        )
        assert f"write store: hf://buckets/{repo}, a private Storage Bucket" in said
    assert open_files(f"hf://datasets/{repo}").below("") == [".gitattributes"]


def test_a_store_that_is_in_a_repo_already_goes_on_with_a_warning_in_every_run(
    bench: HubBench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = bench.repo(fresh())
    fill(f"hf://datasets/{repo}", "eve")
    (tmp_path / "ada.jsonl").write_text(json.dumps(POST) + "\n")
    models = "namespace: tester\nmodels:\n  - {handles: [ada], source: jsonl, consent: self}\n"
    path = registry(tmp_path, f"hf://datasets/{repo}", models)
    where = ["--registry", str(path)]
    hub = ["--hub", f"dir:{tmp_path}/hub"]
    takedown = ["takedown", "--handle", "eve", "--reason", "asked"]
    for command in (
        ["import", "ada", str(tmp_path / "ada.jsonl"), *where],
        ["corpus", "ada", *where],
        ["plan", *where, *hub],
        ["apply", "--only", "ada", *where, *hub],
        ["purge", "ada", *where],
        [*takedown, *where, *hub],
    ):
        assert main(command) in (0, 1)
        told = capsys.readouterr()
        assert f"the store hf://datasets/{repo} is a dataset repo of the Hub, which keeps its history" in (
            told.out + told.err
        ), command


def test_validate_says_on_its_line_that_a_repo_is_no_place_for_a_new_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = registry(tmp_path, "hf://datasets/org/posts")
    assert main(["validate", "--registry", str(path)]) == 0
    said = capsys.readouterr().err
    assert f"{path}:2:8: a repo keeps its history" in said
    assert "a new store is refused here, and an existing one goes on with a warning" in said
    path.write_text("version: 1\nstore:\n  url: hf://models/org/posts\nmodels: []\n")
    assert main(["validate", "--registry", str(path)]) == 0
    assert f"{path}:3:8: a repo keeps its history" in capsys.readouterr().err
    path.write_text("version: 1\nstore: hf://buckets/org/posts\nmodels: []\n")
    assert main(["validate", "--registry", str(path)]) == 0
    assert "history" not in capsys.readouterr().err
