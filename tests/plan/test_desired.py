from __future__ import annotations

from pathlib import Path

from bot import registry
from bot.plan import desired
from bot.plan.inputs import Desired

HEAD = "version: 1\nnamespace: org\ncontact: https://example.org/removal\n"


def wanted(folder: Path, text: str, **resolved: str) -> dict[str, Desired]:
    loaded = registry.read_text((HEAD + text).encode(), folder / "registry.yaml")
    return {
        one.name: one for one in desired.desired(loaded, lambda base: resolved.get(base.replace("/", "_")))
    }


def test_an_entry_becomes_digests_and_a_base_is_resolved_once(tmp_path: Path) -> None:
    asked: list[str] = []
    text = (
        HEAD
        + "defaults: {source: jsonl, base: org/base, consent: self}\nmodels: [{handles: [a]}, {handles: [b]}]\n"
    )
    loaded = registry.read_text(text.encode(), tmp_path / "registry.yaml")
    one, two = desired.desired(loaded, lambda base: asked.append(base) or "commit")  # type: ignore[func-returns-value]
    assert asked == ["org/base"]
    assert one.base_revision == two.base_revision == "commit"
    assert (one.base, one.fault) == ("org/base", None)
    assert (one.asked, one.template) == (two.asked, two.template)
    assert one.card != two.card


def test_a_pinned_base_is_never_asked_for(tmp_path: Path) -> None:
    text = "models: [{handles: [a], source: jsonl, base: 'org/base@v1', consent: self}]\n"
    assert wanted(tmp_path, text, org_base="moved")["a"].base_revision is None


def test_what_cannot_be_made_is_a_fault_of_that_entry_alone(tmp_path: Path, tiny_base: Path) -> None:
    text = (
        f"defaults: {{base: ./gone, source: jsonl, consent: self}}\n"
        f"models: [{{handles: [a]}}, {{handles: [b], base: {tiny_base}}}, {{handles: [c d]}}, "
        f"{{handles: [e], source: x, base: {tiny_base}}}, "
        f"{{handles: [f], base: {tiny_base}, recipe: {{lora_rank: 4}}}}]\n"
    )
    made = wanted(tmp_path, text)
    assert "there is no such folder" in (made["a"].fault or "")
    assert made["b"].fault is None
    assert "terms_acknowledged" in (made["e"].fault or "")
    assert made["f"].fault is None
    (faulty,) = (one for name, one in made.items() if name not in {"a", "b", "e", "f"})
    assert "is not a handle" in (faulty.fault or "")


def test_a_fault_has_its_place_as_a_value(tmp_path: Path, tiny_base: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/odd.md.j2").write_text("x\n{% include 'gone.j2' %}\n")
    text = (
        f"defaults: {{base: {tiny_base}, source: jsonl, consent: self}}\n"
        "models:\n  - handles: [a]\n    template: odd\n  - handles: [b]\n    source: x\n  - handles: [c d]\n"
    )
    a, b, faulty = wanted(tmp_path, text).values()
    (problem,) = a.problems
    assert (problem.path, problem.line) == (str(tmp_path / "templates/odd.md.j2"), 2)
    (problem,) = b.problems  # what has no line of its own stands on the entry's
    assert (problem.path, problem.line) == (str(tmp_path / "registry.yaml"), 8)
    assert [problem.line for problem in faulty.problems] == [10]


def test_what_only_the_card_says_changes_only_the_cards_digest(tmp_path: Path) -> None:
    plain = wanted(tmp_path, "models: [{handles: [a], source: jsonl, consent: self}]\n")["a"]
    tagged = wanted(tmp_path, "models: [{handles: [a], source: jsonl, consent: self, tags: [x]}]\n")["a"]
    assert tagged.card != plain.card
    assert (tagged.asked, tagged.base, tagged.template) == (plain.asked, plain.base, plain.template)
