"""What probabilities are worth: pure functions of (probabilities, targets).

Axes: N rows, K classes, G groups, T resamples.

Every metric here is a function of two sums over rows, taken per group of rows: the summed
contribution and the number of rows. So a resampled or swapped set of rows costs one
matrix product instead of a copy of the probabilities (see `intervals` and `paired`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivefold.contracts.rows import FloatArray, IntArray
from fivefold.plumbing.errors import OptionError

Sums = NDArray[np.float64]
LEAST = 1e-7  # a probability below this counts as this, so that one wrong row cannot be infinite
BINS = 15


@dataclass(frozen=True, kw_only=True, slots=True)
class Contributions:
    """What each row adds to a metric.

    Attributes:
        values: (N,) contribution of each row.
        groups: (N,) group the row is counted in.
        n_groups: G.
    """

    values: NDArray[np.float64]
    groups: IntArray
    n_groups: int

    def totals(self) -> tuple[Sums, Sums]:
        """Summed contributions (G,) and numbers of rows (G,)."""
        values = np.bincount(self.groups, weights=self.values, minlength=self.n_groups)
        rows = np.bincount(self.groups, minlength=self.n_groups)
        return values.astype(np.float64), rows.astype(np.float64)


@dataclass(frozen=True, slots=True)
class Metric:
    """One way to judge probabilities.

    Attributes:
        word: The word in the CLI, in files and in reports.
        function: (probabilities (N, K), targets (N,)) -> score.
        contributions: The same arguments -> what each row adds.
        finish: Sums (..., G) of contributions and of rows -> score (...).
        higher_is_better: Whether more is better.
        per_row: The score is the mean of a score of each row.
        proportion: The score is a share of right answers, so Wilson's interval applies.
        most: Largest possible score; the smallest is 0.
    """

    word: str
    function: Callable[[FloatArray, IntArray], float]
    contributions: Callable[[FloatArray, IntArray], Contributions]
    finish: Callable[[Sums, Sums], Sums]
    _: KW_ONLY
    higher_is_better: bool = True
    per_row: bool = True
    proportion: bool = False
    most: float = 1.0


def accuracy(probabilities: FloatArray, targets: IntArray) -> float:
    """Share of rows whose most probable class is the target."""
    return _score(_right(probabilities, targets), _mean)


def top5(probabilities: FloatArray, targets: IntArray) -> float:
    """Share of rows whose target is among the five most probable classes."""
    return _score(_right_in_five(probabilities, targets), _mean)


def balanced_accuracy(probabilities: FloatArray, targets: IntArray) -> float:
    """Mean of the classes' accuracies, over the classes that occur in `targets`."""
    return _score(_right_by_class(probabilities, targets), _mean_of_groups)


def log_loss(probabilities: FloatArray, targets: IntArray) -> float:
    """Mean of -log(probability of the target), probabilities clipped at 1e-7."""
    return _score(_surprise(probabilities, targets), _mean)


def calibration_error(probabilities: FloatArray, targets: IntArray) -> float:
    """Expected calibration error of the top answer, over 15 bins of equal width.

    The mean, over rows, of |accuracy - mean confidence| in the row's bin of confidence.
    """
    return _score(_overconfidence_by_bin(probabilities, targets), _absolute)


def bin_of(confidence: NDArray[np.floating[Any]], bins: int = BINS) -> IntArray:
    """The bin (0 to bins - 1) of equal width each confidence (N,) lies in."""
    return np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)


def metric(word: str) -> Metric:
    """The metric behind a word.

    Raises:
        OptionError: There is no such metric.
    """
    if word not in METRICS:
        raise OptionError(
            found=f"metric {word!r}",
            wanted=f"one of {', '.join(METRICS)}",
            hint="pass one of them to --metric",
        )
    return METRICS[word]


def better(word: str, a: float, b: float) -> bool:
    """Whether score `a` is better than score `b`; equal is not better."""
    return a > b if metric(word).higher_is_better else a < b


def _score(contributions: Contributions, finish: Callable[[Sums, Sums], Sums]) -> float:
    return float(finish(*contributions.totals()))


def _mean(values: Sums, rows: Sums) -> Sums:
    return values.sum(-1) / rows.sum(-1)


def _mean_of_groups(values: Sums, rows: Sums) -> Sums:
    shares = values / np.maximum(rows, 1.0)  # a class without rows adds nothing, not 0 / 0
    return shares.sum(-1) / (rows > 0).sum(-1)


def _absolute(values: Sums, rows: Sums) -> Sums:
    return np.abs(values).sum(-1) / rows.sum(-1)


def _one_group(values: NDArray[Any]) -> Contributions:
    groups = np.zeros(len(values), np.int64)
    return Contributions(values=values.astype(np.float64), groups=groups, n_groups=1)


def _right(probabilities: FloatArray, targets: IntArray) -> Contributions:
    return _one_group(probabilities.argmax(1) == targets)


def _right_in_five(probabilities: FloatArray, targets: IntArray) -> Contributions:
    of_target = np.take_along_axis(probabilities, targets[:, None], 1)
    # Among equals the lower class number goes first, as argmax has it.
    first = np.arange(probabilities.shape[1]) < targets[:, None]
    ahead = (probabilities > of_target) | ((probabilities == of_target) & first)
    return _one_group(ahead.sum(1) < 5)


def _right_by_class(probabilities: FloatArray, targets: IntArray) -> Contributions:
    right = (probabilities.argmax(1) == targets).astype(np.float64)
    return Contributions(values=right, groups=targets, n_groups=probabilities.shape[1])


def _surprise(probabilities: FloatArray, targets: IntArray) -> Contributions:
    of_target = probabilities[np.arange(len(targets)), targets].astype(np.float64)
    return _one_group(-np.log(np.clip(of_target, LEAST, 1.0)))


def _overconfidence_by_bin(probabilities: FloatArray, targets: IntArray) -> Contributions:
    confidence = probabilities.max(1).astype(np.float64)
    over = confidence - (probabilities.argmax(1) == targets)
    return Contributions(values=over, groups=bin_of(confidence), n_groups=BINS)


METRICS: dict[str, Metric] = {
    m.word: m
    for m in (
        Metric("accuracy", accuracy, _right, _mean, proportion=True),
        Metric("top5", top5, _right_in_five, _mean, proportion=True),
        Metric("balanced_accuracy", balanced_accuracy, _right_by_class, _mean_of_groups,
               per_row=False, proportion=True),
        Metric("log_loss", log_loss, _surprise, _mean,
               higher_is_better=False, most=float(-np.log(LEAST))),
        Metric("calibration_error", calibration_error, _overconfidence_by_bin, _absolute,
               higher_is_better=False, per_row=False),
    )
}  # fmt: skip
