"""Where the answers on the vault go wrong: confusion, worst mistakes, reliability.

Axes: n vault rows, k classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fivefold.scores.calibration import reliability

if TYPE_CHECKING:
    from fivefold.contracts.rows import FloatArray, IntArray
    from fivefold.win_.judge import Verdict

FULL_MATRIX_UP_TO = 30  # classes; above, only the most confused pairs are told
_PAIRS = 20
MISTAKES = 24
_BINS = 10


def confusion(probabilities: FloatArray, targets: IntArray) -> IntArray:
    """Counts (k, k): row = true class, column = predicted class."""
    k = probabilities.shape[1]
    cells = targets * k + probabilities.argmax(axis=1)
    return np.bincount(cells, minlength=k * k).reshape(k, k)


def confused_pairs(matrix: IntArray, classes: tuple[str, ...]) -> list[dict[str, Any]]:
    """The most confused pairs of classes, most frequent first; `share` is of the true class."""
    wrong = matrix - np.diag(matrix.diagonal())
    order = np.argsort(-wrong, axis=None, kind="stable")[:_PAIRS]
    rows, columns = np.unravel_index(order, wrong.shape)
    return [
        {
            "true": classes[i],
            "predicted": classes[j],
            "count": int(wrong[i, j]),
            "share": wrong[i, j] / matrix[i].sum(),
        }
        for i, j in zip(rows, columns, strict=True)
        if wrong[i, j]
    ]


def worst(probabilities: FloatArray, targets: IntArray) -> IntArray:
    """Positions of the mistakes that were made with the most confidence, worst first."""
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != targets)
    order = np.argsort(-probabilities[wrong].max(axis=1), kind="stable")
    return wrong[order[:MISTAKES]]


def reliability_bins(verdict: Verdict) -> dict[str, list[dict[str, Any]]]:
    """System -> filled bins of its top probability: mean confidence, accuracy, rows."""
    return {
        word: bins_of(verdict.systems[word].probabilities, verdict.content.targets)
        for word in ("ensemble", "best_single")
        if word in verdict.systems
    }


def bins_of(probabilities: FloatArray, targets: IntArray) -> list[dict[str, Any]]:
    """Filled bins of the top probability: mean confidence, accuracy, rows."""
    return [
        {"confidence": confidence, "accuracy": accuracy, "rows": count}
        for confidence, accuracy, count in reliability(probabilities, targets, _BINS)
        if count
    ]
