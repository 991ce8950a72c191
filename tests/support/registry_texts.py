"""What the registry's tests share: registries as text, and what reading one found."""

from __future__ import annotations

from pathlib import Path

from bot import registry
from bot.errors import Problem, RegistryError
from bot.registry import Registry

HEAD = "version: 1\nnamespace: my-org\ncontact: https://example.org/removal\nx: {terms_acknowledged: true}\n"

EXAMPLE = """\
# yaml-language-server: $schema=./registry.schema.json
version: 1
namespace: my-org                # user or organisation on the Hub
contact: https://example.org/removal    # or mailto: stands on every card
store: file://.bot/store         # any fsspec URL; or {url: …, keep: 30d}
policy:
  consent: required
  removal: private               # private | delete
  max_copying: 0.05
defaults:                        # any key of an entry
  source: x
  base: openai-community/gpt2
  max_age: 90d
  min_new_posts: 100
  recipe: {epochs: 4}
  prompts: ["My dream is"]
  template: model_card
models:
  - handles: [ada_example, bob_example]
    consent: https://example.org/agreed
  - handles: [my_account]
    source: archive
    archive: private/my.zip
    consent: self
  - handles: [carol.example.social]
    source: bluesky
    consent: self
  - handles: [mydiary]
    source: jsonl
    jsonl: posts/mydiary.jsonl
    base: ./bases/tiny
    consent: self
removed:
  - handles: [dave_example]
    on: 2026-11-20
x:
  terms_acknowledged: true
  monthly_reads: 20000
"""


def read(text: str | bytes, folder: Path) -> Registry:
    """The registry of this text, as if it stood in `folder`."""
    data = text.encode() if isinstance(text, str) else text
    return registry.read_text(data, folder / "registry.yaml")


def problems(text: str | bytes, folder: Path) -> tuple[Problem, ...]:
    """Everything wrong with this text, whether it makes the registry unreadable or not."""
    try:
        return read(text, folder).problems
    except RegistryError as error:
        return tuple(error.problems)


def only(text: str | bytes, folder: Path) -> tuple[int, int, str]:
    """The place and message of the one thing wrong with this text."""
    (problem,) = problems(text, folder)
    return problem.line, problem.column, problem.message
