"""Whether one system is better than another on the same rows.

Axes: N rows, G groups, T resamples or swaps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import binomtest

from fivefold.scores.intervals import by_group, centred, resampled, resamples

if TYPE_CHECKING:
    from fivefold.contracts.rows import FloatArray, Targets
    from fivefold.scores.intervals import Counts
    from fivefold.scores.measure import Contributions, Metric, Sums


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """System `a` against system `b` on the same rows.

    Attributes:
        a: Name of the first system.
        b: Name of the second.
        metric: Word of the metric.
        difference: Score of `a` minus score of `b`.
        low: Lower end of the 95 % bootstrap interval of the difference.
        high: Upper end.
        p: Two-sided p-value of "they are equally good".
        beats: `a` is better, p < 0.05, and the interval does not hold 0.
    """

    a: str
    b: str
    metric: str
    difference: float
    low: float
    high: float
    p: float
    beats: bool


def paired(
    metric_: Metric,
    first: tuple[str, FloatArray],
    second: tuple[str, FloatArray],
    targets: Targets,
    *,
    rng: np.random.Generator,
    times: int = 1000,
) -> Comparison:
    """Compare two systems on the same rows.

    For shares of right answers the p-value is McNemar's exact test and the interval the exact one
    that goes with it. For any other metric the interval comes from paired resamples, and the
    p-value from a permutation test that swaps the two systems'
    answers on random rows, which for a mean over rows is the sign-flip test.

    Args:
        metric_: What is compared.
        first: Name and answers (N, ...) of the first system.
        second: The same of the second.
        targets: (N, ...).
        rng: All randomness.
        times: Number of resamples and of swaps.
    """
    a, b = (metric_.contributions(system[1], targets) for system in (first, second))
    difference = float(metric_.finish(*a.totals()) - metric_.finish(*b.totals()))
    counts = resamples(len(targets), times, rng)
    replicates = metric_.finish(*resampled(a, counts)) - metric_.finish(*resampled(b, counts))
    low, high = centred(replicates, difference, 0.95)
    if metric_.proportion and metric_.per_row:
        p = mcnemar(a.values > 0, b.values > 0)
        low, high = discordant_interval(a.values > 0, b.values > 0)
    else:
        swaps = rng.integers(0, 2, size=counts.shape, dtype=np.int8).astype(np.float32)
        p = _permutation(metric_, a, b, difference, swaps)
    ahead = low > 0 if metric_.higher_is_better else high < 0
    return Comparison(
        a=first[0],
        b=second[0],
        metric=metric_.word,
        difference=difference,
        low=low,
        high=high,
        p=p,
        beats=bool(ahead and p < 0.05),
    )


def mcnemar(a_right: np.ndarray, b_right: np.ndarray) -> float:
    """Exact two-sided p-value from the rows (N,) on which only one of two systems is right."""
    only_a = int((a_right & ~b_right).sum())
    only_b = int((b_right & ~a_right).sum())
    if only_a + only_b == 0:
        return 1.0
    return float(binomtest(only_a, only_a + only_b).pvalue)


def discordant_interval(
    a_right: np.ndarray, b_right: np.ndarray, level: float = 0.95
) -> tuple[float, float]:
    """Interval of the difference of two shares of right answers on the same rows (N,).

    Clopper and Pearson's exact interval of the share of `a` among the rows on which only one
    system is right, scaled to all rows: it leaves out zero only where McNemar's test rejects.
    """
    only_a = int((a_right & ~b_right).sum())
    only_b = int((b_right & ~a_right).sum())
    rows = only_a + only_b
    if rows == 0:
        return 0.0, 0.0
    share = binomtest(only_a, rows).proportion_ci(level, method="exact")
    scale = rows / len(a_right)
    return float((2 * share.low - 1) * scale), float((2 * share.high - 1) * scale)


def _permutation(
    metric_: Metric, a: Contributions, b: Contributions, difference: float, swaps: Counts
) -> float:
    kept = 1.0 - swaps
    swapped_a = metric_.finish(*_mixed(a, b, kept, swaps))
    swapped_b = metric_.finish(*_mixed(b, a, kept, swaps))
    # The tolerance keeps a swap that changes nothing from counting as smaller by rounding.
    extreme = np.abs(swapped_a - swapped_b) >= abs(difference) - 1e-6
    return float((1 + extreme.sum()) / (1 + len(swaps)))


def _mixed(
    one: Contributions, other: Contributions, kept: Counts, swaps: Counts
) -> tuple[Sums, Sums]:
    """Totals (T, G) of a system that has the other's answers on the swapped rows."""
    ones = np.ones_like(one.values)
    return (
        by_group(one, kept, one.values) + by_group(other, swaps, other.values),
        by_group(one, kept, ones) + by_group(other, swaps, ones),
    )
