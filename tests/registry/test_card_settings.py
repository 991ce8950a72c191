from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from bot.manifest import Manifest
from bot.registry import read_text
from bot.registry.card_settings import CardSettings, card_settings

TEXT = b"""version: 1
contact: https://example.org/removal
models:
  - handles: [ada, bob]
    source: jsonl
    consent: self
    license: mit
    tags: [poetry]
"""


def settings(text: bytes = TEXT) -> CardSettings:
    registry = read_text(text, Path("registry.yaml"))
    return card_settings(registry, registry.entries[0])


def test_the_digest_is_the_one_that_published_cards_hold() -> None:
    assert settings().digest() == "7f1e39a4bceb4968"


def test_every_setting_counts_for_the_digest() -> None:
    values: dict[str, Any] = {field.name: "other" for field in fields(CardSettings)}
    changed = {replace(settings(), **{name: value}).digest() for name, value in values.items()}
    assert len(changed) == len(fields(CardSettings))
    assert settings().digest() not in changed


def test_a_consent_that_the_policy_does_not_ask_for_is_not_on_the_card() -> None:
    assert settings().consent == "self"
    assert settings(TEXT + b"policy: {consent: off}\n").consent is None


def test_a_manifest_holds_them_all_and_the_bases_license_where_none_is_set() -> None:
    fields_of_manifest = settings(TEXT.replace(b"    license: mit\n", b"")).manifest_fields("apache-2.0")
    assert fields_of_manifest.keys() <= Manifest.model_fields.keys()
    assert fields_of_manifest["license"] == "apache-2.0"
    assert settings().manifest_fields("apache-2.0")["license"] == "mit"
    assert replace(settings(), contact=None).manifest_fields()["contact"] == ""
