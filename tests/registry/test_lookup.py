from __future__ import annotations

from pathlib import Path

import pytest
from registry_texts import HEAD, read

from bot.errors import RegistryError, UsageError
from bot.registry.lookup import find_entry, resolve

KNOWN = {
    "ada_example-zed_example": ("zed_example", "ada_example"),
    "bob_example": ("bob_example",),
    "bob_example-carol": ("bob_example", "carol"),
    "dana.host.example": ("dana@host.example",),
    "old-name": (),
}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ada_example-zed_example", "ada_example-zed_example"),
        ("zed_example-ada_example", "ada_example-zed_example"),
        ("@Zed_Example, @ada_example", "ada_example-zed_example"),
        ("zed_example ada_example", "ada_example-zed_example"),
        ("zed_example", "ada_example-zed_example"),
        ("https://x.com/zed_example", "ada_example-zed_example"),
        ("bob_example", "bob_example"),
        ("carol+bob_example", "bob_example-carol"),
        ("dana@host.example", "dana.host.example"),
        ("DANA.host.example", "dana.host.example"),
        ("old-name", "old-name"),
    ],
)
def test_a_name_is_found_by_its_handles_in_any_order(text: str, name: str) -> None:
    assert resolve(text, KNOWN, "no such model") == name


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("ada_exampel", ["ada_example-zed_example"]),
        ("old-nam", ["old-name"]),
        ("dana", ["dana.host.example"]),
        ("qqqq", list(KNOWN)),
    ],
)
def test_each_suggested_name_is_found(text: str, meant: list[str]) -> None:
    with pytest.raises(UsageError) as error:
        resolve(text, KNOWN, "no such model")
    assert list(error.value.instead) == meant
    assert all(resolve(each, KNOWN, "") == each for each in meant)


def test_a_handle_of_several_models_is_asked_about() -> None:
    with pytest.raises(UsageError) as error:
        resolve("carol", {"a-carol": ("a", "carol"), "b-carol": ("b", "carol")}, "no such model")
    assert error.value.instead == ("a-carol", "b-carol")


def test_a_faulty_entry_is_found_with_its_problems(tmp_path: Path) -> None:
    registry = read(f"{HEAD}models:\n  - handles: [ada, bob]\n    consent: perhaps\n", tmp_path)
    with pytest.raises(RegistryError):
        find_entry(registry, "bob-ada")
