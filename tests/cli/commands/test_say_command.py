"""`bot say`: text from a model of the hub or of a folder, by its own settings and from a seed."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fleets import Fleet

from bot.__main__ import main
from bot.cli.commands.say import printable

WRITTEN = Path(__file__).parents[2] / "data" / "formats" / "1"
PROMPT = "My dream is"


@pytest.fixture
def model(tmp_path: Path, tiny_base: Path) -> Path:
    """A model that is published in a folder hub, beside a registry that lists nothing."""
    (tmp_path / "registry.yaml").write_text(
        "version: 1\nnamespace: org\ncontact: https://example.org/removal\nmodels: []\n"
        "removed:\n  - {handles: [gone], on: 2026-01-02}\n"
    )
    folder = tmp_path / "hub" / "org" / "ada"
    shutil.copytree(tiny_base, folder)
    (folder / "generation_config.json").write_text(
        json.dumps(
            {
                "do_sample": True,
                "temperature": 0.7,
                "max_new_tokens": 12,
                "eos_token_id": 0,
                "pad_token_id": 0,
            }
        )
    )
    return folder


@pytest.fixture
def flags(tmp_path: Path) -> list[str]:
    return [
        "--registry",
        str(tmp_path / "registry.yaml"),
        "--hub",
        f"dir:{tmp_path / 'hub'}",
        "--device",
        "cpu",
    ]


def output(capsys: pytest.CaptureFixture[str], *command: str) -> dict[str, Any]:
    assert main(["say", *command, "--json"]) == 0
    value: dict[str, Any] = json.loads(capsys.readouterr().out)
    return value


def test_a_seed_draws_the_same_texts_again_from_the_hub_and_from_the_folder(
    model: Path, flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    first = output(capsys, "ada", PROMPT, *flags, "--seed", "7", "--count", "3")
    again = output(capsys, str(model), PROMPT, "--seed", "7", "--count", "3", "--device", "cpu")
    assert first["texts"] == again["texts"]
    assert len(set(first["texts"])) == 3
    assert all(text.startswith(PROMPT) for text in first["texts"])
    assert first["settings"]["temperature"] == 0.7
    assert output(capsys, "ada", PROMPT, *flags, "--seed", "8")["texts"][0] not in first["texts"]


def test_the_seed_of_a_text_is_shown(
    model: Path, flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["say", "ada", PROMPT, *flags]) == 0
    *text, shown = capsys.readouterr().out.splitlines()
    word, seed = shown.split()
    assert word == "seed"
    again = output(capsys, "@Ada", PROMPT, *flags, "--seed", seed)["texts"][0]
    assert printable(again).split() == " ".join(text).split()


def test_a_text_needs_no_prompt_and_no_registry(
    model: Path, flags: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(model.parent)
    found = output(capsys, "org/ada", *flags[2:], "--seed", "1", "--count", "2")
    assert found["prompt"] == ""
    assert len(set(found["texts"])) == 2


def test_a_card_s_samples_are_those_of_its_prompt_and_seed(
    model: Path, flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    from bot.training import device, sample

    shown = sample.answers(
        sample.load(model, device.Device(torch.device("cpu"), "test", bf16=False)), [PROMPT], 42
    )
    said = output(capsys, "ada", PROMPT, *flags, "--seed", "42", "--count", str(len(shown)))
    assert said["texts"] == [PROMPT + one.text for one in shown]


@pytest.mark.parametrize(
    ("name", "arguments", "word"),
    [
        ("nobody", [], "org/nobody"),
        ("hidden", [], "private"),
        ("./nothing", [], "no folder"),
        ("a/b/c", [], "no folder"),
        ("ada", ["la " * 200], "tokens"),
        ("ada", ["--stream", "--count", "2"], "--count"),
        ("ada", ["--count", "0"], "--count"),
        ("gone", [], "asked to be removed"),
        ("pickled", [], "safetensors"),
        ("broken", [], "cannot be loaded"),
    ],
)
def test_what_cannot_be_said_is_a_sentence(
    name: str,
    arguments: list[str],
    word: str,
    model: Path,
    flags: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    from bot.hub.folder import FolderHub

    for other in ("hidden", "gone", "pickled", "broken"):
        shutil.copytree(model, model.parent / other)
    FolderHub(model.parents[1], "org").hide("hidden")
    written = json.loads((WRITTEN / "hub" / "org" / "ada" / "bot.json").read_text())
    written["accounts"][0]["handle"] = "gone"
    (model.parent / "gone" / "bot.json").write_text(json.dumps(written))
    (model.parent / "pickled" / "model.safetensors").rename(model.parent / "pickled" / "pytorch_model.bin")
    (model.parent / "broken" / "config.json").write_text("{")
    assert main(["say", name, *arguments, *flags]) == 2
    said = capsys.readouterr()
    assert word in said.err
    assert said.out == ""


def test_what_a_terminal_would_obey_is_left_out() -> None:
    assert printable("a\x1b[2Jb\x9bc\u202ed\ne👩\u200d💻") == "a[2Jbcd\ne👩\u200d💻"


def test_on_a_terminal_the_streamed_text_is_the_one_that_is_not(model: Path, flags: list[str]) -> None:
    command = [sys.executable, "-m", "bot", "say", "ada", PROMPT, *flags, "--seed", "7"]
    plain = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    ours, theirs = pty.openpty()
    process = subprocess.Popen([*command, "--stream"], stdout=theirs, stderr=subprocess.DEVNULL)
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    assert process.wait() == 0
    assert shown.decode().split() == plain.split()


def test_a_trained_model_is_named_with_the_command_that_lets_it_speak(
    tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fleet = Fleet(tmp_path, tiny_base)
    fleet.posts("ada", 300)
    fleet.entry("ada")
    fleet.write()
    code, out = fleet.run("apply")
    assert code == 0
    line = out.splitlines()[-1]
    assert f"say ada --registry {tmp_path / 'registry.yaml'} --hub dir:{tmp_path / 'hub'}" in line
    assert "say ada" not in fleet.run("apply")[1]
