"""How far a score could be off: bootstrap intervals, without copying a row.

Axes: N rows, G groups, T resamples.

A resample of the rows is a vector of counts. All resamples times all contributions is one
sparse matrix product, and the same counts serve every metric and every system.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import ndtri

from fivefold.scores.metrics import metric

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fivefold.contracts.rows import FloatArray, Targets
    from fivefold.scores.measure import Contributions, Metric, Sums

Counts = NDArray[np.float32]
Values = NDArray[np.floating[Any]]


RARE = 10  # errors or hits; below it the bootstrap of a share says too little


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """A score with its interval."""

    value: float
    low: float
    high: float


def resamples(n: int, times: int, rng: np.random.Generator) -> Counts:
    """How often each of `n` rows is drawn in each of `times` resamples: (T, N), rows sum to n."""
    counts = np.empty((times, n), np.float32)
    for row in counts:
        row[:] = np.bincount(rng.integers(n, size=n, dtype=np.int32), minlength=n)
    return counts


def resampled(contributions: Contributions, counts: Counts) -> tuple[Sums, Sums]:
    """Sums (T, G) of contributions and of rows, under every resample (T, N)."""
    return (
        by_group(contributions, counts, contributions.values),
        by_group(contributions, counts, np.ones_like(contributions.values)),
    )


def by_group(contributions: Contributions, counts: Counts, values: Values) -> Sums:
    """Sums (T, G) of `values` (N,) over the groups' rows, under weights `counts` (T, N).

    Values (N, S) are summed over all rows, to (T, S).
    """
    if values.ndim == 2:
        return np.asarray(counts @ values.astype(np.float32), dtype=np.float64)
    if contributions.n_groups == 1:
        return (counts @ values.astype(np.float32)).astype(np.float64)[:, None]
    n = len(values)
    place = csr_array(
        (values.astype(np.float32), contributions.groups, np.arange(n + 1)),
        shape=(n, contributions.n_groups),
    )
    return np.asarray(counts @ place, dtype=np.float64)


def bootstrap(
    metric_: Metric,
    probabilities: FloatArray,
    targets: Targets,
    *,
    rng: np.random.Generator,
    times: int = 1000,
    level: float = 0.95,
) -> Interval:
    """A metric with its bootstrap interval; see `intervals` for how it is made."""
    counts = resamples(len(targets), times, rng)
    return _interval(metric_, probabilities, targets, counts, level)


def intervals(
    words: Iterable[str],
    probabilities: FloatArray,
    targets: Targets,
    *,
    counts: Counts,
    level: float = 0.95,
    vocabulary: tuple[str, ...] = (),
) -> dict[str, Interval]:
    """Several metrics with their intervals, from one set of resamples.

    The interval is the percentile interval of the resampled scores, moved so that they centre
    on the measured score: resampling alone raises the calibration error, and an interval
    beside its own value would be wrong. Where all resamples agree (everything right, or
    everything wrong) a share of right answers gets Wilson's interval instead, which is never
    a point: 100 of 100 right is no proof of never being wrong.

    Args:
        words: Metrics.
        probabilities: Answers (N, ...).
        targets: (N, ...).
        counts: (T, N), from `resamples`; hand the same to every system.
        level: Share of the intervals that hold the true score.
        vocabulary: Of the target.
    """
    return {
        w: _interval(metric(w, vocabulary), probabilities, targets, counts, level) for w in words
    }


def centred(replicates: Sums, value: float, level: float) -> tuple[float, float]:
    """Percentile interval of `replicates` (T,), moved to centre on `value`."""
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(replicates, (tail, 1.0 - tail)) - replicates.mean() + value
    return float(low), float(high)


def wilson(share: float, rows: float, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a share seen in `rows` independent rows."""
    z = float(ndtri(0.5 + level / 2.0))
    middle = (share + z * z / (2.0 * rows)) / (1.0 + z * z / rows)
    half = z / (1.0 + z * z / rows) * np.sqrt(share * (1 - share) / rows + (z / (2 * rows)) ** 2)
    # Rounding must not push the measured share itself out of its interval.
    return max(0.0, min(share, float(middle - half))), min(1.0, max(share, float(middle + half)))


def _interval(
    metric_: Metric, probabilities: FloatArray, targets: Targets, counts: Counts, level: float
) -> Interval:
    contributions = metric_.contributions(probabilities, targets)
    value = float(metric_.finish(*contributions.totals()))
    replicates = metric_.finish(*resampled(contributions, counts))
    if metric_.proportion and _rare(metric_, contributions, value, replicates):
        low, high = wilson(value, _equivalent_rows(metric_, contributions), level)
    else:
        low, high = centred(replicates, value, level)
    return Interval(value=value, low=max(metric_.least, low), high=min(metric_.most, high))


def _rare(metric_: Metric, contributions: Contributions, value: float, replicates: Sums) -> bool:
    """Whether errors or hits are so few that resampling them says too little."""
    if not metric_.per_row:
        return bool(np.ptp(replicates) < 1e-9)
    rows = _equivalent_rows(metric_, contributions)
    return min(value, 1.0 - value) * rows < RARE


def _equivalent_rows(metric_: Metric, contributions: Contributions) -> float:
    """Rows of a plain share that vary as much as this mean of the groups' shares."""
    if contributions.values.ndim == 2:
        return float(len(contributions.values))  # whole rows are drawn, whatever they are made of
    rows = contributions.totals()[1]
    rows = rows[rows > 0]
    return float(rows.sum() if metric_.per_row else len(rows) ** 2 / (1.0 / rows).sum())
