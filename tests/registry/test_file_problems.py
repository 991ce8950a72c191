"""Files that a registry names, opened one after the other within the time of a check."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from x_archives import members, pack, tweet

from bot import registry
from bot.registry.file_problems import file_problems


def test_after_its_time_a_check_opens_no_further_file_and_says_so(tmp_path: Path) -> None:
    line = json.dumps({"id": "1", "text": "All is well", "created_at": "2026-01-01T00:00:00Z"})
    names = ("ada", "bob", "carol")
    for name in names:
        (tmp_path / f"{name}.jsonl").write_text(line if name != "bob" else "no JSON")
    entries = "".join(
        f"  - {{handles: [{name}], source: jsonl, jsonl: {name}.jsonl, consent: self}}\n" for name in names
    )
    (tmp_path / "registry.yaml").write_text(
        f"version: 1\nnamespace: org\ncontact: https://example.org/removal\nmodels:\n{entries}"
    )
    loaded = registry.load(tmp_path / "registry.yaml")
    seconds = itertools.count()  # each look at the clock is a second later
    found = [
        problem.message for problem in file_problems(loaded, cpu_s=3, clock=lambda: float(next(seconds)))
    ]
    assert len(found) == 2
    assert "bob.jsonl" in found[0]
    assert "its files were not opened" in found[1]
    assert len(list(file_problems(loaded))) == 1


@pytest.mark.parametrize(
    "entry",
    [
        "handles: [ada_example]",
        "handles: [former_name], accounts: '4242'",
        "handles: [former_name], consent: https://example.org/agreed",
    ],
)
def test_what_is_proposed_for_the_archive_of_another_handle_is_accepted(entry: str, tmp_path: Path) -> None:
    """The sentence proposes the archive's handle, the id of its account, or an address as consent."""
    pack(tmp_path / "a.zip", members([tweet()], handle="ada_example"))
    head = "version: 1\nnamespace: org\ncontact: https://example.org/removal\nmodels:\n"

    def problems(keys: str) -> list[str]:
        consent = "" if "consent" in keys else ", consent: self"
        path = tmp_path / "registry.yaml"
        path.write_text(f"{head}  - {{{keys}{consent}, source: archive, archive: a.zip}}\n")
        return [problem.message for problem in file_problems(registry.load(path))]

    (said,) = problems("handles: [former_name]")
    assert "ada_example" in said
    assert "accounts: '4242'" in said
    assert problems(entry) == []
