from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from registry_texts import EXAMPLE, HEAD, read

from bot.errors import UsageError
from bot.registry.edit import add, remove, set_store
from bot.sources import handles

DAY = date(2026, 11, 20)
NOWHERE = Path("/nowhere")
SHIPPED = (Path(__file__).parent / "as_shipped.yaml").read_text()


def test_adding_to_the_registry_that_ships_changes_its_one_line() -> None:
    text = add(SHIPPED, ["@Ada", "Bob"], consent="self")
    entry = "models:\n  - handles: [ada, bob]\n    consent: self\n"
    assert text == SHIPPED.replace("models: []\n", entry)
    both = add(text, ["carol.example.social"], source="bluesky", consent="https://example.org/agreed")
    carol = (
        "  - handles: [carol.example.social]\n    source: bluesky\n    consent: https://example.org/agreed\n"
    )
    assert both == SHIPPED.replace("models: []\n", entry + carol)


def test_removing_takes_entries_and_cyborgs_and_leaves_a_tombstone() -> None:
    text = HEAD + (
        "models:\n  # Ada alone\n  - {handles: ['@ADA'], consent: self}\n  - {handles: [bob], consent: self}\n"
        "  # both\n  - handles: [bob, ada]\n    consent: self\n    # paused: true\n\n# the end\n"
    )
    after = HEAD + (
        "models:\n  - {handles: [bob], consent: self}\n\n# the end\n"
        'removed:\n  - handles: [ada]\n    on: 2026-11-20\n    reason: "asked by mail"\n'
    )
    assert remove(text, "https://x.com/Ada", reason="asked\n by mail", on=DAY) == after
    found = read(after, NOWHERE)
    assert [entry.name for entry in found.entries] == ["bob"]
    assert found.removed[0].handles == ("ada",)
    assert found.problems == ()


def test_a_person_whom_no_entry_names_can_be_removed_as_well() -> None:
    text = remove(EXAMPLE, "someone_else", on=DAY)
    after = "  - handles: [dave_example]\n    on: 2026-11-20\n"
    assert text == EXAMPLE.replace(after, after + "  - handles: [someone_else]\n    on: 2026-11-20\n")


