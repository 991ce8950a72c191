"""templates/README.md against what templates are really given, and really use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
import pytest
from card_facts import CARDS, manifest
from jinja2 import meta

from bot.io.paths import TEMPLATES
from bot.render import card, environment, pictures, preview
from bot.render.card import variables as card_facts
from bot.render.pictures import raster

HOME = card.find_template("model_card").parent
README = (HOME / "README.md").read_text(encoding="utf-8")
CARD_PARTS = [HOME / "model_card.md.j2", *sorted((HOME / "model_card").glob("*.j2"))]

POSTERS = ("predictions.svg.j2", "square.svg.j2")


def documented(section: str) -> dict[str, tuple[str, str]]:
    """Type and example of each variable in the section's table."""
    text = README.split(f"\n## {section}\n")[1].split("\n## ")[0]
    found: dict[str, tuple[str, str]] = {}
    for names, kind, example in re.findall(
        r"^\| (`\w+`(?:, `\w+`)*) \| (.*?) \| (.*?)\|$", text, re.MULTILINE
    ):
        for name in re.findall(r"\w+", names):
            assert name not in found
            found[name] = (kind.strip(), example.strip())
    return found


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """The names that each template is given, as they are rendered."""
    seen: dict[str, set[str]] = {}
    original = environment.render_template

    def remembering(file: str, variables: Mapping[str, Any], folders: Any) -> str:
        seen[file] = set(variables)
        return original(file, variables, folders)

    monkeypatch.setattr(raster, "render_template", remembering)
    monkeypatch.setattr(preview, "render_template", remembering)
    made = CARDS["two"]
    pictures.loss_curve(made)
    pictures.social_preview(made, {})
    pictures.square(made, {})
    preview.page([preview.Card(made.repo, card.render(made), {})])
    return seen


def used(files: list[Path]) -> set[str]:
    """The names that the templates read from outside themselves, whatever branch they stand in."""
    parser = environment._environment((HOME,))
    sets: set[str] = set()
    for file in files:
        tree = parser.parse(file.read_text(encoding="utf-8"))
        sets |= meta.find_undeclared_variables(tree)
        # What is set inside a branch counts as undeclared for Jinja, which looks at the branch alone.
        sets -= {name.name for name in tree.find_all(jinja2.nodes.Name) if name.ctx == "store"}
    return sets - set(parser.globals)


def test_every_variable_of_a_card_is_listed_with_type_and_example_and_no_other() -> None:
    listed = documented("Variables of a card")
    assert list(listed) == list(card_facts.facts(manifest()))
    assert all(kind for kind, _ in listed.values())
    assert [name for name, (_, example) in listed.items() if not example] == [
        "more_samples"
    ]  # as the one above it


@pytest.mark.parametrize(
    ("file", "section"),
    [
        ("loss.svg.j2", "Variables of loss.svg.j2"),
        ("preview.html.j2", "Variables of preview.html.j2"),
        ("predictions.svg.j2", "More variables of predictions.svg.j2"),
        ("square.svg.j2", "More variables of predictions.svg.j2"),
    ],
)
def test_every_variable_of_the_other_templates_is_listed_and_no_other(
    given: dict[str, set[str]], file: str, section: str
) -> None:
    cards = set(card_facts.facts(manifest())) if file in POSTERS else set()
    assert set(documented(section)) == given[file] - cards


def test_templates_read_nothing_that_is_not_listed(given: dict[str, set[str]]) -> None:
    cards = set(documented("Variables of a card"))
    assert used(CARD_PARTS) <= cards
    for file, names in given.items():
        assert used([HOME / file]) <= names


def test_every_field_that_a_cards_templates_read_is_listed() -> None:
    variables = README.split("\n## Variables of a card\n")[1].split("\n## ")[0]
    parser = jinja2.Environment(autoescape=True)
    trees = [parser.parse(part.read_text(encoding="utf-8")) for part in CARD_PARTS]
    fields = {node.attr for tree in trees for node in tree.find_all(jinja2.nodes.Getattr)}
    ours = {"startswith", "index", "revindex", "last", "first"}  # of text, and of Jinja's `loop`
    assert {field for field in fields - ours if f"`{field}`" not in variables} == set()


def test_the_cards_templates_use_nearly_everything_they_are_given() -> None:
    """What no part of ours prints is there for other people's templates: a short list, looked at by hand."""
    unused = set(documented("Variables of a card")) - used(
        [*CARD_PARTS, *(HOME / file for file in POSTERS), HOME / "poster.svg.j2"]
    )
    assert unused == {"name"}


def test_every_filter_of_ours_is_listed_and_works_in_a_template(tmp_path: Path) -> None:
    plain = set(jinja2.Environment(autoescape=True).filters)
    ours = set(environment._environment((tmp_path,)).filters) - plain
    rules = README.split("\n## Rules\n")[1].split("\n## ")[0]
    assert all(f"`{name}" in rules for name in ours)


def test_a_name_that_is_not_given_is_an_error_in_every_part(tmp_path: Path) -> None:
    """Break each part once: a misspelt variable must never print nothing."""
    for part in CARD_PARTS[1:]:
        (tmp_path / "model_card").mkdir(exist_ok=True)
        broken = tmp_path / "model_card" / part.name
        broken.write_text(part.read_text(encoding="utf-8") + "{{ mispelt }}", encoding="utf-8")
        with pytest.raises(Exception, match="'mispelt' is undefined"):
            card.render(CARDS["two"], folders=[tmp_path, *TEMPLATES])
        broken.unlink()
