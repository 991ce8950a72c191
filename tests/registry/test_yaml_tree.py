from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from work import calls

from bot.registry import yaml_tree
from bot.registry.yaml_tree import Mapping, Scalar, Sequence, parse


@pytest.fixture(params=["CSafeLoader", "SafeLoader"], autouse=True)
def _loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every fact holds with the C library and without it."""
    monkeypatch.setattr(yaml_tree, "_Loader", getattr(yaml, request.param))


def fault(text: str) -> tuple[int, int, str]:
    (found,) = parse(text).faults
    return found.line, found.column, found.message


def root(text: str) -> Mapping:
    tree = parse(text)
    assert not tree.faults
    assert isinstance(tree.root, Mapping)
    return tree.root


@pytest.mark.parametrize(
    "word", ["no", "007", "1_000", "null", "on", "~", "1e5", "2026-11-20", "0x10", ".inf"]
)
def test_a_scalar_stays_the_text_that_was_written(word: str) -> None:
    value = root(f"key: [{word}]").get("key")
    assert isinstance(value, Sequence)
    (item,) = value.items
    assert isinstance(item, Scalar)
    assert item.text == word


def test_nodes_know_their_place_in_characters() -> None:
    value = root("# é\nfirst: é\nsecond: [é, ü]\n").get("second")
    assert isinstance(value, Sequence)
    assert (value.line, value.column) == (3, 9)
    assert (value.items[1].line, value.items[1].column) == (3, 13)


def test_a_byte_order_mark_moves_no_column() -> None:
    value = root("\ufeffa: b").get("a")
    assert value is not None
    assert (value.line, value.column) == (1, 4)


def test_a_repeated_key_keeps_the_first_and_remembers_both() -> None:
    node = root("a: 1\nb: 2\na: 3\n")
    assert [(first.line, second.line) for first, second in node.repeated] == [(1, 3)]
    value = node.get("a")
    assert isinstance(value, Scalar)
    assert value.text == "1"


@pytest.mark.parametrize(
    ("text", "is_null"),
    [("a:", True), ("a: ~", True), ("a: null", True), ('a: ""', False), ("a: 'null'", False)],
)
def test_null_is_distinguished_from_quoted_text(text: str, is_null: bool) -> None:
    value = root(text).get("a")
    assert isinstance(value, Scalar)
    assert value.is_null is is_null


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a: &x 1\n", (1, 4), "anchor &x"),
        ("a: !!str no", (1, 4), "tag"),
        ("a: {<<: {b: c}}", (1, 5), "merge key <<"),
        ("a: 1\n---\nb: 2\n", (2, 1), "second document"),
        ("a: 1\n? [b]\n: c\n", (2, 3), "key that is a list or a mapping"),
        ("handles: [@ada]", (1, 11), "cannot begin with @: write ada"),
        ("a:\n\t- b\n", (2, 1), "a tab: YAML is indented with spaces"),
        ("a: `b`", (1, 4), "cannot begin with `: quote it"),
        ("a: b: c", (1, 5), "quote a value that holds a colon"),
        ("a: 1\x00", (1, 5), "U+0000"),
        ("a: 1\nb: \u202eevil", (2, 4), "U+202E"),
        ("a: \ud800", (1, 4), "U+D800"),
    ],
)
def test_what_is_not_plain_yaml_is_one_fault_with_its_place(
    text: str, place: tuple[int, int], words: str
) -> None:
    line, column, message = fault(text)
    assert (line, column) == place
    assert words in message


def test_an_unclosed_bracket_is_reported_with_the_line_that_opened_it() -> None:
    assert "begins on line 2" in fault("a: 1\nb: [c,\nd: e\n")[2]


def test_every_kind_of_refused_construct_is_reported_in_one_run() -> None:
    messages = [each.message for each in parse("a: &x 1\nb: *x\nc: !t 2\nd: *x\n").faults]
    assert [message.split()[0] for message in messages] == ["anchor", "alias", "tag"]


BOMBS: dict[str, Callable[[], str]] = {
    "brackets": lambda: "[" * 100_000,
    "braces": lambda: "{a: " * 100_000,
    "dashes": lambda: "- " * 100_000,
    "questions": lambda: "? " * 100_000,
    "indented": lambda: "\n".join(" " * depth + "a:" for depth in range(300)),
    "aliases": lambda: (
        "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 99))
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_at_once(name: str) -> None:
    text = BOMBS[name]()
    tree = parse(text)
    assert tree.root is None
    assert 1 <= len(tree.faults) <= 2
    assert calls(lambda: parse(text)) < 100_000  # reading the whole of a large one takes millions


def test_too_many_values_are_one_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_tree, "BOUNDS", replace(yaml_tree.BOUNDS, values=10))
    assert "more than 10 values" in fault(f"a: [{'b, ' * 20}]")[2]
    assert not parse(f"a: [{'b, ' * 7}]").faults


@given(st.text(alphabet=st.characters(codec=None), max_size=200))
def test_no_text_raises(text: str) -> None:
    parse(text)


PIECES = [*"[]{},!|>#'\"%@\n\t\r\u2028é", "a: ", "- ", "  ", "&x ", "*x", ": ", "? ", "---"]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_no_yaml_like_text_raises_and_every_node_lies_in_the_text(text: str) -> None:
    tree = parse(text)
    if tree.root is not None:
        for scalar in yaml_tree.scalars(tree.root):
            assert 0 <= scalar.start.index <= scalar.end.index <= len(text)
