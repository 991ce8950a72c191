from __future__ import annotations

from pathlib import Path

import pytest

from bot.__main__ import main

TEXT = """\
# The fleet.
version: 1
namespace: org
contact: https://example.org/removal
models:
  # Ada came first.
  - handles: [ada]   # a comment that stays
    consent: self
  - handles: [bob, ada]
    consent: self
x: {terms_acknowledged: true}
"""


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    path = tmp_path / "registry.yaml"
    path.write_text(TEXT)
    return path


def bot(registry: Path, *args: str) -> int:
    return main([*args, "--registry", str(registry)])


def test_validate_says_how_many_models_there_are(registry: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bot(registry, "validate") == 0
    assert capsys.readouterr().out == f"{registry}: 2 models, no problems\n"


def test_validate_prints_every_problem_with_its_place(
    registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry.write_text(TEXT.replace("[bob, ada]", "[b-b]").replace("namespace: org", "namespace: -org"))
    assert bot(registry, "validate") == 2
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[1:3] for line in lines] == [["3", "12"], ["9", "15"]]
    assert all(line.startswith(f"{registry}:") for line in lines)


def test_add_keeps_every_other_byte_and_the_result_validates(registry: Path) -> None:
    assert bot(registry, "add", "@Cleo", "--consent", "self") == 0
    after = registry.read_text()
    assert after.startswith(TEXT[: TEXT.index("x: {terms")])
    assert after.endswith("x: {terms_acknowledged: true}\n")
    assert "cleo" in after
    assert bot(registry, "validate") == 0


def test_add_refuses_what_is_listed_already(registry: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bot(registry, "add", "ADA", "--consent", "self") == 2
    assert "ada" in capsys.readouterr().err
    assert registry.read_text() == TEXT


def test_remove_takes_the_person_out_of_cyborgs_too_and_for_good(registry: Path) -> None:
    assert bot(registry, "remove", "ada", "--reason", "asked to") == 0
    after = registry.read_text()
    assert "removed:" in after
    assert "bob" not in after
    assert "asked to" in after
    assert bot(registry, "validate") == 0
    assert bot(registry, "add", "ada", "--consent", "self") == 2


def test_remove_says_what_it_read_again_and_what_is_still_there(
    registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bot(registry, "remove", "@Ada", "--reason", "asked to", "--private") == 0
    said = capsys.readouterr().out
    assert "the file was read again: it holds a tombstone, and no entry of theirs" in said
    assert "still there: models on the hub" in said
    assert "docs/removal.md" in said


def test_remove_needs_a_reason(registry: Path) -> None:
    assert bot(registry, "remove", "ada") == 2
    assert registry.read_text() == TEXT


def test_an_edit_keeps_the_files_mode_and_leaves_nothing_behind(registry: Path) -> None:
    registry.chmod(0o640)
    assert bot(registry, "add", "cleo", "--consent", "self") == 0
    assert registry.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in registry.parent.iterdir()] == ["registry.yaml"]


def test_a_registry_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bot(tmp_path / "no.yaml", "add", "ada") == 2
    assert "no registry at" in capsys.readouterr().err
