"""The demo's job on a real base: two models of 250 posts each, from the archives that the demo ships.

    python tools/real_demo.py [--out DIR] [--posts 300]

It is the ordinary demo (`bot demo`) on another registry, tools/real_demo.yaml, and ends as that one does.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import real_base
from cut_archive import cut

from bot.cli import demo
from bot.errors import BotError

REGISTRY = Path(__file__).with_name("real_demo.yaml")
POSTS = 300
"""Of each archive's files, before cleaning."""

ABOUT = """\
The demo on a real base: SmolLM2-135M-Instruct, 135 million weights.
It downloads 93 MB and keeps 269 MB in {base}, both once, needs 5 GB of memory,
and takes about {minutes} minutes on two cores.
"""
MINUTES = 12


def inputs(folder: Path, base: Path, posts: int) -> Path:
    """A folder as `bot demo` reads one: registry, ORIGIN.md and archives, which are cut to `posts`."""
    text = REGISTRY.read_text(encoding="utf-8").replace("BASE", json.dumps(str(base.resolve())))
    (folder / "registry.yaml").write_text(text, encoding="utf-8")
    shutil.copyfile(demo.HERE / "ORIGIN.md", folder / "ORIGIN.md")
    (folder / "archives").mkdir()
    for archive in sorted((demo.HERE / "archives").glob("*.zip")):
        if archive.name in text:
            cut(archive, folder / "archives" / archive.name, posts)
    return folder


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--out", type=Path, default=Path("demo-real-out"))
    options.add_argument("--posts", type=int, default=POSTS)
    options.add_argument("--base", type=Path, default=real_base.folder(os.environ))
    chosen = options.parse_args()
    print(ABOUT.format(base=chosen.base, minutes=MINUTES), flush=True)
    try:
        real_base.ensure(chosen.base)
        with tempfile.TemporaryDirectory() as folder:
            return demo.run(chosen.out, inputs=inputs(Path(folder), chosen.base, chosen.posts))
    except BotError as error:
        print(error, file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
