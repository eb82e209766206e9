"""Whether one system is better than another on the same rows.

Axes: N rows, T resamples or swaps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import binomtest, norm

from fivefold.scores.intervals import centred
from fivefold.scores.resampling import summed, tables

if TYPE_CHECKING:
    from fivefold.contracts.rows import FloatArray, Targets
    from fivefold.scores.measure import Metric, Sums
    from fivefold.scores.resampling import Counts, Draws, Table

_ROUNDING = 1e-6  # of a score from sums in single precision


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """System `a` against system `b` on the same rows.

    Attributes:
        a: Name of the first system.
        b: Name of the second.
        metric: Word of the metric.
        difference: Score of `a` minus score of `b`.
        low: Lower end of the 95 % interval of the difference.
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
    drawn: Draws,
) -> Comparison:
    """Compare two systems on the same rows.

    For shares of right answers the p-value is McNemar's exact test and the interval one that goes
    with it. For any other metric, and where rows come in groups, the interval comes from
    paired resamples, and the p-value from a permutation test that swaps the two systems' answers
    on random rows, which for a mean over rows is the sign-flip test. Rows of a group are drawn and
    swapped together.

    Args:
        metric_: What is compared.
        first: Name and answers (N, ...) of the first system.
        second: The same of the second.
        targets: (N, ...).
        drawn: From `draws`: how often is resampled and swapped, and what together.
    """
    a, b = (metric_.contributions(system[1], targets) for system in (first, second))
    scores = [float(metric_.finish(*each.totals())) for each in (a, b)]
    difference = scores[0] - scores[1]
    if metric_.proportion and metric_.per_row and drawn.groups is None:
        p = mcnemar(a.values > 0, b.values > 0)
        is_one = np.array_equal(first[1], second[1])  # no row will ever tell them apart
        low, high = (0.0, 0.0) if is_one else discordant_interval(a.values > 0, b.values > 0)
    else:
        pair = [tables(a, drawn), tables(b, drawn)]
        of_a, of_b = (metric_.finish(*each) for each in summed(pair, drawn.resamples()))
        low, high = centred(of_a - of_b, difference, 0.95, drawn)
        largest = max(map(abs, scores))
        p = _permutation(metric_, pair, drawn, difference=difference, largest=largest)
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

    Two intervals in one. Bonett and Price's (2012), normal with one more row on which only `a` is
    right and one on which only `b` is, covers the difference where few rows, or none, tell the
    systems apart. Clopper and Pearson's exact one of the share of `a` among those rows, scaled to
    all, leaves out zero only where McNemar's test rejects.
    """
    only_a = int((a_right & ~b_right).sum())
    only_b = int((b_right & ~a_right).sum())
    rows, apart = len(a_right), only_a + only_b
    middle = (only_a - only_b) / (rows + 2)
    spread = math.sqrt(((apart + 2) / (rows + 2) - middle**2) / (rows + 2))
    reach = float(norm.ppf((1 + level) / 2)) * spread
    low, high = max(-1.0, middle - reach), min(1.0, middle + reach)
    if apart:
        share = binomtest(only_a, apart).proportion_ci(level, method="exact")
        low = min(low, (2 * share.low - 1) * apart / rows)
        high = max(high, (2 * share.high - 1) * apart / rows)
    return float(low), float(high)


def _permutation(
    metric_: Metric,
    pair: list[tuple[Table, Table]],
    drawn: Draws,
    *,
    difference: float,
    largest: float,
) -> float:
    """Share of swaps that make as large a difference; of few units all swaps are looked at."""
    found = np.abs(np.concatenate([_swapped(metric_, pair, swaps) for swaps in drawn.swaps()]))
    # The tolerance keeps a swap that changes nothing from counting as smaller by rounding; it is a
    # share of the scores, for those of a target in amperes may differ by a millionth at most.
    extreme = found >= abs(difference) - _ROUNDING * largest
    if drawn.swaps_all:
        return float(extreme.mean())
    return float((1 + extreme.sum()) / (1 + len(extreme)))


def _swapped(metric_: Metric, pair: list[tuple[Table, Table]], swaps: Counts) -> Sums:
    """(t,) differences where each system has the other's answers on the swapped units."""
    kept = summed(pair, [1.0 - swaps])
    other = summed(pair[::-1], [swaps])
    scores = [
        metric_.finish(*(own + others for own, others in zip(mine, theirs, strict=True)))
        for mine, theirs in zip(kept, other, strict=True)
    ]
    return np.asarray(scores[0] - scores[1])
