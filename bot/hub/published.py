"""The part of a manifest that a plan compares; it is also in the card's front matter."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

VERSION = 2
"""The newest format of `Published` that this bot reads, and the one that it writes."""

FILENAME = "bot.json"
"""The manifest's path in a repo."""

CARD = "README.md"
"""The card's path in a repo."""

FRONT_MATTER_KEY = "mynah"
"""The key of our part of a card's front matter."""


class Value(BaseModel):
    """A frozen model that ignores unknown keys, so that an older bot can read what a newer one wrote."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class Published(Value):
    """What a plan compares of a published model. `base` is `BaseSpec.identity` of its base.

    `recipe` is the digest of the values that training depends on, of those that the registry `asked` for and the
    defaults of the generation `defaults` (bot.registry.asked). `settings` is the entry's part of the card as far as
    it is set, whose digest is `card`. A model of version 1 has the defaults of
    generation 1, and what it was asked for is known by digest alone.
    """

    version: Literal[1, 2] = 1
    handles: tuple[str, ...]
    recipe: str
    defaults: int | None = None
    asked: dict[str, Any] | None = None
    base: str
    base_revision: str | None = None
    template: str
    card: str
    settings: dict[str, Any] | None = None
    prompts: str | None = None
    newest_post: AwareDatetime | None = None
    trained_at: AwareDatetime
