"""The doctor: looks at everything a run needs, before a run needs it, and says how to get what is missing."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bot.errors import BotError, CredentialsError, RegistryError
from bot.posts import Post, Profile, Timeline

if TYPE_CHECKING:
    from bot.hub import Hub
    from bot.registry import Registry

State = Literal["ok", "warning", "missing"]
DISK_BYTES = 5 * 10**9
"""Free space that GPT-2 with its training, its files and a cache of the base fits into."""
TRAIN = ("torch", "transformers", "tensorboardX", "safetensors")

SCRIPTS = {"Latin": "a", "Japanese": "あ", "Chinese": "界", "Arabic": "ا", "Thai": "ก", "emoji": "\U0001f99c"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it stands, and what to do about it. `code` is the exit code when it is missing."""

    what: str
    state: State
    text: str
    code: int = 1

    def to_json(self) -> dict[str, Any]:
        """The finding as `doctor --json` prints it."""
        return {"what": self.what, "state": self.state, "text": self.text}


def examine(
    registry: Registry | BotError,
    hub: Callable[[Registry], Hub],
    store_url: str | None,
    environment: Mapping[str, str],
) -> Iterator[Finding]:
    """Looks at one thing after the other. Nothing that costs money is asked, and nothing is left behind."""
    yield from _software()
    yield from _disk()
    yield from _fonts()
    if isinstance(registry, BotError):
        yield Finding("registry", "missing", str(registry).splitlines()[0], registry.exit_code)
        return
    yield from _registry(registry)
    yield from _hub(registry, hub)
    yield from _store(registry, store_url)
    yield from _sources(registry, environment)
    yield from _tracking(registry, environment)
    yield from _schedule(environment)


def exit_code(findings: list[Finding]) -> int:
    """0 when nothing is missing; otherwise what the gravest finding asks for: credentials, registry, the rest."""
    codes = {finding.code for finding in findings if finding.state == "missing"}
    return next(
        (code for code in (CredentialsError.exit_code, RegistryError.exit_code) if code in codes),
        min(codes, default=0),
    )


def _software() -> Iterator[Finding]:
    yield Finding("python", "ok", f"{platform.python_version()}, {sys.executable}")
    lacking = [name for name in TRAIN if importlib.util.find_spec(name) is None]
    if lacking:
        text = f"{', '.join(lacking)} not installed: nothing can be trained here; pip install 'mynah[train]'"
        yield Finding("training", "warning", text)
        return
    import torch
    import transformers

    from bot.training import device

    found = device.pick()
    yield Finding("training", "ok", f"torch {torch.__version__}, transformers {transformers.__version__}")
    if found.torch.type == "cuda":
        free, total = torch.cuda.mem_get_info()
        yield Finding("gpu", "ok", f"{found.name}, {free / 2**30:.0f} of {total / 2**30:.0f} GiB free")
    else:
        slow = "" if found.bf16 else ", without fast bfloat16"
        text = (
            f"none that PyTorch sees; training runs on {found.name}{slow}: fine for small bases, slow for GPT-2; "
            "for a GPU install a CUDA build of torch, set the variable GPU_RUNNER, or use apply --on hf-jobs"
        )
        yield Finding("gpu", "warning", text)


def _disk() -> Iterator[Finding]:
    place = Path(tempfile.gettempdir())
    free = shutil.disk_usage(place).free
    if free < DISK_BYTES:
        text = f"{free / 1e9:.1f} GB free in {place}: GPT-2 needs about {DISK_BYTES / 1e9:.0f}; "
        text += "free some, or set TMPDIR"
        yield Finding("disk", "warning", text)
    else:
        yield Finding("disk", "ok", f"{free / 1e9:.0f} GB free in {place}")


def _fonts() -> Iterator[Finding]:
    from bot.pictures.typefaces import drawing

    if lost := [script for script, letter in SCRIPTS.items() if drawing(letter) is None]:
        text = f"no font for {', '.join(lost)}: pictures would lack them; install the bot again"
        yield Finding("fonts", "missing", text)
    else:
        yield Finding("fonts", "ok", "come with the bot: Latin, CJK, Arabic and more, emoji")


