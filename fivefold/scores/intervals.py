"""How far a score could be off: bootstrap intervals, without copying a row.

Axes: N rows, T resamples.

Where rows come in groups - of a speaker, a patient - they are no independent witnesses: a system
may be good for one speaker and poor for the next. Whole groups are drawn then, and the interval is
widened by as much as Student's t is wider than the normal, since of few groups their spread is
hardly known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri, stdtrit

from fivefold.scores.metrics import metric
from fivefold.scores.resampling import draws, summed, tables

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fivefold.contracts.rows import FloatArray, Targets
    from fivefold.scores.measure import Contributions, Metric, Sums
    from fivefold.scores.resampling import Draws

RARE = 10  # errors or hits; below it the bootstrap of a share says too little


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """A score with its interval."""

    value: float
    low: float
    high: float


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
    drawn = draws(len(targets), times, rng)
    return _intervals({"": metric_}, probabilities, targets, drawn, level)[""]


def intervals(
    words: Iterable[str],
    probabilities: FloatArray,
    targets: Targets,
    *,
    drawn: Draws,
    level: float = 0.95,
    vocabulary: tuple[str, ...] = (),
) -> dict[str, Interval]:
    """Several metrics with their intervals, from one set of resamples.

    The interval is the percentile interval of the resampled scores, moved so that they centre
    on the measured score: resampling alone raises the calibration error, and an interval
    beside its own value would be wrong. Where errors or hits are few, or all resamples agree, a
    share of right answers gets Wilson's interval instead, which is never a point: 100 of 100
    right is no proof of never being wrong. Of groups it is that of as many independent rows as
    say as much.

    Args:
        words: Metrics.
        probabilities: Answers (N, ...).
        targets: (N, ...).
        drawn: From `draws`; hand the same to every system.
        level: Share of the intervals that hold the true score.
        vocabulary: Of the target.
    """
    metrics = {word: metric(word, vocabulary) for word in words}
    return _intervals(metrics, probabilities, targets, drawn, level)


def _intervals(
    metrics: dict[str, Metric],
    probabilities: FloatArray,
    targets: Targets,
    drawn: Draws,
    level: float,
) -> dict[str, Interval]:
    added = {w: m.contributions(probabilities, targets) for w, m in metrics.items()}
    # What Wilson's interval will be told of needs no resampling.
    needed = [w for w, m in metrics.items() if drawn.groups is not None or not _few(m, added[w])]
    sums = summed([tables(added[w], drawn) for w in needed], drawn.resamples())
    replicates = {w: metrics[w].finish(*each) for w, each in zip(needed, sums, strict=True)}
    return {w: _interval(m, added[w], replicates.get(w), drawn, level) for w, m in metrics.items()}


def centred(replicates: Sums, value: float, level: float, drawn: Draws) -> tuple[float, float]:
    """Percentile interval of `replicates` (T,), moved to centre on `value`."""
    tail = (1.0 - level) / 2.0
    ends = np.quantile(replicates, (tail, 1.0 - tail)) - replicates.mean()
    low, high = _wider(drawn, level) * ends + value
    return float(low), float(high)


def _wider(drawn: Draws, level: float) -> float:
    """By how much the interval of few groups is too narrow."""
    if drawn.groups is None:
        return 1.0
    g, tail = drawn.units, (1.0 + level) / 2.0
    return float(np.sqrt(g / (g - 1.0)) * stdtrit(g - 1.0, tail) / ndtri(tail))


def wilson(share: float, rows: float, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a share seen in `rows` independent rows."""
    z = float(ndtri(0.5 + level / 2.0))
    middle = (share + z * z / (2.0 * rows)) / (1.0 + z * z / rows)
    half = z / (1.0 + z * z / rows) * np.sqrt(share * (1 - share) / rows + (z / (2 * rows)) ** 2)
    # Rounding must not push the measured share itself out of its interval.
    return max(0.0, min(share, float(middle - half))), min(1.0, max(share, float(middle + half)))


def _interval(
    metric_: Metric,
    contributions: Contributions,
    replicates: Sums | None,
    drawn: Draws,
    level: float,
) -> Interval:
    value = float(metric_.finish(*contributions.totals()))
    if replicates is None:
        low, high = wilson(value, _equivalent_rows(metric_, contributions), level)
    elif metric_.proportion and (_agree(replicates) or _few(metric_, contributions)):
        rows = _equivalent_rows(metric_, contributions)
        low, high = wilson(value, _independent(rows, value, replicates, drawn), level)
    else:
        low, high = centred(replicates, value, level, drawn)
    return Interval(value=value, low=max(metric_.least, low), high=min(metric_.most, high))


def _agree(replicates: Sums) -> bool:
    return bool(np.ptp(replicates) < 1e-9)


def _few(metric_: Metric, contributions: Contributions) -> bool:
    """Whether errors or hits are so few that resampling them says too little."""
    if not (metric_.proportion and metric_.per_row):
        return False
    value = float(metric_.finish(*contributions.totals()))
    return min(value, 1.0 - value) * _equivalent_rows(metric_, contributions) < RARE


def _equivalent_rows(metric_: Metric, contributions: Contributions) -> float:
    """Rows of a plain share that vary as much as this mean of the groups' shares."""
    if contributions.values.ndim == 2:
        return float(len(contributions.values))  # whole rows are drawn, whatever they are made of
    rows = contributions.totals()[1]
    rows = rows[rows > 0]
    return float(rows.sum() if metric_.per_row else len(rows) ** 2 / (1.0 / rows).sum())


def _independent(rows: float, value: float, replicates: Sums, drawn: Draws) -> float:
    """How many independent rows say as much as these, which may be of groups.

    At least as many as if all rows of a group were one; so many where resamples agree, as then
    nothing tells how much groups differ.
    """
    if drawn.groups is None:
        return rows
    sizes = np.bincount(drawn.groups).astype(np.float64)
    least = min(rows, sizes.sum() ** 2 / (sizes**2).sum())
    if _agree(replicates):
        return float(least)
    variance = replicates.var() * drawn.units / (drawn.units - 1.0)
    return float(np.clip(value * (1.0 - value) / variance, least, rows))
