"""What a plan needs to know of a published model: a small part of its manifest, and of its card's front matter."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

FILENAME = "bot.json"
"""The manifest's path in a repo."""

CARD = "README.md"
"""The card's path in a repo."""

FRONT_MATTER_KEY = "mynah"
"""The key of our own facts in a card's front matter."""


class Value(BaseModel):
    """Frozen; keys of a newer bot are kept out of sight, not refused, so that an older one can still read."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class Published(Value):
    """What a plan needs to know of a published model. `base` is the base's identity, see `Base.identity`."""

    version: Literal[1] = 1
    handles: tuple[str, ...]
    recipe: str
    base: str
    base_revision: str | None = None
    template: str
    card: str
    prompts: str | None = None
    newest_post: AwareDatetime | None = None
    trained_at: AwareDatetime
