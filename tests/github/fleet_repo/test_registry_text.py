from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from bot import registry
from bot.errors import UsageError
from bot.github.fleet_repo.registry_text import Settings, registry_text
from bot.registry import Registry, Source

ROOT = Path(__file__).parents[3]


def read(text: str) -> Registry:
    loaded = registry.read_text(text.encode(), Path("/fleet/registry.yaml"))
    assert loaded.problems == ()
    return loaded


def test_nothing_answered_is_the_registry_that_this_repository_ships() -> None:
    text = registry_text(Settings(), "./registry.schema.json")
    assert text == (ROOT / "registry.yaml").read_text().replace(", docs/removal.md)", ")")
    loaded = read(text)
    assert (loaded.namespace, loaded.contact) == (None, None)
    assert "\n# contact: " in text


def test_the_answers_stand_in_the_registry_and_its_comments_stay() -> None:
    text = registry_text(Settings("acme", "mailto:a@example.org", ("mastodon", "x")), "./s.json")
    loaded = read(text)
    assert (loaded.namespace, loaded.contact) == ("acme", "mailto:a@example.org")
    assert loaded.store.url == "hf://buckets/acme/posts"
    assert not loaded.x.terms_acknowledged
    assert text.startswith("# yaml-language-server: $schema=./s.json\n")
    assert (
        text.count("#") == registry_text(Settings(), "./s.json").count("#") - 2 + 1
    )  # two keys, one new line
    added = text.replace("models: []", "models:\n  - {handles: [carol@example.social], consent: self}")
    assert read(added).entries[0].source == "mastodon"


@pytest.mark.parametrize("source", get_args(Source))
def test_every_source_can_be_the_default(source: Source) -> None:
    assert f"\n  source: {source} " in registry_text(Settings("acme", sources=(source,)), None)


@pytest.mark.parametrize("namespace", ["no", "NULL", "007", "1e5", "my-org", "a.b_c", "on"])
def test_a_namespace_that_yaml_would_read_otherwise_stays_itself(namespace: str) -> None:
    assert read(registry_text(Settings(namespace), None)).namespace == namespace


@pytest.mark.parametrize(
    "settings",
    [
        Settings("my org"),
        Settings("acme\nmodels: [x]"),
        Settings("-acme"),
        Settings("ac--me"),
        Settings(""),
        Settings("acme", "a@example.org"),
        Settings("acme", "javascript:alert(1)"),
        Settings("acme", "https://example.org/\nstore: x"),
    ],
)
def test_an_answer_that_a_registry_refuses_is_refused(settings: Settings) -> None:
    with pytest.raises(UsageError):
        registry_text(settings, None)


def test_a_registry_at_home_keeps_its_posts_in_a_folder_and_names_no_schema_file() -> None:
    text = registry_text(Settings("me", local=True), None)
    assert "$schema" not in text
    assert read(text).store.url == "file:///fleet/.bot/store"
