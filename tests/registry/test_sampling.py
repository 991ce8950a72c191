from __future__ import annotations

from pathlib import Path

import pytest

from bot import registry
from bot.registry.sampling import NAMED, Sampling

HEAD = "version: 1\nnamespace: org\n"


def read(text: str) -> registry.Registry:
    return registry.read_text((HEAD + text).encode(), Path("registry.yaml"))


def test_the_digest_is_that_of_what_was_asked() -> None:
    changed = {
        "temperature": 0.5,
        "top_p": 0.5,
        "top_k": 7,
        "min_p": 0.2,
        "repetition_penalty": 1.3,
        "max_new_tokens": 20,
    }
    assert changed.keys() == Sampling.model_fields.keys()
    digests = {Sampling(**{name: value}).digest() for name, value in changed.items()}
    assert len(digests | {Sampling().digest()}) == len(changed) + 1
    assert Sampling(top_k=7, min_p=0.2).digest() == Sampling(min_p=0.2, top_k=7).digest()


def test_a_name_gives_every_setting() -> None:
    assert all(values.keys() == Sampling.model_fields.keys() for values in NAMED.values())


def test_an_entry_replaces_single_settings_of_the_defaults_and_a_name_replaces_all() -> None:
    found = read(
        "defaults: {source: bluesky, consent: self, sampling: {temperature: 0.5, top_k: 9}}\n"
        "models:\n"
        "  - handles: [a.example.org]\n"
        "  - handles: [b.example.org]\n    sampling: {top_k: 3}\n"
        "  - handles: [c.example.org]\n    sampling: classic\n"
    )
    first, second, third = (entry.sampling for entry in found.entries)
    assert first == Sampling(temperature=0.5, top_k=9)
    assert second == Sampling(temperature=0.5, top_k=3)
    assert third == Sampling.named("classic")


@pytest.mark.parametrize(
    ("sampling", "column", "sentence"),
    [
        ("{temperature: 0}", 29, "temperature: '0' is too small, it must be more than 0"),
        ("{temperature: hot}", 29, "temperature: 'hot' is not a number"),
        ("{temperature: nan}", 29, "temperature"),
        ("{top_p: 1.5}", 23, "top_p: '1.5' is too large, the most is 1"),
        ("{top_k: -1}", 23, "top_k: '-1' is too small, the least is 0"),
        ("{min_p: 1}", 23, "min_p: '1' is too large, it must be less than 1"),
        ("{repetition_penalty: 0}", 36, "repetition_penalty: '0' is too small"),
        ("{max_new_tokens: 1.5}", 32, "max_new_tokens: '1.5' is not a whole number"),
        ("{max_new_tokens: 9999999}", 32, "max_new_tokens: '9999999' is too large, the most is 8192"),
        ("{temprature: 1}", 16, "did you mean 'temperature'?"),
        ("clasic", 15, "did you mean 'classic'?"),
        ("[1]", 15, "sampling must be a mapping"),
    ],
)
def test_a_fault_has_its_line_and_column(sampling: str, column: int, sentence: str) -> None:
    found = read(f"models:\n  - handles: [a]\n    consent: self\n    sampling: {sampling}\n")
    (problem,) = found.problems
    assert (problem.line, problem.column) == (6, column)
    assert sentence in problem.message
