"""Templates beside a registry, through the command: what a change of one re-renders, and what it leaves alone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from card_reader import body_of, by_cmark
from fleets import Fleet

from bot.render import escape


@pytest.fixture
def fleet(tmp_path: Path, tiny_base: Path) -> Fleet:
    """Two models; `bob` has a template of his own."""
    made = Fleet(tmp_path, tiny_base)
    made.posts("ada", 250)
    made.posts("bob", 250, seed=2)
    made.entry("ada")
    made.entry("bob", extra=", template: short")
    made.write()
    (tmp_path / "templates" / "model_card").mkdir(parents=True)
    (tmp_path / "templates" / "short.md.j2").write_text(
        "# {{ names[0] }}, shortly\n\n{% include 'model_card/removal.md.j2' %}\n"
    )
    assert made.outcomes()[0] == 0
    return made


def test_a_changed_template_renders_its_cards_again_and_touches_nothing_else(fleet: Fleet) -> None:
    before, times = fleet.state(), stamps(fleet)
    assert fleet.actions() == {"ada": "ok", "bob": "ok"}
    part = fleet.folder / "templates" / "model_card" / "limits.md.j2"
    part.write_text("## Limitations and bias\n\nIt invents. {{ posts }}\n")
    assert fleet.actions() == {"ada": "card", "bob": "ok"}
    code, outcomes = fleet.outcomes("--max-change", "100%")
    assert (code, outcomes["ada"]["action"], outcomes["ada"]["result"]) == (0, "card", "done")
    assert re.fullmatch(r"\w+", outcomes["ada"]["commit"])
    assert "It invents. posts" in (fleet.published("ada") / "README.md").read_text()
    after = fleet.state()
    touched = {path for path in after if after[path] != before.get(path) and path.startswith("org/")}
    assert touched == {"org/ada/README.md", "org/ada/bot.json"}
    assert sum(len(after[path]) for path in touched) < 64 * 1024
    weights = fleet.published("ada") / "model.safetensors"
    assert (weights.stat().st_ino, weights.stat().st_mtime_ns) == times["ada"]

    part.unlink()
    short = fleet.folder / "templates" / "short.md.j2"
    short.write_text(short.read_text() + "\nA last line.\n")
    assert fleet.actions() == {"ada": "card", "bob": "card"}
    code, outcomes = fleet.outcomes("--max-change", "100%")
    assert {outcome["result"] for outcome in outcomes.values()} == {"done"}
    assert len({outcome["commit"] for outcome in outcomes.values()}) == 2
    assert (fleet.published("ada") / "README.md").read_bytes() == before["org/ada/README.md"]
    assert stamps(fleet) == times
    assert fleet.actions() == {"ada": "ok", "bob": "ok"}


def stamps(fleet: Fleet) -> dict[str, tuple[int, int]]:
    """Which file the weights are, and when they were written."""
    found = {name: (fleet.published(name) / "model.safetensors").stat() for name in ("ada", "bob")}
    return {name: (one.st_ino, one.st_mtime_ns) for name, one in found.items()}


def test_render_uses_the_entrys_template_and_a_partial_beside_the_registry(
    fleet: Fleet, tmp_path: Path
) -> None:
    assert fleet.run("render", "bob", "--out", str(tmp_path / "out"))[0] == 0
    body = body_of((tmp_path / "out" / "README.md").read_text())
    assert body.startswith("\n# bob, shortly\n\n## Removal\n")
    (fleet.folder / "templates" / "model_card" / "removal.md.j2").write_text(
        "## Removal\n\nAsk {{ contact }}.\n"
    )
    assert fleet.run("render", "ada", "--out", str(tmp_path / "ada"))[0] == 0
    readme = (tmp_path / "ada" / "README.md").read_text()
    assert "Ask https&#58;&#47;&#47;example&#46;org" in readme
    assert "## Bias, risks and limitations" in readme
    (fleet.folder / "templates" / "short.md.j2").write_text("{{ mispelt }}")
    assert fleet.run("render", "bob", "--out", str(tmp_path / "bad"))[0] == 2
    assert not (tmp_path / "bad").exists()


def test_the_cards_snippet_runs_as_printed_and_prints_what_the_card_shows(fleet: Fleet) -> None:
    readme = (fleet.published("ada") / "README.md").read_text()
    page = by_cmark(body_of(readme))
    # The printed id is found as a folder below the hub: no letter of the snippet is changed.
    answer = subprocess.run(
        [sys.executable, "-c", page.code[0]],
        cwd=fleet.folder / "hub",
        capture_output=True,
        check=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", "PYTHONIOENCODING": "utf-8"},
    )
    samples = json.loads((fleet.published("ada") / "bot.json").read_text())["samples"]
    asked = [one for one in samples if one["prompt"] == samples[0]["prompt"]]
    assert not any(one["copied"] for one in asked)
    assert answer.stdout.decode() == "".join(f"{one['prompt']}{one['text']}\n" for one in asked)
    whole = [" ".join(escape.clean(one["prompt"] + one["text"]).split()) for one in asked]
    assert {" ".join(quote.split()) for quote in page.quotes[1:]} == set(whole)
