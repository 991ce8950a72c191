"""Sampling: the settings by which a model's next token is drawn, on its card and by those who load it."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from bot.errors import WrongValue
from bot.io import digest
from bot.registry.advice import did_you_mean, nearest
from bot.registry.values import Or


class Sampling(BaseModel):
    """How text is drawn from a model's probabilities. docs/sampling.md says how the defaults were chosen."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    temperature: Annotated[float, Field(gt=0, le=5)] = Field(
        0.9, description="by which the logits are divided: below 1 likelier words, above 1 rarer ones"
    )
    top_p: Annotated[float, Field(gt=0, le=1)] = Field(
        0.95, description="draw from the likeliest tokens that together have this probability; 1: from all"
    )
    top_k: Annotated[int, Field(ge=0, le=10**6)] = Field(
        0, description="draw from so many of the likeliest tokens; 0: from all"
    )
    min_p: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.0, description="leave out tokens less probable than this share of the likeliest one; 0: none"
    )
    repetition_penalty: Annotated[float, Field(ge=0.1, le=10)] = Field(
        1.0, description="above 1 words that stand in the text already become rarer; 1: none"
    )
    max_new_tokens: Annotated[int, Field(ge=1, le=8192)] = Field(
        160, description="tokens of an answer, at most; never more than three quarters of the base's context"
    )

    def digest(self) -> str:
        """Short hex digest of the settings that were asked for: a new default of a later version does not change it."""
        return digest.short(self.model_dump(exclude_unset=True))

    @classmethod
    def named(cls, name: str) -> Self:
        """The settings of that name; KeyError for an unknown one (`NAMED` holds them all)."""
        return cls.model_validate(NAMED[name])


NAMED: dict[str, dict[str, Any]] = {
    "classic": {
        "temperature": 1.0,
        "top_p": 0.95,
        "top_k": 0,
        "min_p": 0.0,
        "repetition_penalty": 1.0,
        "max_new_tokens": 160,
    }
}
"""Settings by name. `classic` is how the system of 2020-2023 sampled: nucleus 0.95 at temperature 1."""


DEFAULT = Sampling()
"""The settings of an entry that asks for none."""


def _values(value: Any) -> Any:
    """A name becomes the settings with every value set, so that they replace what the defaults say."""
    if not isinstance(value, str):
        return value
    if value not in NAMED:
        close = nearest(value, NAMED)
        raise WrongValue(
            f"there are no sampling settings of that name{did_you_mean(close)}; or give values: {{temperature: 0.9}}",
            instead=[*([close] if close else []), "{temperature: 0.9}"],
        )
    return Sampling.named(value).model_dump()


SamplingValues = Annotated[Sampling, BeforeValidator(_values), Or({"enum": list(NAMED)})]
"""The values in which sampling differs from the default, or all of a named one; see `model_fields_set`."""
