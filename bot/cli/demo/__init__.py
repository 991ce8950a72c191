"""The demo: the whole job offline, on archives and a tiny base that come with the bot.

It is the ordinary job on an ordinary registry: a copy of both lies in the folder it writes, to try things on.
"""

from __future__ import annotations

import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from bot import registry
from bot.apply.context import RunContext
from bot.apply.execute import execute, exit_code
from bot.cli import progress, report
from bot.cli.next_command import command_line, near
from bot.errors import UsageError
from bot.hub import open_hub
from bot.plan.make import make_plan
from bot.render import preview
from bot.store import Store

HERE = Path(__file__).parent
INPUTS = ("registry.yaml", "ORIGIN.md", "archives", "base")
MARKER = ".mynah-demo"


def run(out: Path, device: str = "auto", inputs: Path | None = None) -> int:
    """Plans and applies the demo's registry with everything below `out`, and says where to look.

    `inputs` is a folder with another registry and what it names. An `out` that an earlier demo made is used again.
    Raises UsageError for one that holds anything else.
    """
    began = time.monotonic()
    _lay_out(out, inputs or HERE)
    loaded = registry.load(out / "registry.yaml")
    hub = open_hub(f"dir:{out / 'hub'}", loaded.namespace or "")
    store = Store(loaded.store.url)
    made = make_plan(loaded, hub, loaded.store.url)
    say = sys.stdout
    print(f"The registry {out / 'registry.yaml'} lists {len(loaded.entries)} models.\n", file=say)
    report.print_plan(made, say)
    print(flush=True)
    with progress.watching() as watcher:
        context = RunContext(loaded, hub, store, lambda: datetime.now(UTC), watcher, device=device)
        outcomes = execute(made, context)
    print(flush=True)
    report.print_outcomes(outcomes, made, say)
    repos = sorted((out / "hub" / (loaded.namespace or "")).glob("*/README.md"))
    page = out / "index.html"
    page.write_text(preview.page_of_folders([readme.parent for readme in repos]), encoding="utf-8")
    print(f"\nDone in {time.monotonic() - began:.0f} s. Look at:", file=say)
    print(f"  the cards, as a reader of the Hub sees them   {page}", file=say)
    for readme in repos:
        print(f"  a published model                             {readme.parent}", file=say)
    if repos:
        where = ["--registry", str(out / "registry.yaml"), "--hub", f"dir:{out / 'hub'}"]
        print(f"\nHear one:\n  {command_line('say', str(near(repos[0].parent)))}", file=say)
        print(f"Change the registry, and see what that would do:\n  {command_line('plan', *where)}", file=say)
    return exit_code(made, outcomes)


def _lay_out(out: Path, inputs: Path) -> None:
    """Copies what of the inputs is there to `out`, over those of an earlier demo only."""
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / MARKER).exists())):
        raise UsageError(f"{out} exists and is not a demo's folder; name an empty or a new one with --out")
    out.mkdir(parents=True, exist_ok=True)
    (out / MARKER).touch()
    for name in INPUTS:
        source, target = inputs / name, out / name
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        elif source.exists():
            shutil.copyfile(source, target)
