"""What this machine has of what a run needs: packages, a GPU, disk, fonts. Imports torch where it is installed."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from bot.cli.doctor.finding import Finding
from bot.github import workflow_commands
from bot.io.installing import install_command

DISK_BYTES = 5 * 10**9
"""Free space that GPT-2 with its training, its files and a cache of the base fits into."""
TRAIN = ("torch", "transformers", "tensorboardX", "safetensors")
SCRIPTS = {"Latin": "a", "Japanese": "あ", "Chinese": "界", "Arabic": "ا", "Thai": "ก", "emoji": "\U0001f99c"}


def examine(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Looks at the machine alone: no network, no registry."""
    yield Finding("python", "ok", f"{platform.python_version()}, {sys.executable}")
    yield from _training(environment)
    yield from _disk()
    yield _fonts()


def _training(environment: Mapping[str, str]) -> Iterator[Finding]:
    missing = [name for name in TRAIN if importlib.util.find_spec(name) is None]
    if missing:
        text = (
            f"{', '.join(missing)} not installed, so nothing can be trained here; {install_command('train')}"
        )
        yield Finding("training", "warning", text)
        return
    try:
        import torch
        import transformers

        from bot.training import device
    except (ImportError, OSError) as error:  # half an installation: a shared library is missing, say
        why = " ".join(str(error).split())[:200]
        text = f"cannot be imported ({why}): pip install --force-reinstall torch transformers"
        yield Finding("training", "missing", text)
        return
    yield Finding("training", "ok", f"torch {torch.__version__}, transformers {transformers.__version__}")
    found = device.pick()
    if found.torch.type == "cuda":
        free, total = torch.cuda.mem_get_info()
        yield Finding("gpu", "ok", f"{found.name}, {free / 2**30:.0f} of {total / 2**30:.0f} GiB free")
        return
    slow = "" if found.bf16 else ", without fast bfloat16"
    here = (
        "set the variable GPU_RUNNER to the label of a runner that has one"
        if workflow_commands.active(environment)
        else "if there is one, install a CUDA build of torch"
    )
    text = (
        f"none that PyTorch sees, so {found.name}{slow} will train: fine for small bases, slow for GPT-2; {here}, "
        "or train on Hugging Face Jobs with bot apply --on hf-jobs"
    )
    yield Finding("gpu", "warning", text)


def _disk() -> Iterator[Finding]:
    from huggingface_hub import constants

    places = {"TMPDIR": Path(tempfile.gettempdir()), "HF_HOME": Path(constants.HF_HUB_CACHE)}
    seen: set[int] = set()
    for variable, wanted in places.items():
        place = next(folder for folder in (wanted, *wanted.parents) if folder.exists())
        if place.stat().st_dev in seen:
            continue
        seen.add(place.stat().st_dev)
        free = shutil.disk_usage(place).free
        if free < DISK_BYTES:
            text = f"{free / 1e9:.1f} GB free in {place}, and GPT-2 needs about {DISK_BYTES / 1e9:.0f}: "
            yield Finding("disk", "warning", f"{text}free some, or point {variable} to another disk")
        else:
            yield Finding("disk", "ok", f"{free / 1e9:.0f} GB free in {place}")


def _fonts() -> Finding:
    from bot.render.pictures.typefaces import drawing

    try:
        lost = [script for script, letter in SCRIPTS.items() if drawing(letter) is None]
    except OSError as error:
        return Finding("fonts", "missing", f"{error.filename} cannot be read: install the bot again")
    if lost:
        text = f"no font for {', '.join(lost)}, so pictures would miss them: install the bot again"
        return Finding("fonts", "missing", text)
    return Finding("fonts", "ok", "come with the bot: Latin, CJK, Arabic and more, emoji")
