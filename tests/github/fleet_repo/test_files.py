"""The files of a fleet repository: those of this repository, pinned, and few of its own."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from bot.github.fleet_repo import files
from bot.github.fleet_repo.files import FOLLOWS, WORKFLOWS, fleet_files, followed_files
from bot.github.fleet_repo.pins import Pin, uses
from bot.github.fleet_repo.registry_text import Settings
from bot.io.paths import TEMPLATES

ROOT = Path(__file__).parents[3]
PIN = Pin("org/mynah", "0123456789abcdef0123456789abcdef01234567", "1.2.3")
SETTINGS = Settings("acme", "mailto:a@example.org", ("mastodon",), "gpu-large")
FLEET = fleet_files(SETTINGS, PIN)


def test_a_fleet_is_a_handful_of_files() -> None:
    assert len(FLEET) <= 16
    assert FLEET.keys() >= FOLLOWS
    assert all(text.endswith("\n") and "\n\n\n" not in text for text in FLEET.values())


def test_its_workflows_are_those_of_this_repository_with_the_action_replaced_by_the_pin() -> None:
    for name in WORKFLOWS:
        path = f".github/workflows/{name}.yml"
        assert FLEET[path] == (ROOT / path).read_text().replace("uses: ./\n", f"uses: {PIN}\n")


def test_every_workflow_that_calls_the_bot_uses_the_pin_and_none_the_local_action() -> None:
    workflows = {path: text for path, text in FLEET.items() if path.startswith(".github/workflows/")}
    assert {use.path for use in uses(workflows)} == {
        path for path, text in workflows.items() if "run: bot" in text
    }
    assert {(use.repository, use.ref, use.version) for use in uses(workflows)} == {
        ("org/mynah", PIN.commit, "1.2.3")
    }
    local = {found for text in workflows.values() for found in re.findall(r"uses: (\./\S*)", text)}
    assert local == {"./.github/workflows/publish.yml"}


def test_form_and_schema_are_those_of_this_repository() -> None:
    for path in FOLLOWS - {f".github/workflows/{name}.yml" for name in WORKFLOWS}:
        assert FLEET[path] == (ROOT / path).read_text()
    assert followed_files(PIN).keys() == FOLLOWS


def test_dependabot_looks_at_actions() -> None:
    (update,) = yaml.safe_load(FLEET[".github/dependabot.yml"])["updates"]
    assert update["package-ecosystem"] == "github-actions"


def test_the_readme_fits_the_answers() -> None:
    readme = FLEET["README.md"]
    assert "$" not in readme
    (entry,) = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL)[0])["models"]
    assert entry == {"handles": ["carol@example.social"], "source": "mastodon", "consent": "self"}
    assert "huggingface.co/acme" in readme
    assert "a@example.org" in readme
    assert "mailto:" not in readme
    assert "gpu-large" in readme
    assert "huggingface.co/None" not in fleet_files(Settings(), PIN)["README.md"]


def test_archives_are_kept_out_of_git() -> None:
    assert {"*.zip", "/private/"} <= set(FLEET[".gitignore"].splitlines())


def test_templates_come_only_when_asked_for_and_only_those_that_may_be_restyled() -> None:
    assert not any(path.startswith("templates/") for path in FLEET)
    added = fleet_files(SETTINGS, PIN, templates=True).keys() - FLEET.keys()
    folder = next(folder for folder in TEMPLATES if folder.is_dir())
    every = {f"templates/{path.relative_to(folder)}" for path in folder.rglob("*") if path.is_file()}
    assert every - added == {f"templates/{name}" for name in files.NOT_RESTYLED}
