"""Whether 90 % sure means right nine times in ten; and one number that mends it.

Axes: N rows, K classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit

from fivefold.scores.measure import BINS, LEAST, bin_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fivefold.contracts.rows import FloatArray, IntArray

COLDEST, HOTTEST = 0.05, 20.0
_CELLS = 500_000  # probabilities that are enough to learn one number from


def apply_temperature(probabilities: NDArray[np.floating[Any]], t: float) -> FloatArray:
    """Divide the log of probabilities (N, K), clipped at 1e-7, by `t` and normalise again.

    The order of the classes stays; `t` above 1 makes answers less sure, below 1 surer.
    """
    logs = np.log(np.maximum(probabilities, LEAST)) / t
    return _normalised(logs)


def fit_temperature(probabilities: NDArray[np.floating[Any]], targets: IntArray) -> float:
    """The temperature, within 0.05 to 20, at which the log-loss of (N, K) on (N,) is least.

    A prior of one e-fold around 1 is counted like one row: it keeps a handful of rows, all
    answered right, from making a model sure of everything.
    """
    n, k = probabilities.shape
    step = max(1, n * k // _CELLS)
    logs = np.log(np.maximum(probabilities[::step], LEAST)).astype(np.float64)
    of_target = logs[np.arange(len(logs)), targets[::step]]

    def cost(log_t: float) -> float:
        t = np.exp(log_t)
        return float((_log_sum(logs / t) - of_target / t).sum() + 0.5 * log_t**2)

    bounds = (np.log(COLDEST), np.log(HOTTEST))
    found = minimize_scalar(cost, bounds=bounds, method="bounded", options={"xatol": 1e-4})
    # The search may stop a hair beside 1 where 1 itself is best.
    return float(np.exp(found.x)) if found.fun < cost(0.0) else 1.0


def apply_binary_temperature(probabilities: NDArray[np.floating[Any]], t: float) -> FloatArray:
    """Divide the log-odds of probabilities of any shape, clipped at 1e-7, by `t`."""
    return expit(log_odds(probabilities) / t).astype(np.float32)


def fit_binary_temperature(probabilities: NDArray[np.floating[Any]], truth: NDArray[Any]) -> float:
    """The one temperature at which the log-loss of probabilities (N, K) of 0 or 1 is least.

    With the same prior as `fit_temperature`.
    """
    step = max(1, probabilities.size // _CELLS)
    odds = np.where(truth[::step] > 0, 1.0, -1.0) * log_odds(probabilities[::step])

    def cost(log_t: float) -> float:
        return float(np.logaddexp(0.0, -odds / np.exp(log_t)).sum() + 0.5 * log_t**2)

    bounds = (np.log(COLDEST), np.log(HOTTEST))
    found = minimize_scalar(cost, bounds=bounds, method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x)) if found.fun < cost(0.0) else 1.0


def log_odds(probabilities: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Log-odds of probabilities, clipped at 1e-7 from both ends."""
    return np.asarray(logit(np.clip(probabilities.astype(np.float64), LEAST, 1.0 - LEAST)))


def softmax(scores: NDArray[np.floating[Any]], t: float = 1.0) -> FloatArray:
    """Scores (N, K) on any scale, divided by `t`, as probabilities (N, K)."""
    return _normalised(scores / t)


def _normalised(logs: NDArray[np.floating[Any]]) -> FloatArray:
    """Logs (N, K) as probabilities (N, K)."""
    return np.exp(logs - _log_sum(logs)[:, None]).astype(np.float32)


def _log_sum(logs: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Log of the sum of exponentials (N,) of finite logs (N, K).

    scipy's own looks for infinities, complex and masked values first: ten times as long on a few
    hundred rows, and selection asks thousands of times.
    """
    highest = logs.max(axis=1)
    return highest + np.log(np.exp(logs - highest[:, None]).sum(axis=1))


def reliability(
    probabilities: FloatArray, targets: IntArray, bins: int = BINS
) -> list[tuple[float, float, int]]:
    """(mean confidence, accuracy, rows) of each bin of equal width that has rows."""
    confidence = probabilities.max(1).astype(np.float64)
    right = probabilities.argmax(1) == targets
    place = bin_of(confidence, bins)
    return [
        (float(confidence[place == b].mean()), float(right[place == b].mean()), int(n))
        for b, n in enumerate(np.bincount(place, minlength=bins))
        if n
    ]


NEVER_SURE = 1.01  # above any probability, and, unlike infinity, a JSON number
_LEAST_SURE_ROWS = 10


def sure_above(confidence: NDArray[np.floating[Any]], right: NDArray[np.bool_]) -> float:
    """The smallest confidence (V,) from which on answers are `right` (V,) often enough.

    Enough is 95 % of the rows at or above it; 99 % where 95 % of all rows are right anyway,
    so that "sure" still sets answers apart. At least ten rows have to lie there. Where no
    threshold does it, NEVER_SURE.
    """
    wanted = 0.99 if right.mean() >= 0.95 else 0.95
    order = np.argsort(-confidence, kind="stable")
    falling = confidence[order]
    share = right[order].cumsum() / np.arange(1, len(right) + 1)
    # A threshold cannot part rows of equal confidence: only the last of them counts.
    last = np.append(falling[1:] < falling[:-1], True)
    rows = np.arange(1, len(right) + 1)
    enough = np.flatnonzero(last & (share >= wanted) & (rows >= _LEAST_SURE_ROWS))
    return float(falling[enough[-1]]) if len(enough) else NEVER_SURE
