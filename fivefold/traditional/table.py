"""Hand-crafted features of tables: the cells as they are, for trees; laid out, for linear models.

Axes: N rows, D slots of a row, F features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import numpy as np

from fivefold.contracts.roles import TraditionalFeatures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from fivefold.contracts.rows import FloatArray, Items

_ROWS = 20_000  # looked at
_SKEWED = 10.0  # deviations from the mean, above which a column is looked at by its logarithm


@final
class Cells(TraditionalFeatures):
    """Numbers and codes as they are, NaN where a cell is missing: what trees read best.

    Args:
        columns: The slots of a row.
    """

    name = "cells"
    classifiers = ("boosted_trees", "bagged_trees")

    def __init__(self, columns: Sequence[Mapping[str, Any]]) -> None:
        self.categories = tuple(i for i, s in enumerate(columns) if s["type"] == "category")

    def learn(self, rows: Items, rng: np.random.Generator) -> None:
        """Nothing is to be learned."""

    def describe(self, items: NDArray[Any]) -> FloatArray:
        """Items (N, D) as they are."""
        return np.asarray(items, np.float32)

    def state(self) -> dict[str, NDArray[Any]]:
        """Empty."""
        return {}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Nothing to put back."""


@final
class LaidOut(TraditionalFeatures):
    """Numbers of mean 0 and deviation 1, long tails by their logarithm; a column per category.

    A missing number counts as the mean, with a column that says so; a missing category has none.

    Args:
        columns: The slots of a row.
    """

    name = "one-hot"
    classifiers = ("logistic", "svm", "linear_svm")

    def __init__(self, columns: Sequence[Mapping[str, Any]]) -> None:
        self._numbers = [i for i, s in enumerate(columns) if s["type"] == "number"]
        self._codes = [
            (i, len(s["values"]) + 1) for i, s in enumerate(columns) if s["type"] == "category"
        ]
        d = len(self._numbers)
        self._mean, self._scale = np.zeros(d, np.float32), np.ones(d, np.float32)
        self._log: NDArray[np.bool_] = np.zeros(d, bool)
        self._gaps: NDArray[np.bool_] = np.zeros(d, bool)

    def learn(self, rows: Items, rng: np.random.Generator) -> None:
        """Means, deviations, and which columns have long tails or gaps; no label enters."""
        chosen = np.sort(rng.permutation(len(rows))[:_ROWS])
        values = np.asarray(rows.take(chosen))[:, self._numbers].astype(np.float64)
        self._gaps = np.asarray(np.isnan(values).any(0))
        mean, deviation = _moments(values)
        with np.errstate(invalid="ignore"):
            far = np.nanmax(np.abs(np.vstack([values, mean]) - mean), axis=0)
        self._log = far > _SKEWED * np.maximum(deviation, 1e-12)
        mean, deviation = _moments(np.where(self._log, _compressed(values), values))
        self._mean = mean.astype(np.float32)
        self._scale = np.where(deviation > 0, deviation, 1.0).astype(np.float32)

    def describe(self, items: NDArray[Any]) -> FloatArray:
        """Items (N, D) as (N, F)."""
        numbers = np.asarray(items[:, self._numbers], np.float32)
        numbers = (np.where(self._log, _compressed(numbers), numbers) - self._mean) / self._scale
        gaps = np.isnan(numbers[:, self._gaps])
        laid = [np.nan_to_num(numbers), gaps]
        laid += [items[:, [i]] == np.arange(size) for i, size in self._codes]
        return np.hstack(laid).astype(np.float32)

    def state(self) -> dict[str, NDArray[Any]]:
        """Mean, deviation, whether by logarithm and with gaps, of each number."""
        return {"mean": self._mean, "scale": self._scale, "log": self._log, "gaps": self._gaps}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Put back what was learned."""
        self._mean, self._scale = state["mean"], state["scale"]
        self._log, self._gaps = state["log"].astype(bool), state["gaps"].astype(bool)


def features(shape: Mapping[str, Any]) -> tuple[TraditionalFeatures, ...]:
    """The features of tables."""
    return Cells(shape["columns"]), LaidOut(shape["columns"])


def _compressed(values: NDArray[Any]) -> NDArray[Any]:
    return np.sign(values) * np.log1p(np.abs(values))


def _moments(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and deviation of each column, of the numbers that are there; 0 and 0 where none is."""
    there = np.isfinite(values)
    count = np.maximum(there.sum(0), 1)
    mean = np.where(there, values, 0.0).sum(0) / count
    return mean, np.sqrt(np.where(there, np.square(values - mean), 0.0).sum(0) / count)