def _registry(registry: Registry) -> Iterator[Finding]:
    if registry.problems:
        text = f"{len(registry.problems)} problems, the first: {registry.problems[0]}; see bot validate"
        yield Finding("registry", "missing", text, RegistryError.exit_code)
    else:
        models = "1 model" if len(registry.entries) == 1 else f"{len(registry.entries):,} models"
        yield Finding("registry", "ok", f"{registry.path}: {models}")
    for warning in registry.warnings:
        yield Finding("registry", "warning", str(warning))
    if registry.namespace is None:
        yield Finding(
            "namespace", "missing", f"nothing is published until {registry.path} sets namespace:", 2
        )


def _hub(registry: Registry, open_hub: Callable[[Registry], Hub]) -> Iterator[Finding]:
    if registry.namespace is None:
        return
    try:
        hub = open_hub(registry)
        hub.check(write=True)
        published = sum(repo.published is not None for repo in hub.listing().repos.values())
    except CredentialsError as error:
        yield Finding("hub", "missing", str(error), error.exit_code)
    except BotError as error:
        yield Finding("hub", "missing", str(error))
    else:
        where = hub.url("NAME").removesuffix("/NAME")
        yield Finding("hub", "ok", f"{where} can be written, {published:,} models published")


def _store(registry: Registry, url: str | None) -> Iterator[Finding]:
    from datetime import UTC, datetime

    from bot.store import Store

    name, now = f"doctor-{uuid.uuid4().hex}", datetime.now(UTC)
    try:
        store = Store(url or registry.store.url)
        store.merge(Timeline(Profile(name, "", "other"), [Post("1", "", now)]), "jsonl", now=now, handle=name)
        held = store.load(name, "jsonl") is not None
        store.purge(name)
    except BotError as error:
        yield Finding("store", "missing", str(error))
        return
    if not held:
        yield Finding(
            "store", "missing", f"{url or registry.store.url} does not give back what was put into it"
        )
        return
    yield Finding("store", "ok", f"{url or registry.store.url} can be read and written")


def _sources(registry: Registry, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Tokens of networks that entries read. X bills every call, so its token is looked at and not tried."""
    if not any(entry.source == "x" for entry in registry.entries):
        return
    token = environment.get("X_BEARER_TOKEN", "")
    if not registry.x.terms_acknowledged:
        yield Finding(
            "x", "missing", "x.terms_acknowledged is not true: read X's developer terms, then set it", 2
        )
    elif not token:
        text = "X_BEARER_TOKEN is not set: entries of source x cannot be read; make one at https://developer.x.com"
        yield Finding("x", "missing", text, CredentialsError.exit_code)
    elif not token.isascii() or any(character.isspace() for character in token):
        text = "X_BEARER_TOKEN holds white space or characters that no token has: copy it again"
        yield Finding("x", "missing", text, CredentialsError.exit_code)
    else:
        yield Finding("x", "ok", "X_BEARER_TOKEN is set; it was not tried, since every call is billed")


def _tracking(registry: Registry, environment: Mapping[str, str]) -> Iterator[Finding]:
    for service in sorted({entry.tracking for entry in registry.entries} - {"none"}):
        if importlib.util.find_spec(service) is None:
            yield Finding(service, "missing", f"entries ask for it: pip install 'mynah[{service}]'")
        elif service == "wandb" and not environment.get("WANDB_API_KEY"):
            yield Finding(
                service, "warning", "WANDB_API_KEY is not set: runs stay offline, and cards link to none"
            )
        else:
            yield Finding(service, "ok", "installed")


def _schedule(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Whether the repository's schedule still runs: GitHub stops it after 60 days without a commit."""
    from bot import github

    if not environment.get("GITHUB_REPOSITORY") or not environment.get("GITHUB_TOKEN"):
        return
    try:
        hub = github.of_this_run(environment)
        state = hub.workflow_state("schedule.yml")
    except github.GitHubError as error:
        yield Finding("schedule", "warning", f"whether it runs is not known: {error}")
        return
    if state == "active":
        yield Finding("schedule", "ok", "schedule.yml is switched on")
    else:
        why = (
            " by GitHub, after 60 days without a commit" if state == "disabled_inactivity" else f" ({state})"
        )
        text = f"schedule.yml is switched off{why}: gh workflow enable schedule.yml"
        yield Finding("schedule", "missing", text)
