"""The recipe: every number that training depends on, and the digest by which a change of any is seen."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from bot import digest

PositiveInt = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, lt=1)]


class Recipe(BaseModel):
    """Hyperparameters of one fine-tuning. The defaults follow the system of 2020-2023 (its `classic` recipe)."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    epochs: Annotated[int, Field(ge=1, le=100)] = Field(4, description="passes over the training posts")
    learning_rate: Annotated[float, Field(gt=0, le=1)] = Field(1.372e-4, description="peak of the schedule")
    warmup: Share = Field(0.0, description="share of the steps spent rising to the peak")
    batch_size: Annotated[int, Field(ge=1, le=1024)] = Field(1, description="blocks in a step")
    block_size: Annotated[int, Field(ge=16, le=8192)] = Field(
        1024, description="tokens in a block; never more than the base's context"
    )
    weight_decay: Annotated[float, Field(ge=0, le=1)] = Field(0.0, description="AdamW's, on matrices only")
    clip: Annotated[float, Field(gt=0)] = Field(1.0, description="largest norm of the gradient")
    dropout: Share = Field(0.1, description="of the base's dropout layers while training")
    held_out: Annotated[float, Field(ge=0.01, le=0.5)] = Field(
        0.1, description="share of each account's posts that is never trained on"
    )
    seed: Annotated[int, Field(ge=0, lt=2**32)] = Field(42, description="of shuffling, dropout and sampling")

    def digest(self) -> str:
        """Short hex digest of every number: equal exactly when two recipes train alike."""
        return digest.of_value(self.model_dump())[:16]

    def differences(self) -> dict[str, Any]:
        """The values that are not the defaults: what a reader of the card should see first."""
        default = Recipe()
        return {name: value for name, value in self.model_dump().items() if value != getattr(default, name)}

    @classmethod
    def named(cls, name: str) -> Self:
        """The recipe of that name; KeyError for an unknown one (`NAMED` holds them all)."""
        return cls.model_validate(NAMED[name])


NAMED: dict[str, dict[str, Any]] = {"classic": {}}
"""Recipes by name. `classic`: learning rate 1.372e-4, 4 epochs, cosine to zero, batch 1, blocks of 1,024."""
