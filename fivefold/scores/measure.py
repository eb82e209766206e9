"""What a metric is: a function of sums over rows.

Axes: N rows, G groups of rows, S sums, T resamples.

Every metric here is a function of sums over rows: of the summed contribution and the number of
rows of each group, or of several sums over all rows. So a resampled or swapped set of rows costs
one matrix product instead of a copy of the answers (see `intervals` and `paired`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivefold.contracts.rows import FloatArray, IntArray, Targets

Sums = NDArray[np.float64]
LEAST = 1e-7  # a probability below this counts as this, so that one wrong row cannot be infinite
BINS = 15


@dataclass(frozen=True, kw_only=True, slots=True)
class Contributions:
    """What each row adds to a metric.

    Attributes:
        values: (N,) contribution of each row; or (N, S): what it adds to each of S sums.
        groups: (N,) group the row is counted in; not used with several sums.
        n_groups: G; S with several sums.
    """

    values: NDArray[np.floating[Any]]
    groups: IntArray
    n_groups: int

    def totals(self) -> tuple[Sums, Sums]:
        """Summed contributions (G,) or (S,), and numbers of rows."""
        if self.values.ndim == 2:
            return self.values.sum(0, dtype=np.float64), np.full(self.n_groups, len(self.values))
        values = np.bincount(self.groups, weights=self.values, minlength=self.n_groups)
        rows = np.bincount(self.groups, minlength=self.n_groups)
        return values.astype(np.float64), rows.astype(np.float64)


@dataclass(frozen=True, slots=True)
class Metric:
    """One way to judge answers.

    Attributes:
        word: The word in the CLI, in files and in reports.
        function: (answers (N, ...), targets (N, ...)) -> score.
        contributions: The same arguments -> what each row adds.
        finish: Sums (..., G) of contributions and of rows -> score (...).
        higher_is_better: Whether more is better.
        per_row: The score is the mean of a score of each row.
        proportion: The score is a share of right answers, so Wilson's interval applies.
        most: Largest possible score.
        least: Smallest possible score.
    """

    word: str
    function: Callable[[FloatArray, Targets], float]
    contributions: Callable[[FloatArray, Targets], Contributions]
    finish: Callable[[Sums, Sums], Sums]
    _: KW_ONLY
    higher_is_better: bool = True
    per_row: bool = True
    proportion: bool = False
    most: float = 1.0
    least: float = 0.0


def made(
    word: str,
    contributions: Callable[[FloatArray, Targets], Contributions],
    finish: Callable[[Sums, Sums], Sums],
    **facts: Any,  # noqa: ANN401 - fields of Metric
) -> Metric:
    """The metric of what rows add and how that is finished."""
    return Metric(
        word,
        lambda answers, targets: score(contributions(answers, targets), finish),
        contributions,
        finish,
        **facts,
    )


def score(contributions: Contributions, finish: Callable[[Sums, Sums], Sums]) -> float:
    """The score of all rows, each counted once."""
    return float(finish(*contributions.totals()))


def mean(values: Sums, rows: Sums) -> Sums:
    """Mean over rows."""
    return values.sum(-1) / rows.sum(-1)


def ratio(values: Sums, rows: Sums) -> Sums:  # noqa: ARG001 - the shape of every `finish`
    """The first of two sums by the second; 0 where that is 0."""
    return np.asarray(values[..., 0] / np.maximum(values[..., 1], 1e-12))


def one_group(values: NDArray[Any]) -> Contributions:
    """All rows (N,) in one group."""
    groups = np.zeros(len(values), np.int64)
    return Contributions(values=values.astype(np.float64), groups=groups, n_groups=1)


def several_sums(*values: NDArray[Any]) -> Contributions:
    """What rows add to several sums: columns (N,) or tables (N, S), side by side."""
    table = np.column_stack([one.astype(np.float32) for one in values])
    groups = np.zeros(len(table), np.int64)
    return Contributions(values=table, groups=groups, n_groups=table.shape[1])


def bin_of(confidence: NDArray[np.floating[Any]], bins: int = BINS) -> IntArray:
    """The bin (0 to bins - 1) of equal width each confidence (N,) lies in."""
    return np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
