"""AdamW over a model's weights as two long vectors, and the schedule of its learning rate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch

from bot.registry.recipe import Recipe
from bot.training.weights import Weights

RATE_TIMES_WIDTH, RATE_TOKENS = 0.115, 1024
"""The learning rate `auto` times the base's width, at so many tokens a step."""

LORA_FACTOR = 10
"""How much faster an adapter learns than all weights."""


class Optimiser:
    """AdamW with clipping; its memory is allocated once and used again for every model of a fleet."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        values, gradients, cut = weights.values, weights.gradients, weights.decayed
        vectors = []
        for part in (slice(0, cut), slice(cut, None)):
            vector = torch.nn.Parameter(values[part])
            vector.grad = gradients[part]
            vectors.append(vector)
        self._matrices = vectors[0]
        self._vectors = [one for one in vectors if one.numel()]
        self._adamw = torch.optim.AdamW([{"params": [one]} for one in self._vectors], fused=True)

    def restart(self, recipe: Recipe) -> None:
        """Forgets every earlier step and takes the recipe's weight decay, for matrices only."""
        for state in self._adamw.state.values():
            for value in state.values():
                value.zero_()
        for group in self._adamw.param_groups:
            is_matrices = group["params"][0] is self._matrices
            group["weight_decay"] = recipe.weight_decay if is_matrices else 0.0

    def state(self) -> dict[str, Any]:
        """The moments and the count of steps, of matrices and of the rest."""
        return {
            f"{number} {name}": value
            for number, state in enumerate(self._adamw.state.get(one, {}) for one in self._vectors)
            for name, value in state.items()
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state, in memory that is there already where it is."""
        for name, value in state.items():
            number, _, what = name.partition(" ")
            own = self._adamw.state[self._vectors[int(number)]]
            if what in own:
                own[what].copy_(value)
            else:
                own[what] = value.clone().to(self.weights.values.device)

    @property
    def pending_bytes(self) -> int:
        """Bytes that the first step will allocate for the two moments; 0 once they are there."""
        return 0 if self._adamw.state else 2 * self.weights.values.nbytes

    def step(self, rate: float, clip: float, scaler: torch.amp.GradScaler | None = None) -> None:
        """One step at this learning rate, with gradients of norm `clip` at most; then they are zero again.

        A `scaler` divides its scale out of the gradients first, and leaves the step out where one is not finite.
        """
        if scaler is not None:
            scaler.unscale_(self._adamw)
        self.weights.clip(clip)
        for group in self._adamw.param_groups:
            group["lr"] = rate
        if scaler is None:
            self._adamw.step()
        else:
            scaler.step(self._adamw)
            scaler.update()
        self.weights.gradients.zero_()


def with_rate(recipe: Recipe, width: int) -> Recipe:
    """The recipe with a number in place of `learning_rate: auto`, for a base whose hidden states have this size.

    One over the width, and the square root of the tokens of a step; docs/quality.md has what it was fitted to.
    """
    if recipe.learning_rate != "auto":
        return recipe
    tokens = recipe.batch_size * recipe.block_size
    rate = RATE_TIMES_WIDTH / width * math.sqrt(tokens / RATE_TOKENS)
    rate *= LORA_FACTOR if recipe.lora_rank else 1
    return recipe.model_copy(update={"learning_rate": float(f"{min(rate, 1):.2g}")})


def learning_rate(step: int, steps: int, recipe: Recipe) -> float:
    """Linear warm-up to the recipe's peak, then a cosine to zero at the last step. ValueError where it is `auto`."""
    peak, rising = float(recipe.learning_rate), recipe.warmup * steps
    if step < rising:
        return peak * (step + 1) / (rising + 1)
    return peak * 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))
