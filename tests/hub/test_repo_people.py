from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.hub import repo_people
from bot.registry.tombstones import Tombstones, hashed
from bot.sources.handles import repo_name

HANDLES = st.one_of(
    st.from_regex(r"[a-z0-9_]{1,15}", fullmatch=True),
    st.from_regex(r"[a-z][a-z0-9]{0,5}(\.[a-z][a-z0-9]{0,5}){1,3}", fullmatch=True),
    st.from_regex(r"[a-z0-9_]{1,8}(\.[a-z0-9_]{1,4})?@[a-z]{1,5}(\.[a-z]{2,5}){1,2}", fullmatch=True),
    st.sampled_from(["did:plc:abcdefghijklmnopqrstuvwx", "xn--bcher-kva.example", "a@xn--bcher-kva.example"]),
)


@given(st.lists(HANDLES, min_size=1, max_size=4, unique=True))
def test_every_handle_of_a_repo_is_found_in_its_name_hashed_tombstones_too(handles: list[str]) -> None:
    name = repo_name(handles)
    for handle in handles:
        assert handle in repo_people.possible(name)
        assert repo_people.in_name(handle, name)
        assert [
            each for each in repo_people.possible(name) if each in Tombstones({hashed(handle, "ab" * 8): 1})
        ]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b'{"handles": ["ada", "Bob"], "acc', ("ada", "bob")),
        (b'{"handles": [\n "ada",\n "bo', ("ada",)),
        (b'{"published": {"version": 2, "handles": ["ada"]}}', ("ada",)),
        (b'... "accounts": [{"handle": "ada", "name": ', ("ada",)),
        (b"\xff\xfe not ours", ()),
        (b'{"handles": ["$(id)", ""]}', ()),
    ],
)
def test_handles_are_read_out_of_what_is_left_of_a_manifest(data: bytes, found: tuple[str, ...]) -> None:
    assert repo_people.of_damaged(data) == found


@pytest.mark.parametrize("value", [None, 7, {"handles": 3}, {"handles": [1, None]}, ["ada"], "ada", {}])
def test_an_odd_front_matter_names_nobody(value: object) -> None:
    assert repo_people.of_front_matter(value) == ()


def test_a_long_name_is_no_burden() -> None:
    assert len(repo_people.possible("-".join("ab" * 16))) < 1000
