"""The files of a fleet repository, as texts by path. The workflows are those of the bot's own repository, pinned."""

from __future__ import annotations

import json
from collections.abc import Mapping
from string import Template

from bot import registry
from bot.github.fleet_repo.pins import Pin, pinned
from bot.github.fleet_repo.registry_text import Settings, registry_text
from bot.io import paths
from bot.registry import Source

WORKFLOWS = ("registry", "registry-comment", "publish", "schedule", "takedown", "add-handle", "pages")
"""The workflows of a fleet, in `.github/workflows/NAME.yml`; the bot's own repository has more."""
FORM = ".github/ISSUE_TEMPLATE/add-handle.yml"
REGISTRY = "registry.yaml"
SCHEMA = "registry.schema.json"
FOLLOWS = frozenset({*(f".github/workflows/{name}.yml" for name in WORKFLOWS), FORM, SCHEMA})
"""What belongs to the bot's version, and `--update` replaces; everything else is the fleet's own."""
NOT_RESTYLED = frozenset({"job_summary.md.j2", "pr_comment.md.j2", "preview.html.j2"})
"""Templates that a fleet's own folder does not replace."""
_TEXTS = {
    "README.md": "README.md",
    ".github/CODEOWNERS": "CODEOWNERS",
    ".github/dependabot.yml": "dependabot.yml",
    ".gitignore": "gitignore",
}
_NETWORKS: dict[Source, tuple[str, str]] = {
    "archive": (
        "carol_example",
        "the zip that X gives its owner; a maintainer imports it, it is never attached or committed",
    ),
    "bluesky": ("carol.example.social", "public posts"),
    "jsonl": ("carol_example", "a file of posts, one JSON object per line"),
    "mastodon": ("carol@example.social", "public posts, read from the account's own server"),
    "x": ("carol_example", "public posts; each one that is read costs money"),
}
"""Of each source an invented handle, and what it reads."""


def fleet_files(settings: Settings, pin: Pin, *, templates: bool = False) -> dict[str, str]:
    """Returns every file of a new fleet repository. Raises UsageError for an answer that a registry cannot hold."""
    files = {REGISTRY: registry_text(settings, f"./{SCHEMA}")} | followed_files(pin)
    form = paths.shipped(".github/PULL_REQUEST_TEMPLATE.md")
    files[".github/PULL_REQUEST_TEMPLATE.md"] = form.read_text(encoding="utf-8")
    words = _words(settings, pin)
    for path, name in _TEXTS.items():
        files[path] = Template(_own_text(name)).substitute(words)
    return files | (restyled_templates() if templates else {})


def followed_files(pin: Pin) -> dict[str, str]:
    """Returns the files that belong to the bot's version (`FOLLOWS`): workflows, issue form and schema."""
    workflows = {
        path: pinned(paths.shipped(path).read_text(encoding="utf-8"), pin)
        for path in (f".github/workflows/{name}.yml" for name in WORKFLOWS)
    }
    schema = json.dumps(registry.schema(), indent=2, ensure_ascii=False) + "\n"
    return workflows | {FORM: paths.shipped(FORM).read_text(encoding="utf-8"), SCHEMA: schema}


def restyled_templates() -> dict[str, str]:
    """Returns the templates that a folder `templates/` beside the registry replaces, with their manual."""
    folder = next(folder for folder in paths.TEMPLATES if folder.is_dir())
    found = {
        path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()
    }
    return {
        f"templates/{name}": path.read_text(encoding="utf-8")
        for name, path in found.items()
        if name not in NOT_RESTYLED
    }


def _own_text(name: str) -> str:
    return (paths.PACKAGE / "github" / "fleet_repo" / "texts" / name).read_text(encoding="utf-8")


def _words(settings: Settings, pin: Pin) -> Mapping[str, str]:
    """What the texts of this package leave open."""
    sources: tuple[Source, ...] = settings.sources or ("bluesky", "mastodon", "archive", "x")
    contact = (settings.contact or "the contact on the model's card").removeprefix("mailto:")
    address = f"huggingface.co/{settings.namespace}"
    return {
        "title": settings.namespace or "Our models",
        "hub": f"[{address}](https://{address})" if settings.namespace else "the Hugging Face Hub",
        "contact": contact,
        "source": sources[0],
        "handle": _NETWORKS[sources[0]][0],
        "sources": "\n".join(
            f"- `{source}` (`{_NETWORKS[source][0]}`): {_NETWORKS[source][1]}" for source in sources
        ),
        "runner": f"`{settings.gpu_runner}`"
        if settings.gpu_runner
        else "the label of a runner with a GPU, if there is one",
        "manual": f"https://github.com/{pin.repository}/tree/{pin.commit}/docs",
        "bot": f"https://github.com/{pin.repository}",
    }
