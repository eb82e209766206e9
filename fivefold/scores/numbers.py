"""What answers with a number and its deviation are worth.

Axes: N rows, M numbers. Answers are (N, 2M): M means, then M deviations of a normal distribution.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fivefold.scores.measure import Contributions, Sums, made, mean, one_group, several_sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fivefold.contracts.rows import FloatArray, Targets

    Floats = NDArray[np.float64]

WITHIN = 0.9  # of the true values should lie in the interval that is told
REACH = 1.6448536  # deviations to either side that hold as much of a normal distribution
_NARROWEST = 1e-9  # a deviation below this share of the targets' own counts as this


def halves(answers: FloatArray) -> tuple[Floats, Floats]:
    """Means (N, M) and deviations (N, M)."""
    means, deviations = np.split(answers.astype(np.float64), 2, axis=1)
    return means, deviations


def _squares(answers: FloatArray, targets: Targets) -> Contributions:
    return several_sums((halves(answers)[0] - targets) ** 2)


def _root(values: Sums, rows: Sums) -> Sums:
    return np.asarray(np.sqrt(values / rows).mean(-1))


def _distance(answers: FloatArray, targets: Targets) -> Contributions:
    return one_group(np.abs(halves(answers)[0] - targets).mean(1))


def _explained(answers: FloatArray, targets: Targets) -> Contributions:
    # In units of the targets' own deviation, so that large numbers lose no digits in the sums.
    scale = np.maximum(targets.std(0, dtype=np.float64), 1e-12)
    away = (targets - targets.mean(0, dtype=np.float64)) / scale
    return several_sums(((halves(answers)[0] - targets) / scale) ** 2, away, away**2)


def _share_explained(values: Sums, rows: Sums) -> Sums:
    """Mean over numbers of 1 - squared errors / squared distances from the mean."""
    errors, first, second = np.split(values, 3, axis=-1)
    n = np.split(rows, 3, axis=-1)[0]
    spread = second - first**2 / n
    return np.asarray((1.0 - errors / np.maximum(spread, 1e-9)).mean(-1))


def surprise(answers: FloatArray, targets: Targets) -> Floats:
    """(N,) negative log-likelihood of the true values, mean over numbers."""
    means, deviations = halves(answers)
    least = _NARROWEST * np.maximum(targets.std(0, dtype=np.float64), 1e-9)
    deviations = np.maximum(deviations, least)
    squares = ((targets - means) / deviations) ** 2
    return np.asarray((0.5 * squares + np.log(deviations) + 0.5 * np.log(2 * np.pi)).mean(1))


def _surprises(answers: FloatArray, targets: Targets) -> Contributions:
    return one_group(surprise(answers, targets))


def _held(answers: FloatArray, targets: Targets) -> Contributions:
    means, deviations = halves(answers)
    return one_group((np.abs(targets - means) <= REACH * deviations).mean(1))


_LOW = {"higher_is_better": False, "most": float("inf")}
METRICS = {
    m.word: m
    for m in (
        made("rmse", _squares, _root, per_row=False, **_LOW),
        made("mae", _distance, mean, **_LOW),
        made("r2", _explained, _share_explained, per_row=False, least=float("-inf")),
        made("nll", _surprises, mean, least=float("-inf"), **_LOW),
        made("coverage", _held, mean),
    )
}
