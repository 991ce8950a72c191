from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import UsageError
from bot.github import event


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"[]", "the event is no JSON object"),
        (b"{", "the event is not JSON"),
        (b'{"a": ' + b"[" * 100_000, "the event is nested deeper than 64 levels, which GitHub never sends"),
        (b'{"a": "\\ud800"}', "the event holds half of a surrogate pair"),
        (b'{"a": 1e999}', "the event holds a number beyond all bounds"),
    ],
)
def test_an_event_that_github_never_sends_is_a_sentence(
    content: bytes, complaint: str, tmp_path: Path
) -> None:
    (tmp_path / "event.json").write_bytes(content)
    with pytest.raises(UsageError, match=complaint):
        event.read({"GITHUB_EVENT_PATH": str(tmp_path / "event.json")})


def test_what_people_typed_is_read_as_text(tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text('{"issue": {"body": "a", "number": 3}}')
    read = event.read({"GITHUB_EVENT_PATH": str(tmp_path / "event.json")})
    assert (event.text(read, "issue", "body"), event.text(read, "issue", "number")) == ("a", "")
