"""The part of a manifest that a plan compares; it is also in the card's front matter."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidatorFunctionWrapHandler
from pydantic import WrapValidator as Wrap

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


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("a character that cannot be shown")
    return text


class Measured(Value):
    """What making a model took, by which a plan estimates the next one's time.

    `seconds` are those of training, `other_seconds` those of scoring, writing and sampling. Training went `epochs`
    times over `characters` of text, repeats of smaller accounts included, with a base of so many `parameters`.
    """

    hardware: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]
    parameters: Annotated[int, Field(gt=0, le=10**15)]
    characters: Annotated[int, Field(gt=0, le=10**12)]
    epochs: Annotated[int, Field(gt=0, le=10**6)]
    seconds: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]
    other_seconds: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


def _or_none(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    """None for what is damaged: an estimate is worth no damaged repo."""
    try:
        return read(value)
    except ValueError:
        return None


class Published(Value):
    """What a plan compares of a published model. `base` is `BaseSpec.identity` of its base.

    `recipe` is the digest of the values that training depends on, of those that the registry `asked` for and the
    defaults of the generation `defaults` (bot.registry.asked). `settings` is the entry's part of the card as far as
    it is set, whose digest is `card`. A model of version 1 has the defaults of
    generation 1, and what it was asked for is known by digest alone. `measured` is None for models of older versions.
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
    sampling: str | None = None
    newest_post: AwareDatetime | None = None
    trained_at: AwareDatetime
    measured: Annotated[Measured | None, Wrap(_or_none)] = None
