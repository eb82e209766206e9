"""Greedy selection with replacement over members (Caruana and others 2004).

Axes: M members, N validation rows, K classes.

Members are added one at a time, each time the one that makes the pool best; a member may be
added again, which is its weight. The start is the best member. Selection is repeated on
resampled rows and the weights are averaged (bagging), so that a member which was lucky on a
few rows keeps little weight.

What is best: the problem's metric, and among equals the log-loss. On fewer than 20,000 rows the
log-loss alone decides, since there a metric that counts right and wrong answers moves by luck
more than members differ: on 2,500 rows of CIFAR-10 a weak member got a tenth of the weight.
The pool is calibrated before its log-loss is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fivefold.scores.calibration import apply_temperature, fit_temperature
from fivefold.scores.metrics import log_loss, metric

if TYPE_CHECKING:
    from fivefold.contracts.rows import FloatArray, IntArray

FEW_ROWS = 20_000
ROUNDS = 25
BAGS = 10
LEAST_WEIGHT = 0.04  # less than one pick in 25: not worth what running the member costs
_CELLS = 150_000_000  # probabilities that all of selection may look at


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """What was selected.

    Attributes:
        weights: (M,) summing to one.
        path: (member, the problem's metric after adding it) of each step on all rows.
    """

    weights: NDArray[np.float64]
    path: tuple[tuple[int, float], ...]


def select(
    answers: FloatArray, targets: IntArray, word: str, rng: np.random.Generator
) -> Selection:
    """Select members by their answers (M, N, K) to rows with known targets (N,).

    The outcome is never worse than the best member by the metric `word` on these rows.
    """
    members, n, k = answers.shape
    bags = BAGS if n * k * members * ROUNDS * (BAGS + 1) <= _CELLS else 1
    most = max(1_000, _CELLS // (k * members * ROUNDS * (bags + 1)))
    seen = np.arange(n) if n <= most else np.sort(rng.permutation(n)[:most])
    picks = _greedy(answers[:, seen], targets[seen], word)
    drawn = (rng.choice(seen, len(seen)) for _ in range(bags))
    bagged = [_shares(_greedy(answers[:, bag], targets[bag], word), members) for bag in drawn]
    path, scores = _path(answers, targets, word, picks)
    whole = _shares(picks[: _best(scores, word) + 1], members)
    # The steadiest choice that is not worse than the best member; that member itself at last.
    singles = [_signed(word, metric(word).function(one, targets)) for one in answers]
    alone = np.eye(members)[singles.index(max(singles))]
    choices = (_without_crumbs(np.mean(bagged, axis=0)), whole, alone)
    weights = next(w for w in choices if _merit(answers, targets, word, w) >= max(singles))
    return Selection(weights=weights, path=path)


def pool(answers: FloatArray, weights: NDArray[np.float64]) -> FloatArray:
    """The weighted mean (N, K) of members' probabilities (M, N, K)."""
    return np.tensordot(weights, answers, axes=1).astype(np.float32)


def _greedy(answers: FloatArray, targets: IntArray, word: str) -> list[int]:
    """Members in the order they are picked; the first is the best member by the metric."""
    by_metric = [_signed(word, metric(word).function(one, targets)) for one in answers]
    picks = [by_metric.index(max(by_metric))]
    total: FloatArray = answers[picks[0]].copy()
    temperature = 1.0
    for size in range(2, ROUNDS + 1):
        if (size - 1).bit_count() == 1:  # the larger the pool, the less one member changes it
            temperature = fit_temperature(total / np.float32(size - 1), targets)
        picks.append(_next(answers, total, size, targets, word, temperature))
        total = total + answers[picks[-1]]
    return picks


def _next(
    answers: FloatArray, total: FloatArray, size: int, targets: IntArray, word: str, t: float
) -> int:
    """The member that makes a pool of `size` members best, `total` (N, K) being the others."""

    def loss(m: int) -> float:
        return log_loss(apply_temperature((total + answers[m]) / np.float32(size), t), targets)

    def score(m: int) -> float:
        pooled = (total + answers[m]) / np.float32(size)
        return _signed(word, metric(word).function(pooled, targets))

    leading = list(range(len(answers)))
    if len(targets) >= FEW_ROWS:
        scores = [score(m) for m in leading]
        leading = [m for m in leading if scores[m] == max(scores)]
    return min(leading, key=loss) if len(leading) > 1 else leading[0]


def _signed(word: str, score: float) -> float:
    return score if metric(word).higher_is_better else -score


def _path(
    answers: FloatArray, targets: IntArray, word: str, picks: list[int]
) -> tuple[tuple[tuple[int, float], ...], list[float]]:
    scores = []
    total = np.zeros(answers.shape[1:], np.float32)
    for size, member in enumerate(picks, start=1):
        total += answers[member]
        scores.append(metric(word).function(total / np.float32(size), targets))
    return tuple(zip(picks, scores, strict=True)), scores


def _best(scores: list[float], word: str) -> int:
    """The last of the best stretches: among equals, more members pool steadier."""
    signed = [_signed(word, score) for score in scores]
    return max(i for i, score in enumerate(signed) if score == max(signed))


def _shares(picks: list[int], members: int) -> NDArray[np.float64]:
    return np.bincount(picks, minlength=members) / len(picks)


def _without_crumbs(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    kept = np.where(weights >= min(LEAST_WEIGHT, weights.max()), weights, 0.0)
    return kept / kept.sum()


def _merit(
    answers: FloatArray, targets: IntArray, word: str, weights: NDArray[np.float64]
) -> float:
    return _signed(word, metric(word).function(pool(answers, weights), targets))
