"""No file tells anybody to install a package of this project's that somebody else has published."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from bot.io import installing
from bot.io.origin import DISTRIBUTION, Origin

ROOT = Path(__file__).parents[2]
INSTALLS = re.compile(
    r"\b(?:pip3? install|pipx install|pipx run|uv pip install|uv tool (?:install|run)|uv add|uvx)"
    r"""((?:[ ]+(?:-[cr][ ]\S+|-[\w=/.-]+|'[^'\n]*'|"[^"\n]*"|[\w.\[\]{},@:/+=<>~-]+))+)"""
)
OURS = re.compile(rf"\.(?:\[[\w,{{}}]+\])?|{DISTRIBUTION}(?:\[[\w,]+\])? @ git\+\S+")
"""A clone, or a repository's address: the name alone is on no package index."""
TELLING = (Path(__file__), Path(installing.__file__))
"""Texts about installing; what the second one returns is checked by itself."""
OTHERS = {"hf_xet", "huggingface_hub", "peft", "torch", "transformers"}
"""What the bot itself stands on, and a card's reader needs."""


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        return [
            path for name in listed.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()
        ]
    return [path for path in ROOT.rglob("*") if path.is_file() and ".venv" not in path.parts]


def distributions(text: str) -> set[str]:
    """What a text tells people to install, without options."""
    text = re.sub(r"{%.*?%}", " ", text)
    words = " ".join(match[1] for match in INSTALLS.finditer(text))
    words = re.sub(
        r" -[cr] \S+| --(?:extra-)?index(?:-url)?[ =]\S+| --(?:torch-backend|pip-args)[ =]\S+", " ", words
    )
    words = words.replace("'", " ").replace('"', " ").replace(" @ ", "@")
    return {word.replace("@git+", " @ git+") for word in words.split() if not word.startswith("-")}


def test_the_check_sees_a_stranger() -> None:
    assert distributions("run: pip install mynah && bot site") == {"mynah"}
    assert distributions("uv tool install 'mynah[train]'") == {"mynah[train]"}
    assert distributions("`pip install mynah-bot`") == {"mynah-bot"}
    assert not OURS.fullmatch("mynah-bot[train]")


def test_the_check_knows_each_form_of_ours() -> None:
    address = "https://github.com/org/mynah"
    for source in (Origin(), Origin(address), Origin(address, "a" * 40, "v1.2.3")):
        for cpu in (False, True):
            (named,) = distributions(installing.command("train", source, cpu=cpu))
            assert OURS.fullmatch(named), named


def test_no_file_names_a_distribution_that_is_not_ours() -> None:
    strangers = {}
    for path in tracked():
        if path in TELLING or path.suffix in {".zip", ".png", ".ttf", ".otf", ".safetensors"}:
            continue
        named = distributions(path.read_text(errors="replace"))
        wrong = {word for word in named if not OURS.fullmatch(word) and word not in OTHERS}
        if wrong:
            strangers[str(path.relative_to(ROOT))] = wrong
    assert strangers == {}
