"""Every metric by its word, and those of classes: functions of (probabilities, targets).

Axes: N rows, K classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fivefold.plumbing.errors import OptionError
from fivefold.scores import labels, numbers, tags
from fivefold.scores.measure import (
    BINS,
    LEAST,
    Contributions,
    Metric,
    Sums,
    bin_of,
    mean,
    one_group,
    score,
)

if TYPE_CHECKING:
    from fivefold.contracts.rows import FloatArray, IntArray


def accuracy(probabilities: FloatArray, targets: IntArray) -> float:
    """Share of rows whose most probable class is the target."""
    return score(_right(probabilities, targets), mean)


def top5(probabilities: FloatArray, targets: IntArray) -> float:
    """Share of rows whose target is among the five most probable classes."""
    return score(_right_in_five(probabilities, targets), mean)


def balanced_accuracy(probabilities: FloatArray, targets: IntArray) -> float:
    """Mean of the classes' accuracies, over the classes that occur in `targets`."""
    return score(_right_by_class(probabilities, targets), _mean_of_groups)


def log_loss(probabilities: FloatArray, targets: IntArray) -> float:
    """Mean of -log(probability of the target), probabilities clipped at 1e-7."""
    return score(_surprise(probabilities, targets), mean)


def calibration_error(probabilities: FloatArray, targets: IntArray) -> float:
    """Expected calibration error of the top answer, over 15 bins of equal width.

    The mean, over rows, of |accuracy - mean confidence| in the row's bin of confidence.
    """
    return score(_overconfidence_by_bin(probabilities, targets), _absolute)


def metric(word: str, vocabulary: tuple[str, ...] = ()) -> Metric:
    """The metric behind a word.

    Args:
        word: In the CLI, in files and in reports.
        vocabulary: Of the target; spans of tags are told by the tags' names.

    Raises:
        OptionError: There is no such metric.
    """
    if word == tags.SPANS:
        return tags.span_metric(vocabulary)
    if word not in _EVERY:
        raise OptionError(
            found=f"metric {word!r}",
            wanted=f"one of {', '.join((*_EVERY, tags.SPANS))}",
            hint="pass one of them to --metric",
        )
    return _EVERY[word]


def better(word: str, a: float, b: float) -> bool:
    """Whether score `a` is better than score `b`; equal is not better."""
    return a > b if metric(word).higher_is_better else a < b


def _mean_of_groups(values: Sums, rows: Sums) -> Sums:
    shares = values / np.maximum(rows, 1.0)  # a class without rows adds nothing, not 0 / 0
    return shares.sum(-1) / (rows > 0).sum(-1)


def _absolute(values: Sums, rows: Sums) -> Sums:
    return np.abs(values).sum(-1) / rows.sum(-1)


def _right(probabilities: FloatArray, targets: IntArray) -> Contributions:
    return one_group(probabilities.argmax(1) == targets)


def _right_in_five(probabilities: FloatArray, targets: IntArray) -> Contributions:
    of_target = np.take_along_axis(probabilities, targets[:, None], 1)
    # Among equals the lower class number goes first, as argmax has it.
    first = np.arange(probabilities.shape[1]) < targets[:, None]
    ahead = (probabilities > of_target) | ((probabilities == of_target) & first)
    return one_group(ahead.sum(1) < 5)


def _right_by_class(probabilities: FloatArray, targets: IntArray) -> Contributions:
    right = (probabilities.argmax(1) == targets).astype(np.float64)
    return Contributions(values=right, groups=targets, n_groups=probabilities.shape[1])


def _surprise(probabilities: FloatArray, targets: IntArray) -> Contributions:
    of_target = probabilities[np.arange(len(targets)), targets].astype(np.float64)
    return one_group(-np.log(np.clip(of_target, LEAST, 1.0)))


def _overconfidence_by_bin(probabilities: FloatArray, targets: IntArray) -> Contributions:
    confidence = probabilities.max(1).astype(np.float64)
    over = confidence - (probabilities.argmax(1) == targets)
    return Contributions(values=over, groups=bin_of(confidence), n_groups=BINS)


METRICS: dict[str, Metric] = {
    m.word: m
    for m in (
        Metric("accuracy", accuracy, _right, mean, proportion=True),
        Metric("top5", top5, _right_in_five, mean, proportion=True),
        Metric("balanced_accuracy", balanced_accuracy, _right_by_class, _mean_of_groups,
               per_row=False, proportion=True),
        Metric("log_loss", log_loss, _surprise, mean,
               higher_is_better=False, most=float(-np.log(LEAST))),
        Metric("calibration_error", calibration_error, _overconfidence_by_bin, _absolute,
               higher_is_better=False, per_row=False),
    )
}  # fmt: skip
_EVERY = {**METRICS, **labels.METRICS, **numbers.METRICS, **tags.METRICS}
