"""A recipe as a base on a device can follow it, with what had to give."""

from __future__ import annotations

from bot.manifest import Asked
from bot.registry.recipe import Recipe
from bot.training import adapters, loading
from bot.training.device import Device
from bot.training.loading import LoadedBase
from bot.training.optimiser import with_rate


def fitting(
    base: LoadedBase, recipe: Recipe, device: Device
) -> tuple[Recipe, dict[str, Asked], tuple[str, ...]]:
    """The recipe as this base can follow it, what of it was asked otherwise, and sentences on what had to give."""
    warnings = []
    asked: dict[str, Asked] = {}
    if recipe.block_size > base.context:
        warnings.append(
            f"{base.spec.name} was made for {base.context} tokens, so blocks have as many, not {recipe.block_size}"
        )
        asked["block_size"] = Asked(value=recipe.block_size, reason="the base's context")
        recipe = recipe.model_copy(update={"block_size": base.context})
    if recipe.layout == "packed" and base.masking(recipe.block_size, device) is None:
        warnings.append(
            f"{base.spec.name} ({base.config.model_type}) cannot keep the posts of a block apart, so posts run "
            "together (layout: stream)"
        )
        asked["layout"] = Asked(value=recipe.layout, reason="the base cannot keep the posts of a block apart")
        recipe = recipe.model_copy(update={"layout": "stream"})
    if recipe.dropout and not recipe.lora_rank and not base.has_dropout:
        asked["dropout"] = Asked(value=recipe.dropout, reason="the base was made without dropout")
        recipe = recipe.model_copy(update={"dropout": 0.0})
    if end := loading.end_warning(base):
        warnings.append(end)
    if recipe.lora_rank and recipe.weights != "fp32" and not adapters.is_merged(base):
        warnings.append(f"an adapter is small, so it is published in fp32, not in {recipe.weights}")
        asked["weights"] = Asked(value=recipe.weights, reason="an adapter is small")
        recipe = recipe.model_copy(update={"weights": "fp32"})
    if recipe.learning_rate == "auto":  # last: it depends on the other values as they are used
        asked["learning_rate"] = Asked(value="auto", reason=f"for a base of width {base.width}")
        recipe = with_rate(recipe, base.width)
    return recipe, asked, tuple(warnings)
