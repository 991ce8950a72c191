"""The data of a Reddit account, and what of them is read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from old_archives import unpack
from reddit_data import comments, posts, reddit, statistics
from x_archives import pack

from bot.errors import SourceError
from bot.sources import check_file, open_source, owner_of
from bot.sources.archives.detector import detect
from bot.sources.posts import Owner, Post, Timeline

HANDLE = "ada_example"
ID = "ada_example@reddit.com"


def read(*files: str, handle: str = HANDLE) -> Timeline:
    return open_source("jsonl", file=files).read(handle)


def text_of(folder: Path, comment: str) -> list[str]:
    (folder / "comments.csv").write_bytes(comments(comment))
    return [post.text for post in read(str(folder / "comments.csv")).posts]


@pytest.mark.parametrize("form", ["zip", "folder"])
def test_comments_and_posts_are_read_with_the_name_of_the_account(tmp_path: Path, form: str) -> None:
    contents = reddit("All is well here")
    file = str(pack(tmp_path / "a", contents) if form == "zip" else unpack(tmp_path / "a", contents))
    timeline = read(file)
    found = {post.id: post for post in timeline.posts}
    moment = datetime(2021, 5, 1, 12, tzinfo=UTC)
    assert found["t1_c1"] == Post("t1_c1", "All is well here", moment, reply_to="t3_abc1")
    assert found["t3_p1"].text == "A title\nand a text"
    assert (timeline.profile.handle, timeline.profile.network, timeline.warnings) == (HANDLE, "other", ())
    assert owner_of("jsonl", file) == Owner(HANDLE, ID)
    check_file("jsonl", file, HANDLE)


def test_single_files_are_read_together(tmp_path: Path) -> None:
    for name, data in {"a": comments("All is well"), "b": posts(("Hi", "")), "c": statistics()}.items():
        (tmp_path / name).write_bytes(data)
    files = [str(tmp_path / name) for name in "abc"]
    assert detect(files).kind.__name__.endswith("reddit")
    assert len(tuple(read(*files).posts)) == 2
    assert owner_of("jsonl", files) == Owner(HANDLE, ID)
    assert owner_of("jsonl", files[:2]) == Owner()


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("> zanzibar says so\n> and so\n\nI do not agree", ["I do not agree"]),
        ("&gt; zanzibar\n\nno &amp; yes", ["no & yes"]),
        (">!a secret!<", [">!a secret!<"]),
        (r"see [my page](https://example.org/a) and 2\*3", ["see my page and 2*3"]),
        ("see [example.org/a](https://example.org/a)", ["see"]),
        ("[deleted]", []),
        ("[ Removed by Reddit ]".lower(), []),
        ("> zanzibar", []),
    ],
)
def test_the_text_is_the_persons_own_words(tmp_path: Path, comment: str, expected: list[str]) -> None:
    assert text_of(tmp_path, comment) == expected


def test_what_answers_a_comment_names_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(comments("yes", parent="c9"))
    (found,) = read(str(tmp_path / "a")).posts
    assert found.reply_to == "t1_c9"


def test_the_data_of_another_account_are_named_without_their_owner(tmp_path: Path) -> None:
    (warning,) = read(str(pack(tmp_path / "a.zip", reddit("All is well"))), handle="bob").warnings
    assert "another account's" in warning
    assert "ada" not in warning


def test_what_cannot_be_read_is_refused_with_a_sentence(tmp_path: Path) -> None:
    cut = reddit("All is well, and zanzibar")
    cut["comments.csv"] = cut["comments.csv"][:-10]
    with pytest.raises(SourceError, match="cut short"):
        read(str(pack(tmp_path / "a.zip", cut)))
    with pytest.raises(SourceError, match="has not the columns of Reddit's"):
        read(str(pack(tmp_path / "b.zip", {"posts.csv": b"a,b\n1,2\n", "statistics.csv": statistics()})))
    (tmp_path / "c").write_bytes(statistics())
    with pytest.raises(SourceError, match="there is no comments"):
        read(str(tmp_path / "c"))
    (tmp_path / "d").write_bytes(comments("a", date="soon"))
    with pytest.raises(SourceError, match="has no date"):
        read(str(tmp_path / "d"))
    (tmp_path / "e").write_bytes(statistics("bob"))
    with pytest.raises(SourceError, match="data of 2 accounts"):
        read(str(tmp_path / "c"), str(tmp_path / "e"))
