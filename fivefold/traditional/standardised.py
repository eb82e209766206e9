"""Features that need nothing but a common unit: a function of items, each column standardised.

Axes: N rows, F features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import numpy as np

from fivefold.contracts.roles import TraditionalFeatures

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from fivefold.contracts.rows import FloatArray, Items

LOOKED_AT = 10_000  # rows that means and deviations are learned from
CLIP = 10.0  # deviations: heavy tails must not rule a linear model
CHUNK = 256


@final
class Standardised(TraditionalFeatures):
    """What `function` says of items, of mean 0 and deviation 1; what cannot be told is the mean.

    Args:
        name: Of the features.
        function: Module-level function, items (N, *item_shape) -> numbers (N, F).
    """

    def __init__(self, name: str, function: Callable[[NDArray[Any]], FloatArray]) -> None:
        self.name = name
        self._function = function
        self._mean = np.zeros(1, np.float32)
        self._scale = np.ones(1, np.float32)

    def learn(self, rows: Items, rng: np.random.Generator) -> None:
        """Learn the columns' means and deviations; no label enters, so all folds share them."""
        chosen = np.sort(rng.permutation(len(rows))[:LOOKED_AT])
        parts = [
            self._function(rows.take(chosen[start : start + CHUNK]))
            for start in range(0, len(chosen), CHUNK)
        ]
        found = np.concatenate(parts).astype(np.float64)
        there = np.isfinite(found)
        count = np.maximum(there.sum(0), 1)
        found = np.where(there, found, 0.0)
        mean = found.sum(0) / count
        deviation = np.sqrt(np.maximum((found**2).sum(0) / count - mean**2, 0.0))
        self._mean = mean.astype(np.float32)
        # What is constant but for rounding must not be blown up.
        still = deviation <= 1e-6 * np.maximum(1.0, np.abs(mean))
        self._scale = np.where(still, 1.0, deviation).astype(np.float32)

    def describe(self, items: NDArray[Any]) -> FloatArray:
        """Items (N, *item_shape) as (N, F)."""
        found = (self._function(items) - self._mean) / self._scale
        return np.nan_to_num(np.clip(found, -CLIP, CLIP), nan=0.0).astype(np.float32)

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Mean and deviation of each column (F,)."""
        return {"mean": self._mean, "scale": self._scale}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Put means and deviations back."""
        self._mean, self._scale = state["mean"], state["scale"]
