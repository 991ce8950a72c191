from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from registry_texts import EXAMPLE, HEAD, only, problems, read
from tiny_bases import write_base_files
from work import calls

from bot import registry
from bot.errors import RegistryError, UsageError
from bot.registry import entry as entry_module
from bot.registry.loader import MAX_BYTES


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder that holds what the example names."""
    (tmp_path / "private").mkdir()
    with zipfile.ZipFile(tmp_path / "private/my.zip", "w") as archive:
        archive.writestr("data/tweets.js", "[]")
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts/mydiary.jsonl").write_text("")
    write_base_files(tmp_path / "bases/tiny")
    return tmp_path


def test_the_example_of_the_design_is_read_whole(home: Path) -> None:
    found = read(EXAMPLE, home)
    assert not found.problems + found.warnings
    assert not found.faulty
    assert found.namespace == "my-org"
    assert found.contact == "https://example.org/removal"
    assert (found.store.url, found.store.keep) == (f"file://{home}/.bot/store", timedelta(days=30))
    assert (found.policy.consent, found.policy.removal, found.policy.max_copying) == (
        "required",
        "private",
        0.05,
    )
    assert (found.x.terms_acknowledged, found.x.monthly_reads) == (True, 20000)
    (tombstone,) = found.removed
    assert (tombstone.handles, tombstone.on) == (("dave_example",), date(2026, 11, 20))
    assert [entry.name for entry in found.entries] == [
        "ada_example-bob_example",
        "my_account",
        "carol.example.social",
        "mydiary",
    ]
    cyborg, own, carol, diary = found.entries
    assert (cyborg.source, cyborg.consent) == ("x", "https://example.org/agreed")
    assert (cyborg.line, cyborg.column) == (19, 5)
    assert (cyborg.prompts, cyborg.max_age, cyborg.min_new_posts) == (
        ("My dream is",),
        timedelta(days=90),
        100,
    )
    assert own.files == {"my_account": (f"{home}/private/my.zip",)}
    assert (carol.source, carol.files) == ("bluesky", {})
    assert diary.files == {"mydiary": (f"{home}/posts/mydiary.jsonl",)}
    assert diary.base == f"{home}/bases/tiny"


def test_the_registry_that_ships_asks_for_nothing() -> None:
    found = registry.load(Path(__file__).parent / "as_shipped.yaml")
    assert not found.problems + found.warnings
    assert not found.entries
    assert not found.removed
    assert found.namespace is None


def test_the_registry_here_is_the_one_that_ships_until_somebody_makes_it_theirs() -> None:
    here, shipped = Path(__file__).parents[2] / "registry.yaml", Path(__file__).parent / "as_shipped.yaml"
    assert registry.load(here).namespace is not None or here.read_text() == shipped.read_text()


def test_every_key_that_holds_nothing_counts_as_left_out(tmp_path: Path) -> None:
    empty = "version: 1\nnamespace:\ncontact:\nstore:\npolicy:\ndefaults:\nmodels:\nremoved:\nx:\n"
    found = read(empty, tmp_path)
    assert (found.entries, found.removed, found.namespace) == ((), (), None)
    assert found.policy.consent == "required"


def test_a_store_is_a_url_or_a_mapping(tmp_path: Path) -> None:
    def store(text: str) -> tuple[str, timedelta]:
        settings = read(f"store: {text}", tmp_path).store
        return settings.url, settings.keep

    month = timedelta(days=30)
    assert store("posts") == (f"file://{tmp_path}/posts", month)
    assert store("file:///data/posts") == ("file:///data/posts", month)
    assert store("s3://bucket/posts") == ("s3://bucket/posts", month)
    assert store("{url: 's3://bucket', keep: 2w}") == ("s3://bucket", timedelta(weeks=2))
    assert store("{keep: 0d}") == (f"file://{tmp_path}/.bot/store", timedelta(0))


def test_an_entrys_keys_win_over_the_defaults(tmp_path: Path) -> None:
    text = HEAD + (
        "defaults: {source: bluesky, consent: self, recipe: {epochs: 9, seed: 3}, tags: [a], license: mit, "
        "max_age: 12h, tracking: wandb, sensitive: yes}\n"
        "models:\n"
        "  - handles: [a.example.org]\n"
        "  - handles: [b]\n    source: x\n    recipe: {epochs: 2}\n    tags: [b, b]\n    license: null\n"
        "    max_age: 0d\n"
        "    sensitive: false\n    tracking: none\n    paused: true\n    min_new_posts: 0\n    prompts: [Hi, 'no']\n"
        "  - handles: [c.example.org]\n    recipe: classic\n"
    )
    first, second, third = read(text, tmp_path).entries
    assert (first.source, first.consent, first.tags, first.license) == ("bluesky", "self", ("a",), "mit")
    assert (first.recipe.epochs, first.recipe.seed, first.max_age) == (9, 3, timedelta(hours=12))
    assert (first.tracking, first.sensitive, first.paused) == ("wandb", True, False)
    assert (second.source, second.tags, second.license, second.max_age) == ("x", ("b",), None, timedelta(0))
    assert (second.recipe.epochs, second.recipe.seed) == (2, 3)
    assert (second.sensitive, second.tracking, second.paused) == (False, "none", True)
    assert (second.min_new_posts, second.prompts) == (0, ("Hi", "no"))
    assert (third.recipe.epochs, third.recipe.seed) == (4, 42)


def test_one_entrys_fault_leaves_the_others_sound(tmp_path: Path) -> None:
    found = read(
        HEAD + "models:\n  - {handles: [ada], consent: self}\n  - {handles: [bob, carol]}\n  - huh\n"
        "  - {handles: [bob, carol], consent: maybe, name: other}\n  - {handles: dora, consent: self}\n",
        tmp_path,
    )
    assert [entry.name for entry in found.entries] == ["ada"]
    assert [faulty.name for faulty in found.faulty] == ["bob-carol", "models[2]", "other", "dora"]
    assert found.faulty[0].handles == ("bob", "carol")
    assert [problem.line for problem in found.problems] == [7, 8, 9, 10]
    assert found.faulty[0].problems == found.problems[:1]


def test_faulty_entries_are_distinguished(tmp_path: Path) -> None:
    found = read(HEAD + "models:\n" + "  - {handles: [ada]}\n" * 2, tmp_path)
    assert [faulty.name for faulty in found.faulty] == ["ada", "ada (line 7)"]


def test_a_default_that_is_not_there_is_reported_and_stops_nothing_else(tmp_path: Path) -> None:
    text = (
        "version: 1\nnamespace: org\ncontact: https://example.org/r\nremoved: [{handles: [dave]}]\n"
        "defaults: {base: ./nowhere, template: fancy, source: jsonl}\nmodels: [{handles: [ada], consent: self}]\n"
    )
    found = registry.read_text(text.encode(), tmp_path / "registry.yaml")
    assert [(each.line, each.column) for each in found.problems] == [(5, 18), (5, 39)]
    assert found.entries[0].base == str(tmp_path / "nowhere")
    assert found.removed[0].handles == ("dave",)


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", (1, 1), "the registry is empty"),
        ("# nothing\n", (1, 1), "the registry is empty"),
        ("- a\n", (1, 1), "must be a mapping"),
        ("hello", (1, 1), "must be a mapping"),
        ("version: 2\n", (1, 10), "has format 2, and this bot"),
        ("modles: []\n", (1, 1), "unknown key 'modles'; did you mean 'models'?"),
        ("handles: [a]\n", (1, 1), "belongs to an entry of models:"),
        ("models: {a: b}\n", (1, 9), "models must be a list"),
        ("models: []\nmodels: []\n", (2, 1), "'models' stands twice, here and on line 1"),
        ("namespace: a--b\n", (1, 12), "the Hub would refuse it"),
        ("contact: http://example.org\n", (1, 10), "https:// address or mailto:"),
        ("contact: mailto:nobody\n", (1, 10), "https:// address or mailto:"),
        ("policy: {consent: optional}\n", (1, 19), "'optional' is not one of"),
        ("policy: {removal: deleted}\n", (1, 19), "did you mean 'delete'?"),
        ("policy: {max_copying: 5%}\n", (1, 23), "'5%' is not a number"),
        ("policy: {max_copying: 2}\n", (1, 23), "'2' is too large, the most is 1"),
        ("policy: strict\n", (1, 9), "policy must be a mapping"),
        ("store: {url: '', keep: 1d}\n", (1, 14), "url is empty"),
        ("store: {keep: 30}\n", (1, 15), "12h, 90d, 2w"),
        ("defaults: {handles: [a]}\n", (1, 12), "belongs to one entry, not to all"),
        ("defaults: {recipe: clasic}\n", (1, 20), "did you mean 'classic'?"),
        ("defaults: {recipe: {clip: inf}}\n", (1, 27), "clip must be a finite number"),
        ("removed: [dave]\n", (1, 11), "removed must be a mapping"),
        ("removed: [{on: 2026-01-01}]\n", (1, 11), "handles is missing"),
        ("removed: [{handles: []}]\n", (1, 21), "handles is empty"),
        ("removed: [{handles: [d a]}]\n", (1, 22), "'d a' is not a handle"),
        ("removed: [{handles: [d], on: 2026-13-01}]\n", (1, 30), "YEAR-MONTH-DAY"),
        ("x: {monthly_reads: many}\n", (1, 20), "'many' is not a whole number"),
        ('contact: "https://example.org/\\u202e"\n', (1, 10), "forbidden character (U+202E)"),
    ],
)
def test_what_makes_the_registry_unreadable_raises_with_its_place(
    tmp_path: Path, text: str, place: tuple[int, int], words: str
) -> None:
    with pytest.raises(RegistryError) as raised:
        read(text, tmp_path)
    line, column, message = only(text, tmp_path)
    assert (line, column) == place
    assert words in message
    assert str(raised.value).startswith(f"{tmp_path}/registry.yaml:{line}:{column}: ")


def test_an_unreadable_registry_says_its_entries_faults_too(tmp_path: Path) -> None:
    text = (
        "namespace: a\npolicy: {consent: huh}\nmodels:\n  - {handles: [a b], consent: self}\n  - {handles: [dave]}\n"
        "removed:\n  - {handles: [dave], on: x}\n  - {handels: [c]}\n"
    )
    with pytest.raises(RegistryError) as raised:
        read(text, tmp_path)
    assert [problem.line for problem in raised.value.problems] == [2, 4, 5, 5, 7, 8]


def test_a_tombstone_that_cannot_be_read_is_never_lost_in_silence(tmp_path: Path) -> None:
    text = HEAD + "models: [{handles: [ada], consent: self}]\nremoved: [{handles: [dave], reason: [x]}]\n"
    with pytest.raises(RegistryError):
        read(text, tmp_path)


@pytest.mark.parametrize(
    ("data", "place", "words"),
    [
        (b"a: \xe9", (1, 4), "not UTF-8 (byte 0xe9"),
        ("# é\nb: ".encode() + b"\xff", (2, 4), "not UTF-8"),
        ("a: b".encode("utf-16"), (1, 1), "not UTF-8"),
        (b"a: [\n", None, "not YAML"),
        (b"a: \0", (1, 4), "U+0000"),
        (b"[" * 100_000, (1, 101), "nesting deeper than 100"),
        (b"models: " + b"[" * 100_000, (1, 108), "nesting deeper than 100"),
        (b"x" * (MAX_BYTES + 1), (1, 1), "larger than 8 MiB"),
    ],
)
def test_hostile_bytes_are_one_line(
    tmp_path: Path, data: bytes, place: tuple[int, int] | None, words: str
) -> None:
    line, column, message = only(data, tmp_path)
    assert place in ((line, column), None)
    assert words in message
    assert "\n" not in message
    assert calls(lambda: only(data, tmp_path)) < 100_000


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(home: Path) -> None:
    found = read(b"\xef\xbb\xbf" + EXAMPLE.replace("\n", "\r\n").encode(), home)
    assert (found.entries[0].line, found.entries[0].column) == (19, 5)
    assert found.problems == ()


def test_a_missing_namespace_is_a_problem_once_there_are_models(tmp_path: Path) -> None:
    text = "contact: mailto:a@example.org\nmodels: [{handles: [ada.example.org], source: bluesky, consent: self}]\n"
    assert only(text, tmp_path)[::2] == (
        2,
        "namespace is missing: write namespace: with the user or organisation on the Hub",
    )
    assert len(read(text, tmp_path).entries) == 1


def test_what_weakens_the_registry_without_breaking_it_is_a_warning(tmp_path: Path) -> None:
    found = read("namespace: a\nmodels:\n  - {handles: [ada], consent: self}\n", tmp_path)
    assert found.problems == ()
    assert [(each.line, each.message.split()[0]) for each in found.warnings] == [
        (2, "contact"),
        (3, "source"),
    ]


def test_a_missing_file_is_a_usage_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no registry at .*nowhere\.yaml"):
        registry.load(tmp_path / "nowhere.yaml")
    with pytest.raises(UsageError, match="cannot be read"):
        registry.load(tmp_path)


def test_relative_paths_start_at_the_registrys_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "registry.yaml").write_text(EXAMPLE)
    (home / "elsewhere").mkdir()
    monkeypatch.chdir(home / "elsewhere")
    found = registry.load(Path("../registry.yaml"))
    assert found.problems == ()
    assert str(found.path) == "../registry.yaml"
    assert Path(found.entries[3].base).samefile(home / "bases/tiny")


def test_reading_ten_times_the_entries_is_ten_times_the_work() -> None:
    """`benchmarks/validate.py` measures seconds; this fails when something becomes quadratic."""

    def of_size(entries: int) -> str:
        return (
            HEAD
            + "models:\n"
            + "".join(
                f"  - handles: [user_{n}, other_{n}]\n    consent: self\n    tags: [a]\n"
                for n in range(entries)
            )
        )

    assert len(read(of_size(10_000), Path("/nowhere")).entries) == 10_000
    few = calls(lambda: read(of_size(200), Path("/nowhere")))
    many = calls(lambda: read(of_size(2_000), Path("/nowhere")))
    assert many < 12 * few


def test_reading_a_registry_imports_nothing_heavy() -> None:
    code = "import sys, bot.registry; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    heavy = {"torch", "transformers", "tweepy", "huggingface_hub", "rich", "fsspec", "PIL", "jinja2"}
    assert not heavy & set(ran.stdout.split())


PIECES = [
    *EXAMPLE.splitlines(keepends=True),
    *[
        "version: 1",
        "namespace: ",
        "models:",
        "  - handles: ",
        "[ada]",
        "[a, b]",
        "null",
        "~",
        "{}",
        "[]",
        ": ",
        "- ",
        "  ",
        "\n",
        "    source: x\n",
        "&a ",
        "*a",
        "!t ",
        "@",
        "x",
    ],
    *[
        "    archive: {ada: b}\n",
        "    jsonl: x\n",
        "    recipe: {epochs: 0}\n",
        "    recipe: [1]\n",
        "    name: -\n",
        "    consent: \n",
    ],
    *[
        "removed: [{handles: [a]}]\n",
        "defaults: [1]\n",
        "defaults: {base: ~}\n",
        "store: [x]\n",
        "x: 1\n",
        "policy: {consent: off}\n",
    ],
]


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_no_mutated_registry_raises_anything_but_a_registry_error(tmp_path: Path, text: str) -> None:
    try:
        found = read(text, tmp_path)
    except RegistryError:
        assert problems(text, tmp_path)
        return
    names = [each.name for each in found.entries] + [each.name for each in found.faulty]
    assert len(set(names)) == len(names)
    assert all(faulty.problems for faulty in found.faulty)
    assert list(found.problems) == sorted(found.problems)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_registry_error(tmp_path: Path, data: bytes) -> None:
    problems(data, tmp_path)


SCRAPS = st.sampled_from(["", "[", "}", ": ", "\n", "-", "é", "0", '"'])


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, len(EXAMPLE)), st.integers(0, 9), SCRAPS)))
def test_no_torn_registry_raises_anything_but_a_registry_error(
    tmp_path: Path, cuts: list[tuple[int, int, str]]
) -> None:
    text = EXAMPLE
    for at, length, put in cuts:
        text = text[:at] + put + text[at + length :]
    problems(text, tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: [1]", "version must be one word, not a list: 1"),
        ("version: [ada, ADA, '@ada']", "version must be one word, not a list: 1"),
        ("defaults:\n  source: {}", "source must be one word, not a mapping: 'x', 'archive'"),
        ("defaults: {tracking: [a]}", "tracking must be one word, not a list: 'none', 'wandb' or 'trackio'"),
        ("policy: {removal: {a: b}}", "removal must be one word, not a mapping: 'private' or 'delete'"),
        ("policy: {consent: [x]}", "consent must be one word, not a list: 'required'"),
        ("defaults: {recipe: {layout: [a]}}", "layout must be one word, not a list: 'packed' or 'stream'"),
        ("defaults: {base: " + "a" * 300 + "}", "is neither a folder nor a model's Hub id"),
        ("defaults: {base: ./" + "a" * 300 + "}", "base: there is no folder"),
        ("namespace: " + "a" * 20_001, "text of more than 20,000 characters is not read here"),
        ("defaults: {min_new_posts: " + "9" * 300 + "}", "is too large, the most is 1000000000"),
    ],
)
def test_a_value_of_another_kind_or_length_is_a_line(text: str, message: str, tmp_path: Path) -> None:
    assert any(message in problem.message for problem in problems(text, tmp_path))


def test_one_wrong_entry_leaves_the_others_sound(tmp_path: Path) -> None:
    wrong = "  - {handles: [b], source: [archive]}\n  - {handles: [c], tracking: {a: b}}\n"
    found = read(HEAD + "models:\n  - {handles: [a], consent: self}\n" + wrong, tmp_path)
    assert [entry.name for entry in found.entries] == ["a"]
    assert [faulty.name for faulty in found.faulty] == ["b", "c"]


def test_a_bug_in_reading_one_entry_is_its_own_and_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(file: Any, *_: Any) -> None:
        if file.paused:
            raise KeyError("surprise")

    monkeypatch.setattr(entry_module, "check_template", fail)
    models = "models:\n  - {handles: [a], consent: self}\n  - {handles: [b], consent: self, paused: true}\n"
    found = read(HEAD + models, tmp_path)
    assert [one.name for one in found.entries] == ["a"]
    (faulty,) = found.faulty
    assert (faulty.name, faulty.handles) == ("b", ("b",))
    assert "a bug in the bot (KeyError) stops this entry and no other" in faulty.problems[0].message
    assert "surprise" in caplog.text
