"""AdamW over a model's weights as two long vectors, and the schedule of its learning rate."""

from __future__ import annotations

import math

import torch

from bot.registry.recipe import Recipe
from bot.training.weights import Weights


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
        self._adamw = torch.optim.AdamW([{"params": [one]} for one in vectors if one.numel()], fused=True)

    def restart(self, recipe: Recipe) -> None:
        """Forgets every earlier step and takes the recipe's weight decay, for matrices only."""
        for state in self._adamw.state.values():
            for value in state.values():
                value.zero_()
        for group in self._adamw.param_groups:
            is_matrices = group["params"][0] is self._matrices
            group["weight_decay"] = recipe.weight_decay if is_matrices else 0.0

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


def learning_rate(step: int, steps: int, recipe: Recipe) -> float:
    """Linear warm-up to the recipe's peak, then a cosine to zero at the last step."""
    rising = recipe.warmup * steps
    if step < rising:
        return recipe.learning_rate * (step + 1) / (rising + 1)
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))
