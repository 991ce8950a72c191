from __future__ import annotations

import pytest
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils._validators import validate_repo_id
from hypothesis import given
from hypothesis import strategies as st

from bot.registry.hub_names import is_model_id, is_tag, refusal


@pytest.mark.parametrize(
    "name", ["a" * 97, "a--b", "-a", "a-", ".a", "a.", "a..b", "a.git", "a/b", "", "é", "a b", "a\n"]
)
def test_names_that_the_hub_refuses_are_refused_with_a_reason(name: str) -> None:
    assert refusal(name)


@pytest.mark.parametrize("name", ["a", "a" * 96, "_a_", "a-b", "A.b", "007"])
def test_names_that_the_hub_takes_are_taken(name: str) -> None:
    assert refusal(name) is None


@given(st.text(alphabet="aZ0_-.é/ ", max_size=100).filter(bool))
def test_a_name_taken_here_is_taken_by_the_hubs_client(name: str) -> None:
    if refusal(name) is None:
        validate_repo_id(f"my-org/{name}")
    elif "/" not in name:
        try:
            validate_repo_id(f"my-org/{name}")
        except HFValidationError:
            return
        # The client lets a letter of another alphabet through, and a dash before an underscore; the Hub does not.
        assert not name.isascii() or name[0] in "-." or name[-1] in "-."


@pytest.mark.parametrize(
    ("text", "is_id"),
    [
        ("openai-community/gpt2", True),
        ("gpt2", True),
        ("a/b@main", True),
        ("a/b@refs/pr/1", True),
        ("a/b@", False),
        ("a/b@../x", False),
        ("a/b/c", False),
        ("a b", False),
        ("", False),
        ("/", False),
        ("@x", False),
    ],
)
def test_model_ids_are_distinguished_from_other_text(text: str, is_id: bool) -> None:
    assert is_model_id(text) is is_id


@pytest.mark.parametrize(
    ("text", "tag"),
    [("poetry", True), ("license:mit", True), ("a b", False), ("-a", False), ("a" * 65, False)],
)
def test_tags_are_single_words(text: str, tag: bool) -> None:
    assert is_tag(text) is tag