def test_a_removed_person_whom_an_entry_names_again_loses_that_entry_only() -> None:
    text = HEAD + "models: [{handles: [dave]}, {handles: [bob]}]\nremoved: [{handles: [dave]}] # people\n"
    assert remove(text, "dave", on=DAY) == text.replace("{handles: [dave]}, ", "", 1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            {"handles": ["bob_example", "@ADA_example"]},
            r"'ada_example-bob_example' is already listed \(line 19\)",
        ),
        ({"handles": ["bob_example", "dave_example"]}, r"'dave_example' was removed \(line 34\)"),
        ({"handles": ["ada"], "name": "MyDiary"}, r"'MyDiary' is already listed \(line 28\)"),
        ({"handles": ["a b"]}, "not a handle of source x"),
        ({"handles": ["ada"], "source": "bluesky"}, "not a handle of source bluesky"),
        ({"handles": ["ada"], "source": "blue"}, "no source 'blue'"),
        ({"handles": []}, "name 1 to 10 handles"),
        ({"handles": list("abcdefghijk")}, "name 1 to 10 handles: 11"),
        ({"handles": ["ada"], "consent": None}, "asks for consent: give --consent self"),
        ({"handles": ["ada"], "consent": "yes"}, "give self, or the https:// address"),
        ({"handles": ["ada"], "name": "a--b"}, "would refuse the name 'a--b'"),
        ({"handles": ["ada", "bob"], "archive": "a.zip"}, "one file cannot hold several accounts"),
    ],
)
def test_what_cannot_be_added_is_said(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        add(EXAMPLE, **({"consent": "self"} | arguments))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("handle", "words"), [("dave_example", r"removed already \(line 34\)"), ("d a", "not a handle")]
)
def test_what_cannot_be_removed_is_said(handle: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        remove(EXAMPLE, handle, on=DAY)


@pytest.mark.parametrize("text", ["a: [", "- a", "models: []\nmodels: []\n", "models: {a: b}", "a: &x 1"])
def test_a_broken_registry_is_not_edited(text: str) -> None:
    with pytest.raises(UsageError, match="cannot be edited"):
        add(text, ["ada"], consent="self")
    with pytest.raises(UsageError, match="cannot be edited"):
        remove(text.replace("models", "removed"), "ada", on=DAY)


def test_a_reason_with_hidden_characters_is_refused() -> None:
    with pytest.raises(UsageError, match=r"U\+202E"):
        remove(SHIPPED, "ada", reason="a\u202eb", on=DAY)


def test_a_private_tombstone_has_no_reason_that_names_the_person() -> None:
    for reason in ("@Ada asked", "as ADA wished"):
        with pytest.raises(UsageError, match="without the handle"):
            remove(SHIPPED, "ada", reason=reason, on=DAY, private=True)
    assert "a Canadian wish" in remove(SHIPPED, "ada", reason="a Canadian wish", on=DAY, private=True)
    assert "as ada wished" in remove(SHIPPED, "ada", reason="as ada wished", on=DAY)


def test_the_file_says_the_source_and_the_defaults_are_not_repeated() -> None:
    assert "    source: archive\n    archive: a b.zip\n" in add(
        SHIPPED, ["ada"], archive="a b.zip", consent="self"
    ).replace('"', "")
    text = HEAD + "defaults: {source: mastodon, consent: self}\n"
    assert add(text, ["u@a.example"]) == text + "models:\n  - handles: [u@a.example]\n"
    assert add(text, ["ada"], source="x") == text + "models:\n  - handles: [ada]\n    source: x\n"


def test_a_byte_order_mark_and_windows_line_ends_stay() -> None:
    text = "\ufeff" + SHIPPED.replace("\n", "\r\n")
    after = remove(add(text, ["ada"], consent="self"), "ada", on=DAY)
    assert after.startswith("\ufeff#")
    assert after.count("\n") == after.count("\r\n")
    assert (
        after.replace("removed:\r\n  - handles: [ada]\r\n    on: 2026-11-20\r\n", "removed: []\r\n") == text
    )


# Registries in every layout: block and flow, with comments and blank lines anywhere, indented as people do.

HANDLES = ["ada", "bob", "carol", "dora", "no", "007"]
people = st.lists(st.sampled_from(HANDLES), min_size=1, max_size=3, unique=True)
notes = st.sampled_from(["", "", "", " # a note", " # - {x: y}"])


@st.composite
def block_entries(draw: st.DrawFn, extra: str) -> str:
    """A list under a key, an entry in a few lines, comments around it."""
    indent = draw(st.sampled_from(["", "  ", "    "]))
    lines = []
    for who in draw(st.lists(people, min_size=1, max_size=4)):
        lines += draw(st.sampled_from([[], [""], [f"{indent}# about {who[0]}"], ["", "# aside"]]))
        written = ", ".join(draw(st.sampled_from([name, f"'{name}'"])) for name in who)
        match draw(st.integers(0, 3)):
            case 0:
                lines.append(f"{indent}- {{handles: [{written}], {extra}}}{draw(notes)}")
            case 1:
                lines += [f"{indent}- handles: [{written}]{draw(notes)}", f"{indent}  {extra}{draw(notes)}"]
            case 2:
                lines += [f"{indent}-", f"{indent}  handles:", *(f"{indent}    - {name}" for name in who)]
                lines += [f"{indent}  {extra}", *draw(st.sampled_from([[], [f"{indent}  # paused: true"]]))]
            case _:
                lines += [f"{indent}-   {extra}", f"{indent}    handles: [{written},", f"{indent}      ]"]
    return draw(notes) + "\n" + "".join(f"{line}\n" for line in lines)


@st.composite
def flow_entries(draw: st.DrawFn, extra: str) -> str:
    """A list in brackets, on one line or over several."""
    gap = draw(st.sampled_from([" ", "\n  ", "\n    # aside\n    "]))
    entries = [f"{{handles: [{', '.join(who)}], {extra}}}" for who in draw(st.lists(people, max_size=4))]
    tail = draw(st.sampled_from(["", ","])) if entries else ""
    close = "" if gap == " " else draw(st.sampled_from(["\n", "\n  # last\n  "]))
    return f" [{gap if close else ''}{f',{gap}'.join(entries)}{tail}{close}]{draw(notes)}\n"


@st.composite
def registries(draw: st.DrawFn) -> str:
    """A registry with models and tombstones, or without either key, its sections in any order."""
    empty = st.sampled_from([" []\n", "\n", " ~ # none\n", " []  # none\n", None])
    sections = [HEAD]
    for key, extra in (("models", "consent: self"), ("removed", "reason: asked")):
        body = draw(st.one_of(block_entries(extra), flow_entries(extra), empty))
        if body is not None:
            sections.append(f"{key}:{body}")
    text = draw(st.sampled_from(["", "\n", "# between\n"])).join(draw(st.permutations(sections)))
    text += draw(st.sampled_from(["", "# the end", "\n\n", "...\n"]))
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


def listed(text: str) -> list[tuple[str, ...]]:
    """The handles of every entry, sound or faulty, in the file's order."""
    found = read(text, NOWHERE)
    places = {(entry.line, entry.column): entry.handles for entry in found.entries}
    for faulty in found.faulty:
        places[faulty.problems[0].line, faulty.problems[0].column] = faulty.handles
    return [who for _, who in sorted(places.items())]


def comments(text: str) -> list[str]:
    return re.findall(r"#[^\r\n]*", text)


@settings(max_examples=150, deadline=None)
@given(registries())
def test_adding_to_any_registry_keeps_every_line_and_validates(text: str) -> None:
    before = read(text, NOWHERE)
    after = add(text, ["zoe"], consent="self")
    found = read(after, NOWHERE)
    assert found.removed == before.removed
    assert len(found.problems) == len(before.problems)
    assert [each.handles for each in found.entries] == [*(each.handles for each in before.entries), ("zoe",)]
    assert comments(after) == comments(text)
    old = [line.strip().rstrip(",") for line in text.splitlines()]
    kept = [line.strip().rstrip(",") for line in after.splitlines()]
    gone = [line for line in old if line not in kept]
    assert len(gone) <= 1  # the line of models: itself, or of its brackets


@settings(max_examples=150, deadline=None)
@given(registries(), st.sampled_from([*HANDLES, "zoe"]))
def test_removing_from_any_registry_leaves_no_trace_of_the_person_alone(text: str, handle: str) -> None:
    before = read(text, NOWHERE)
    gone = any(handle in each.handles for each in before.removed)
    if gone and not any(handle in each for each in listed(text)):
        with pytest.raises(UsageError, match="removed already"):
            remove(text, handle, on=DAY)
        return
    after = remove(text, handle, reason="asked", on=DAY)
    found = read(after, NOWHERE)
    assert listed(after) == [each for each in listed(text) if handle not in each]
    assert [each.handles for each in found.removed] == [
        *(each.handles for each in before.removed),
        *([] if gone else [(handle,)]),
    ]
    assert not any(
        handle in problem.message for problem in found.problems if "was removed" in problem.message
    )
    entries = len(listed(text)) - len(listed(after))
    assert after.count("# the end") == text.count("# the end")
    assert after.count("# between") == text.count("# between")
    if not entries:
        assert comments(after) == comments(text)


@settings(max_examples=60, deadline=None)
@given(registries())
def test_what_is_added_and_removed_again_leaves_the_rest_as_it_was(text: str) -> None:
    after = remove(add(text, ["zoe"], consent="self"), "zoe", on=DAY)
    assert listed(after) == listed(text)
    assert comments(after) == comments(text)
    assert handles.repo_name(["zoe"]) not in [entry.name for entry in read(after, NOWHERE).entries]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("version: 1\nstore: file://a # x\n", "version: 1\nstore: hf://buckets/org/posts # x\n"),
        ("store: {url: a, keep: 3d}\n", "store: {url: hf://buckets/org/posts, keep: 3d}\n"),
    ],
)
def test_the_store_is_set_and_all_else_stays(before: str, after: str) -> None:
    assert set_store(before, "hf://buckets/org/posts") == after


def test_a_store_that_cannot_be_set_is_said_with_the_line_to_write() -> None:
    with pytest.raises(UsageError, match=r"write the line by hand: \{'store': 'hf://buckets/org/posts'\}"):
        set_store("store: {keep: 3d}\n", "hf://buckets/org/posts")
