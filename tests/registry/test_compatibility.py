"""A registry that this version must not read is refused with one sentence, and nothing is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from registry_texts import HEAD, problems, read

from bot import __version__, registry
from bot.__main__ import main
from bot.errors import RegistryError
from bot.registry.compatibility import incompatibilities
from bot.registry.yaml_tree import Mapping, parse

ENTRY = "models:\n  - {handles: [ada], source: jsonl, consent: self}\n"


def refusals(asked: str, version: str) -> int:
    root = parse(f"requires: '{asked}'\n").root
    assert isinstance(root, Mapping)
    return len(list(incompatibilities(root, version)))


@pytest.mark.parametrize(
    ("asked", "version", "refused"),
    [
        (">=0.2", "0.2.0", False),
        (">=0.2", "0.1.9", True),
        (">=0.2,<0.4", "0.4.0", True),
        ("~=0.2", "0.9", False),
        ("==0.2.*", "0.2.7", False),
        (">=0.2", "0.3.0.dev4", False),
        (">=0.2", "0.2.1+g123abc", False),
    ],
)
def test_a_specifier_admits_what_pep_440_says_development_versions_too(
    asked: str, version: str, refused: bool
) -> None:
    assert refusals(asked, version) == int(refused)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (
            "version: 2\nmodels: {what: only a newer bot knows}\n",
            1,
            f"has format 2, and this bot ({__version__})",
        ),
        ("version: 1\nrequires: '>=99'\nnovelties: []\n", 2, f"a bot '>=99', and this one is {__version__}"),
    ],
)
def test_a_newer_registry_is_one_problem_that_names_the_way_back(
    text: str, line: int, words: str, tmp_path: Path
) -> None:
    with pytest.raises(RegistryError) as caught:
        read(text, tmp_path)
    (problem,) = caught.value.problems
    assert problem.line == line
    assert words in problem.message
    assert "docs/upgrading.md" in problem.message
    assert "nothing was written" in problem.message


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("'>=2,<1'", "no version can satisfy it"),
        ("0.2", "write a version specifier"),
        ("''", "write a version specifier"),
        ("'>= the newest'", "write a version specifier"),
        ("[1]", "must be a single text"),
        ("'" + ">=1," * 100 + "'", "too long"),
        ("'==" + "9" * 190 + "'", "a bot '=="),
    ],
)
def test_a_requirement_that_means_nothing_is_a_fault_on_its_line(
    asked: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(RegistryError) as caught:
        read(f"version: 1\nrequires: {asked}\n", tmp_path)
    (problem,) = caught.value.problems
    assert (problem.line, words in problem.message) == (2, True), problem.message


def test_a_requirement_that_is_met_changes_nothing(tmp_path: Path) -> None:
    assert not problems(HEAD + "requires: '>=0.2'\n" + ENTRY, tmp_path)


@pytest.mark.parametrize(
    "top", ["version: 2", "version: 1\nrequires: '>=99'", "version: 1\nrequires: '>=2,<1'"]
)
@pytest.mark.parametrize(
    "command",
    [
        ["validate"],
        ["plan", "--out", "plan.json"],
        ["apply", "--report", "outcomes.json"],
        ["add", "bob", "--source", "jsonl", "--consent", "self"],
        ["remove", "ada", "--reason", "asked"],
        ["purge", "ada"],
        ["takedown", "--handle", "ada", "--reason", "asked"],
        ["site", "--out", "site"],
    ],
    ids=lambda command: command[0],
)
def test_every_command_ends_with_exit_2_and_writes_nothing(
    command: list[str], top: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOT_HUB", "dir:hub")
    (tmp_path / "registry.yaml").write_text(f"{top}\nnamespace: org\n{ENTRY}")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert main(command) == 2
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("hub", "write dir:PATH"),
        ("'dir:'", "write dir:PATH"),
        ("http://example.org", "write dir:PATH"),
        ("https://", "write dir:PATH"),
        ("'https://example.org/?a=b'", "write dir:PATH"),
        ("https://name:secret@example.org", "set BOT_HUB"),
        ("[a]", "must be a single text"),
        ("'https://[::1'", "write dir:PATH"),
    ],
)
def test_a_hub_that_is_none_is_a_fault_on_its_line(target: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(RegistryError) as caught:
        read(f"version: 1\nhub: {target}\n", tmp_path)
    (problem,) = caught.value.problems
    assert problem.line == 2
    assert words in problem.message


@pytest.mark.parametrize(
    ("target", "read_as"),
    [
        ("https://hub.example.org", "https://hub.example.org"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("dir:repos", "dir:FOLDER/repos"),
        ("dir:/repos", "dir:/repos"),
    ],
)
def test_a_hub_is_an_address_or_a_folder_from_the_registrys(
    target: str, read_as: str, tmp_path: Path
) -> None:
    found = read(f"version: 1\nhub: {target}\n", tmp_path)
    assert found.hub == read_as.replace("FOLDER", str(tmp_path))


def test_a_strangers_hub_outside_of_their_repository_is_not_looked_at(tmp_path: Path) -> None:
    with pytest.raises(RegistryError) as caught:
        registry.read_text(b"version: 1\nhub: dir:../x\n", tmp_path / "registry.yaml", within=tmp_path)
    assert "is outside of the repository" in str(caught.value.problems[0])
