"""Labels that look wrong, by answers of those who have not seen them: confident learning.

Northcutt, Jiang and Chuang 2021, arXiv 1911.00068. Axes: N rows, K classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fivefold.contracts.rows import IntArray

if TYPE_CHECKING:
    from fivefold.contracts.rows import FloatArray


@dataclass(frozen=True, kw_only=True, slots=True)
class Doubts:
    """What was found.

    Attributes:
        rows: (S,) positions of rows whose label looks wrong, worst first.
        believed: (S,) the class each of them should have.
        estimated: How many labels are wrong in all.
    """

    rows: IntArray
    believed: IntArray
    estimated: int


def doubts(probabilities: FloatArray, targets: IntArray) -> Doubts:
    """Find rows that are surely of another class than their label says.

    Surely means: with at least the probability that rows of that class have on average. The
    counts of (label, sure class), brought to the labels' own frequencies, estimate the joint
    distribution of given and true labels; what of it lies off the diagonal are wrong labels.

    Args:
        probabilities: (N, K) calibrated answers of models that were not trained on the row.
        targets: (N,) the labels given.
    """
    n, k = probabilities.shape
    counts = np.bincount(targets, minlength=k)
    own = probabilities[np.arange(n), targets].astype(np.float64)
    usual = np.bincount(targets, weights=own, minlength=k) / np.maximum(counts, 1)
    # A class that has no label here can be nobody's sure one.
    sure = (probabilities >= usual) & (counts > 0)
    best = np.where(sure, probabilities, -1.0).argmax(1)
    counted = sure.any(1)
    joint = np.bincount(targets[counted] * k + best[counted], minlength=k * k).reshape(k, k)
    seen = joint.sum(1)
    # Rows of a label that nobody is sure of say nothing: it counts as right.
    right = np.where(seen > 0, joint.diagonal() / np.maximum(seen, 1), 1.0)
    wrong = np.flatnonzero(counted & (best != targets))
    margin = own[wrong] - probabilities[wrong, best[wrong]]
    order = wrong[np.argsort(margin, kind="stable")]
    return Doubts(
        rows=order, believed=best[order], estimated=round(float((counts * (1 - right)).sum()))
    )
