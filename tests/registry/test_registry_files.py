from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from registry_texts import HEAD, only, problems, read

from bot.registry import load
from bot.registry.files import located


def archives(value: str, handles: str = "ada", source: str = "archive") -> str:
    return (
        HEAD
        + f"models:\n  - handles: [{handles}]\n    source: {source}\n    consent: self\n    {source}: {value}\n"
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("data/tweets.js", "[]")
    (tmp_path / "text.zip").write_text("no zip")
    (tmp_path / "unpacked/data").mkdir(parents=True)
    (tmp_path / "posts.jsonl").write_text("{}\n")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a/b.zip", "/home/of/registry/a/b.zip"),
        ("../b.zip", "/home/of/b.zip"),
        ("/a/../b.zip", "/b.zip"),
        ("~/b.zip", "/home/me/b.zip"),
        ("file://.bot/store", "file:///home/of/registry/.bot/store"),
        ("file:///a/store", "file:///a/store"),
        ("s3://bucket/a.zip", "s3://bucket/a.zip"),
        ("hf://datasets/my-org/posts", "hf://datasets/my-org/posts"),
    ],
)
def test_paths_become_absolute_and_urls_stay(monkeypatch: pytest.MonkeyPatch, text: str, where: str) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert located(text, Path("/home/of/registry")) == where


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("nowhere.zip", "does not exist; a relative path starts at the registry's folder"),
        ("/dev/null", "is not a file"),
        ("a.zip/b", "does not exist"),
        ("{}".format("x" * 300), "cannot be read"),
        ("''", "archive is empty"),
        ("[a.zip, nowhere.zip]", "nowhere.zip' does not exist"),
        ("{ada: [nowhere.zip]}", "does not exist"),
        ("[]", "archive is empty"),
        ("{ada: {b: c}}", "ada must be a list"),
    ],
)
def test_an_archive_that_is_missing_or_none_is_reported_at_its_place(
    home: Path, value: str, words: str
) -> None:
    line, _, message = only(archives(value), home)
    assert line == 9
    assert words in message


@pytest.mark.parametrize(
    "value",
    [
        "a.zip",
        "unpacked",
        "./a.zip",
        "{Ada: a.zip}",
        "{'@ada': a.zip}",
        "s3://bucket/x",
        "[a.zip]",
        "{ada: [a.zip]}",
    ],
)
def test_an_archive_may_be_a_zip_a_folder_or_an_address(home: Path, value: str) -> None:
    (found,) = read(archives(value), home).entries
    ((where,),) = found.files.values()
    assert set(found.files) == {"ada"}
    assert where.startswith((str(home), "s3://"))


def test_several_handles_have_a_file_each(home: Path) -> None:
    assert "write archive: {ada: ..., bob: ...}" in only(archives("a.zip", "ada, bob"), home)[2]
    assert (
        "'carol' is no handle of this entry"
        in only(archives("{ada: a.zip, carol: a.zip}", "ada, bob"), home)[2]
    )
    (found,) = read(archives("{bob: a.zip}", "ada, bob"), home).entries
    assert found.files == {"bob": (str(home / "a.zip"),)}


def test_without_a_path_the_posts_lie_in_the_store(home: Path) -> None:
    (found,) = read(HEAD + "models: [{handles: [ada], source: archive, consent: self}]", home).entries
    assert found.files == {}


def test_a_jsonl_must_be_there_and_may_be_an_unpacked_folder(home: Path) -> None:
    assert read(archives("posts.jsonl", source="jsonl"), home).entries[0].files == {
        "ada": (f"{home}/posts.jsonl",)
    }
    assert "does not exist" in only(archives("none.jsonl", source="jsonl"), home)[2]
    assert read(archives("unpacked", source="jsonl"), home).entries[0].files == {"ada": (f"{home}/unpacked",)}


def test_a_file_that_may_not_be_read_is_reported(home: Path) -> None:
    (home / "posts.jsonl").chmod(0)
    if os.access(home / "posts.jsonl", os.R_OK):
        (home / "loop.jsonl").symlink_to("loop.jsonl")  # the superuser may read everything but a loop
        assert problems(archives("loop.jsonl", source="jsonl"), home)
    else:
        assert "cannot be read" in only(archives("posts.jsonl", source="jsonl"), home)[2]


@pytest.mark.parametrize("value", ["/etc/passwd", "../a.zip", "linked.zip", "loop.zip", "file:///etc/passwd"])
def test_what_lies_outside_of_the_folder_is_not_looked_at_in_a_review(home: Path, value: str) -> None:
    inside = home / "repo"
    inside.mkdir()
    (inside / "linked.zip").symlink_to(home / "a.zip")
    (inside / "loop.zip").symlink_to("loop.zip")
    (inside / "registry.yaml").write_text(archives(value))
    (problem,) = load(inside / "registry.yaml", within=inside).problems
    assert "is outside of the repository" in problem.message
    if value in ("../a.zip", "linked.zip"):
        assert load(inside / "registry.yaml").problems == ()


@pytest.mark.parametrize("value", ["/etc", "../outside", "./linked", "linked/base", "~/x"])
def test_a_base_outside_is_not_looked_at_in_a_review(home: Path, value: str) -> None:
    inside = home / "repo"
    inside.mkdir()
    (home / "outside/base").mkdir(parents=True)
    (inside / "linked").symlink_to(home / "outside")
    text = (
        HEAD + f"defaults: {{base: {value}}}\nmodels: [{{handles: [ada], source: archive, consent: self}}]\n"
    )
    (inside / "registry.yaml").write_text(text)
    (problem,) = load(inside / "registry.yaml", within=inside).problems
    assert "is outside of the repository" in problem.message


def test_a_base_on_the_hub_is_inside(home: Path) -> None:
    text = HEAD + "models: [{handles: [ada], source: archive, consent: self, base: org/model@main}]"
    (home / "registry.yaml").write_text(text)
    assert load(home / "registry.yaml", within=home).problems == ()
