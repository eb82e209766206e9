"""What answers to "which of these labels" are worth; `macro_f1` is for classes as well.

Axes: N rows, K labels or classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fivefold.scores.measure import (
    BINS,
    LEAST,
    Contributions,
    Sums,
    bin_of,
    made,
    mean,
    one_group,
    ratio,
    several_sums,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fivefold.contracts.rows import FloatArray, Targets

LIKELY = 0.5  # a label is given from this probability on


def marks(answers: FloatArray, targets: Targets) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(N, K) which labels are given, and which are true.

    Args:
        answers: (N, K) probabilities.
        targets: (N, K) 0 or 1; or (N,) class numbers, of which the most probable class is given.
    """
    if targets.ndim == 2:
        return answers >= LIKELY, targets > 0
    every = np.arange(answers.shape[1])
    return answers.argmax(1)[:, None] == every, targets[:, None] == every


def _hits_by_label(answers: FloatArray, targets: Targets) -> Contributions:
    given, true = marks(answers, targets)
    return several_sums(given & true, given.astype(np.int8) + true)


def _mean_f1(values: Sums, rows: Sums) -> Sums:  # noqa: ARG001 - the shape of every `finish`
    """Mean of the labels' F1, over labels that are given or true somewhere."""
    hits, marked = np.split(values, 2, axis=-1)
    f1 = 2 * hits / np.maximum(marked, 1.0)
    return np.asarray(f1.sum(-1) / np.maximum((marked > 0).sum(-1), 1))


def _hits(answers: FloatArray, targets: Targets) -> Contributions:
    given, true = marks(answers, targets)
    return several_sums(2 * (given & true).sum(1), given.sum(1) + true.sum(1))


def _all_right(answers: FloatArray, targets: Targets) -> Contributions:
    given, true = marks(answers, targets)
    return one_group((given == true).all(1))


def _ranking(answers: FloatArray, targets: Targets) -> Contributions:
    """Average precision of each row's ranking of the labels; 1 where all or none are true."""
    true = targets > 0
    # Among equals those that are not true go first: a constant answer must not rank well by luck.
    order = np.lexsort((true, -answers))
    ranked = np.take_along_axis(true, order, 1)
    precision = ranked.cumsum(1) / np.arange(1, true.shape[1] + 1)
    count = true.sum(1)
    found = np.where(ranked, precision, 0.0).sum(1) / np.maximum(count, 1)
    return one_group(np.where((count == 0) | (count == true.shape[1]), 1.0, found))


def _surprise(answers: FloatArray, targets: Targets) -> Contributions:
    of_truth = np.where(targets > 0, answers, 1.0 - answers).astype(np.float64)
    return one_group(-np.log(np.clip(of_truth, LEAST, 1.0)).mean(1))


def _overconfidence_by_bin(answers: FloatArray, targets: Targets) -> Contributions:
    n, k = answers.shape
    place = bin_of(answers) + BINS * np.arange(n)[:, None]
    over = (answers.astype(np.float64) - (targets > 0)) / k
    sums = np.bincount(place.ravel(), weights=over.ravel(), minlength=n * BINS)
    return several_sums(sums.reshape(n, BINS))


def _absolute(values: Sums, rows: Sums) -> Sums:
    return np.asarray(np.abs(values).sum(-1) / rows[..., 0])


METRICS = {
    m.word: m
    for m in (
        made("macro_f1", _hits_by_label, _mean_f1, per_row=False, proportion=True),
        made("micro_f1", _hits, ratio, per_row=False, proportion=True),
        made("subset_accuracy", _all_right, mean, proportion=True),
        made("mean_average_precision", _ranking, mean),
        made("label_log_loss", _surprise, mean,
             higher_is_better=False, most=float(-np.log(LEAST))),
        made("label_calibration_error", _overconfidence_by_bin, _absolute,
             higher_is_better=False, per_row=False),
    )
}  # fmt: skip
