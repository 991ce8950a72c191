"""The recipe: every number that training depends on, and the digest by which a change of any is seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

Share = Annotated[float, Field(ge=0, lt=1)]


class _OrAuto:
    """Accepts the word `auto` beside the numbers of a rate, and otherwise says what is wrong with the number."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        number = handler.generate_schema(Annotated[float, Field(gt=0, le=1)])
        as_it_is = core_schema.plain_serializer_function_ser_schema(lambda value: value)
        return core_schema.no_info_wrap_validator_function(_rate, number, serialization=as_it_is)


def _rate(value: Any, number: Callable[[Any], float]) -> float | Literal["auto"]:
    return "auto" if value == "auto" else number(value)


Rate = Annotated[
    float | Literal["auto"],
    _OrAuto,
    WithJsonSchema({"anyOf": [{"const": "auto"}, {"type": "number", "exclusiveMinimum": 0, "maximum": 1}]}),
]


class Recipe(BaseModel):
    """Hyperparameters of one fine-tuning. docs/quality.md says how the defaults were chosen."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    epochs: Annotated[int, Field(ge=1, le=100)] = Field(
        3, description="epochs over the training posts, at most"
    )
    patience: Annotated[int, Field(ge=0, le=100)] = Field(
        1, description="epochs without a better held-out loss after which training ends; 0: never"
    )
    learning_rate: Rate = Field(
        "auto",
        description="peak of the schedule; auto follows the width of the base and the tokens of a step",
    )
    warmup: Share = Field(0.1, description="share of the steps spent rising to the peak")
    layout: Literal["packed", "stream"] = Field(
        "packed",
        description="of posts in blocks: packed whole, each seeing only itself; or run together as one stream",
    )
    batch_size: Annotated[int, Field(ge=1, le=1024)] = Field(2, description="blocks in a step")
    block_size: Annotated[int, Field(ge=16, le=8192)] = Field(
        256, description="tokens in a block; never more than the base's context"
    )
    weight_decay: Annotated[float, Field(ge=0, le=1)] = Field(0.0, description="AdamW's, on matrices only")
    clip: Annotated[float, Field(gt=0)] = Field(1.0, description="largest norm of the gradient")
    dropout: Share = Field(0.0, description="of the base's dropout layers while training")
    weights: Literal["fp32", "bf16"] = Field("bf16", description="type of the published weights")
    lora_rank: Annotated[int, Field(ge=1, le=1024)] | None = Field(
        None,
        description="rank of a LoRA adapter, which is trained instead of all weights",
        examples=[8],
    )
    voices: Literal["unnamed", "named"] = Field(
        "unnamed",
        description="of several accounts: named, half of the posts follow a line with their account's handle",
    )
    held_out: Annotated[float, Field(ge=0.01, le=0.5)] = Field(
        0.1, description="share of each account's posts that is never trained on"
    )
    seed: Annotated[int, Field(ge=0, lt=2**32)] = Field(42, description="of shuffling, dropout and sampling")

    def differences(self) -> dict[str, Any]:
        """The values that are not the defaults: what a reader of the card should see first."""
        default = Recipe()
        return {name: value for name, value in self.model_dump().items() if value != getattr(default, name)}

    @classmethod
    def named(cls, name: str) -> Self:
        """The recipe of that name; KeyError for an unknown one (`NAMED` holds them all)."""
        return cls.model_validate(NAMED[name])


NAMED: dict[str, dict[str, Any]] = {
    "classic": {
        "epochs": 4,
        "patience": 0,
        "learning_rate": 1.372e-4,
        "warmup": 0.0,
        "layout": "stream",
        "batch_size": 1,
        "block_size": 1024,
        "weight_decay": 0.0,
        "clip": 1.0,
        "dropout": 0.1,
        "weights": "fp32",
        "lora_rank": None,
        "voices": "unnamed",
        "held_out": 0.1,
        "seed": 42,
    }
}
"""Recipes by name, each with every value, so that no later default changes it.

`classic` is the system of 2020-2023's: cosine to zero, posts run together in blocks of 1,024.
"""
