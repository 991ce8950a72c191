"""How the bot is installed: the commands that messages and documents give.

It is not on a package index: a command installs from a clone, or from the address that this copy comes from.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys

from bot.io import origin
from bot.io.origin import DISTRIBUTION
from bot.io.paths import PACKAGE

TORCH_CPU = "https://download.pytorch.org/whl/cpu"
"""PyTorch's own index of CPU builds (200 MB); on Linux the plain index has a build with several GB of CUDA."""
_WITH_TORCH = ("train", "lora")


def install_command(extra: str) -> str:
    """Returns the command that installs an extra of pyproject.toml, for the middle of a sentence."""
    source = origin.UNKNOWN if (PACKAGE.parent / "pyproject.toml").is_file() else origin.find()
    return command(extra, source, cpu=extra in _WITH_TORCH and _wants_cpu_build())


def command(extra: str, source: origin.Origin, *, cpu: bool = False) -> str:
    """Returns the command for a copy of this origin; with `cpu` it takes PyTorch's CPU build."""
    index = f" --extra-index-url {TORCH_CPU}" if cpu else ""
    if source.address is None:
        return f"in a clone of the bot's repository run: pip install '.[{extra}]'{index}"
    ref = source.tag or source.commit
    requirement = f"{DISTRIBUTION}[{extra}] @ git+{source.address}{f'@{ref}' if ref else ''}"
    return f"run: pip install '{requirement}'{index}"


def _wants_cpu_build() -> bool:
    """Whether PyTorch would come with CUDA that this machine has no use for."""
    missing = importlib.util.find_spec("torch") is None
    return missing and sys.platform == "linux" and shutil.which("nvidia-smi") is None
