"""The recipe of a published model, as a manifest of any version records it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from bot.registry.recipe import Recipe


class UsedRecipe(Recipe):
    """The hyperparameters that were used, as far as they were recorded: an adopted model has none.

    What an older bot did not record has the default of today and is not written. What a newer one recorded beyond
    the keys of today is kept.
    """

    model_config = ConfigDict(extra="allow")

    block_size: Annotated[int, Field(ge=1)] = 256  # a base's context may be less than a registry may ask for

    def recorded(self) -> dict[str, Any]:
        """The values that were recorded, in the order of a recipe's fields."""
        return self.model_dump()

    @model_serializer(mode="wrap")
    def _without_defaults(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in written(self).items() if name in self.model_fields_set}
