"""Hand-crafted features of arrays: the columns as they are, standardised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import numpy as np

from fivefold.contracts.roles import TraditionalFeatures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fivefold.contracts.rows import FloatArray, Items


@final
class Columns(TraditionalFeatures):
    """The values of an array, one column each."""

    name = "columns"

    def __init__(self) -> None:
        self._mean = np.zeros(1, np.float32)
        self._scale = np.ones(1, np.float32)

    def learn(self, rows: Items, rng: np.random.Generator) -> None:
        """Learn the columns' means and deviations; no label enters, so all folds share them."""
        chosen = np.sort(rng.permutation(len(rows))[:10_000])
        columns = _flat(rows.take(chosen))
        self._mean = columns.mean(0, dtype=np.float64).astype(np.float32)
        deviation = columns.std(0, dtype=np.float64)
        self._scale = np.where(deviation > 0, deviation, 1.0).astype(np.float32)

    def describe(self, items: NDArray[Any]) -> FloatArray:
        """Items (N, ...) as (N, F), of mean 0 and deviation 1."""
        return (_flat(items) - self._mean) / self._scale

    def state(self) -> dict[str, NDArray[Any]]:
        """Mean and deviation of each column (F,)."""
        return {"mean": self._mean, "scale": self._scale}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Put means and deviations back."""
        self._mean, self._scale = state["mean"], state["scale"]


def features(shape: Mapping[str, Any]) -> tuple[TraditionalFeatures, ...]:
    """The features of arrays, cheapest first."""
    del shape
    return (Columns(),)


def _flat(items: NDArray[Any]) -> FloatArray:
    return items.reshape(len(items), -1).astype(np.float32)
