from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.github.token_code import APART, FOLDERS, caution, touched


@pytest.mark.parametrize(
    "path", ["registry.yaml", "docs/conf.py", "README.md", "posts/ada.jsonl", "a/b/c.png", ""]
)
def test_data_and_documents_are_no_code(path: str) -> None:
    assert touched([path]) == []
    assert caution([path]) is None


@pytest.mark.parametrize(
    "path",
    [
        "docs",
        "setup.cfg",
        "requirements/x.in",
        "a/b.so",
        "LOCK.TXT",
        "bot/render/pictures/fonts/OFL.txt",
        ".x",
    ],
)
def test_what_may_be_run_or_read_by_what_runs_counts(path: str) -> None:
    assert touched([path]) == [path]


@given(st.sampled_from(FOLDERS), st.text(min_size=1).filter(lambda name: name.strip("/.")))
def test_whatever_lies_in_a_folder_of_code_counts(folder: str, name: str) -> None:
    path = f"{folder}/{name}"
    assert touched([path]) == [path]


@given(st.lists(st.text()))
def test_any_names_make_one_sentence_or_none(paths: list[str]) -> None:
    told = caution(paths)
    assert (told is None) == (touched(paths) == [])


def test_a_long_list_is_cut_short() -> None:
    assert (caution(f"bot/{number}.py" for number in range(9)) or "").endswith(" and 4 more.")
    assert not set(APART) & set(FOLDERS)
