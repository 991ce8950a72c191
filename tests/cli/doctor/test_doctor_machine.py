"""What the doctor says of the machine: packages, GPU, disk, fonts, at home and on Actions."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from bot.cli.doctor import Finding, machine
from bot.render.pictures import typefaces
from bot.training import device

ACTIONS = {"GITHUB_ACTIONS": "true"}


def found(what: str, environment: dict[str, str] | None = None) -> Finding:
    (finding,) = [one for one in machine.examine(environment or {}) if one.what == what]
    return finding


def lacks(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *args: None if name in names else real(name, *args)
    )


def test_a_machine_that_trains_names_what_it_trains_with() -> None:
    assert found("python").state == "ok"
    training = found("training")
    assert training.state == "ok"
    assert torch.__version__ in training.text


def test_without_the_extra_nothing_trains_and_how_to_get_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    lacks(monkeypatch, "torch", "tensorboardX")
    training = found("training")
    assert training.state == "warning"
    assert training.text.startswith("torch, tensorboardX not installed, so nothing can be trained here")
    assert "pip install '.[train]'" in training.text
    assert not [finding for finding in machine.examine({}) if finding.what == "gpu"]


def test_half_an_installation_is_a_finding_and_no_crash(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "transformers").mkdir()
    (tmp_path / "transformers" / "__init__.py").write_text("raise OSError('libcudart.so.12: cannot open')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "transformers", raising=False)
    training = found("training")
    assert "cannot be imported (libcudart.so.12: cannot open)" in training.text
    assert (training.state, training.code) == ("missing", 1)
    assert "pip install --force-reinstall" in training.text


@pytest.mark.parametrize(
    ("environment", "way"), [({}, "install a CUDA build of torch"), (ACTIONS, "variable GPU_RUNNER")]
)
def test_without_a_gpu_the_way_to_one_depends_on_where_it_runs(
    environment: dict[str, str], way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    gpu = found("gpu", environment)
    assert gpu.state == "warning"
    assert way in gpu.text
    assert "bot apply --on hf-jobs" in gpu.text


def test_a_gpu_is_named_with_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    card = device.Device(torch.device("cuda"), "Tesla T4", bf16=False)
    monkeypatch.setattr(device, "pick", lambda: card)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (14 * 2**30, 16 * 2**30))
    assert found("gpu") == Finding("gpu", "ok", "Tesla T4, 14 of 16 GiB free")


def test_a_small_disk_is_named_with_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10**9))
    disk = found("disk")
    assert disk.state == "warning"
    assert "1.0 GB free" in disk.text
    assert "point TMPDIR to another disk" in disk.text


def test_bases_on_a_disk_of_their_own_are_looked_at_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from huggingface_hub import constants

    if tmp_path.stat().st_dev == Path("/dev/shm").stat().st_dev:
        monkeypatch.setattr("tempfile.gettempdir", lambda: "/proc")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", "/dev/shm/not/there/yet")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10**9))
    texts = [finding.text for finding in machine.examine({}) if finding.what == "disk"]
    assert len(texts) == 2
    assert "free in /dev/shm" in texts[1]
    assert "HF_HOME" in texts[1]


def test_lost_fonts_are_named_by_what_pictures_would_lack(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found("fonts").state == "ok"
    real = typefaces.drawing
    monkeypatch.setattr(typefaces, "drawing", lambda text: None if text in "界ก" else real(text))
    assert found("fonts").state == "missing"
    assert "no font for Chinese, Thai" in found("fonts").text


def test_a_font_file_that_cannot_be_read_is_a_finding_and_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(text: str) -> None:
        raise FileNotFoundError(2, "No such file or directory", "bot/render/pictures/fonts/Sans.ttf")

    monkeypatch.setattr(typefaces, "drawing", gone)
    assert found("fonts").text == "bot/render/pictures/fonts/Sans.ttf cannot be read: install the bot again"
