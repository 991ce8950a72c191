from __future__ import annotations

import io
import json
from typing import Any

import pytest

from bot.errors import SourceError
from bot.sources.archives import ytd


def read(data: bytes) -> list[dict[str, Any]]:
    return list(ytd.records(io.BytesIO(data), "a.zip: data/tweets.js"))


@pytest.fixture(params=[1, 3, 64, 1 << 20])
def chunk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ytd, "CHUNK", request.param)


@pytest.mark.parametrize(
    "prefix", ["", "window.YTD.tweets.part0 = ", " window.YTD.tweet.part12=\n", "\ufeff"]
)
@pytest.mark.parametrize("suffix", ["", ";", " \n;\n"])
@pytest.mark.usefixtures("chunk")
def test_records_are_read_whatever_the_chunks(prefix: str, suffix: str) -> None:
    values = [{"a": "é🦜]}", "b": [1, {"c": None}]}, {}, {"d": '\\"'}]
    data = (prefix + json.dumps(values, indent=1, ensure_ascii=False) + suffix).encode()
    assert read(data) == values


def test_an_empty_array_has_no_records() -> None:
    assert read(b"window.YTD.tweets.part0 = [ ]") == []


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "does not begin as X's files do"),
        (b"<html>", "does not begin as X's files do"),
        (b"window.YTD.tweets.part0 = ", "does not begin as X's files do"),
        (b"x = [", "cut short or damaged at record 1"),
        (b'x = [{"a": "canary"}', "cut short or damaged at record 2"),
        (b'x = [{"a": 1}, {"a": "cana', "cut short or damaged at record 2"),
        (b'x = [{"a": 1}, {"a": canary}]', "cut short or damaged at record 2"),
        (b'x = [{"a": 1}, 5]', "record 2 is not an object"),
        (b'x = [{"a": 1}] canary', "something stands after its last record"),
        (b'x = [{"a": "\xff canary"}]', "it is not UTF-8"),
        (b"x = [" + b'{"a":' * 100_000, "record 1 is nested too deeply or holds a number too long"),
        (b'x = [{"a": ' + b"9" * 5000 + b"}]", "record 1 is nested too deeply or holds a number too long"),
    ],
)
def test_what_is_no_such_file_is_named_without_its_text(data: bytes, complaint: str) -> None:
    with pytest.raises(SourceError, match=complaint) as caught:
        read(data)
    assert str(caught.value).startswith("a.zip: data/tweets.js: ")
    assert "canary" not in str(caught.value)


def test_a_record_without_end_is_given_up_before_it_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ytd, "CHUNK", 1000)
    monkeypatch.setattr(ytd, "LONGEST_RECORD", 10_000)
    stream = io.BytesIO(b'x = [{"a": "' + b"a" * 10_000_000)
    with pytest.raises(SourceError, match="damaged at record 1"):
        list(ytd.records(stream, "a.zip: data/tweets.js"))
    assert stream.tell() < 100_000


def test_a_value_is_read_whole_and_refused_when_damaged() -> None:
    assert ytd.value(io.BytesIO(b'window.__THAR_CONFIG = {"a": [1]};\n'), "m") == {"a": [1]}
    with pytest.raises(SourceError, match="cut short or damaged"):
        ytd.value(io.BytesIO(b'window.__THAR_CONFIG = {"a": [1'), "m")
