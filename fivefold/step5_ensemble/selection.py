"""Greedy selection with replacement over members (Caruana and others 2004).

Axes: M members, N validation rows; what follows is the target's own, K classes say.

Members are added one at a time, each time the one that makes the pool best; a member may be
added again, which is its weight. The start is the best member. Selection is repeated on
resampled rows and the weights are averaged (bagging), so that a member which was lucky on a
few rows keeps little weight.

What is best: the problem's metric, and among equals the loss of the target (log-loss for
classes). On fewer than 20,000 rows that loss alone decides, since there a metric that counts right
and wrong answers moves by luck more than members differ: on 2,500 rows of CIFAR-10 a weak member
got a tenth of the weight. The pool is calibrated before its loss is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fivefold.contracts.target_kind import TargetKind
from fivefold.scores.metrics import metric

if TYPE_CHECKING:
    from fivefold.contracts.rows import FloatArray, Targets

FEW_ROWS = 20_000
ROUNDS = 25
BAGS = 10
LEAST_WEIGHT = 0.04  # less than one pick in 25: not worth what running the member costs
Addable = NDArray[np.floating[Any]]
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


@dataclass(frozen=True, slots=True)
class Jury:
    """By what pools are judged.

    Attributes:
        kind: Of the target.
        word: Of the problem's metric.
        vocabulary: Of the target.
    """

    kind: TargetKind
    word: str
    vocabulary: tuple[str, ...] = ()

    def score(self, answers: FloatArray, targets: Targets) -> float:
        """The problem's metric, turned so that more is better."""
        found = self.plain_score(answers, targets)
        return found if metric(self.word).higher_is_better else -found

    def plain_score(self, answers: FloatArray, targets: Targets) -> float:
        """The problem's metric."""
        return metric(self.word, self.vocabulary).function(answers, targets)

    def loss(self, answers: FloatArray, targets: Targets, temperature: float) -> float:
        """The target's loss at a temperature."""
        tempered = self.kind.apply_temperature(answers, temperature)
        return metric(self.kind.loss).function(tempered, targets)


def select(
    answers: FloatArray, targets: Targets, jury: Jury, rng: np.random.Generator
) -> Selection:
    """Select members by their answers (M, N, ...) to rows with known targets (N, ...).

    The outcome is never worse than the best member by the jury's metric on these rows.
    """
    members, n = answers.shape[:2]
    k = answers[0, 0].size
    bags = BAGS if n * k * members * ROUNDS * (BAGS + 1) <= _CELLS else 1
    most = max(1_000, _CELLS // (k * members * ROUNDS * (bags + 1)))
    seen = np.arange(n) if n <= most else np.sort(rng.permutation(n)[:most])
    addable = np.stack([jury.kind.addable(one) for one in answers])
    picks = _greedy(addable[:, seen], targets[seen], jury)
    drawn = (rng.choice(seen, len(seen)) for _ in range(bags))
    bagged = [_shares(_greedy(addable[:, bag], targets[bag], jury), members) for bag in drawn]
    path, scores = _path(addable, targets, jury, picks)
    whole = _shares(picks[: _best(scores) + 1], members)
    # The steadiest choice that is not worse than the best member; that member itself at last, also
    # where rounding in the pool makes it score a hair below what it scores by its own answers.
    singles = [jury.score(one, targets) for one in answers]
    alone = np.eye(members)[singles.index(max(singles))]
    choices = (_without_crumbs(np.mean(bagged, axis=0)), whole)
    good = (w for w in choices if jury.score(pool(answers, w, jury.kind), targets) >= max(singles))
    weights = next(good, alone)
    return Selection(weights=weights, path=path)


def pool(answers: FloatArray, weights: NDArray[np.float64], kind: TargetKind) -> FloatArray:
    """The answers (N, ...) of a mixture of members (M, N, ...) by weights (M,)."""
    addable = np.stack([kind.addable(one) for one in answers])
    return kind.settled(np.tensordot(weights, addable, axes=1))


def _greedy(addable: Addable, targets: Targets, jury: Jury) -> list[int]:
    """Members in the order they are picked; the first is the best member by the metric."""
    by_metric = [jury.score(jury.kind.settled(one), targets) for one in addable]
    picks = [by_metric.index(max(by_metric))]
    total = addable[picks[0]].copy()
    temperature = 1.0
    for size in range(2, ROUNDS + 1):
        if (size - 1).bit_count() == 1:  # the larger the pool, the less one member changes it
            pooled = jury.kind.settled(total / np.float32(size - 1))
            temperature = jury.kind.fit_temperature(pooled, targets)
        picks.append(_next(addable, total, size, targets, jury, temperature))
        total = total + addable[picks[-1]]
    return picks


def _next(
    addable: Addable, total: Addable, size: int, targets: Targets, jury: Jury, t: float
) -> int:
    """The member that makes a pool of `size` members best, `total` (N, ...) being the others."""

    def pooled(m: int) -> FloatArray:
        return jury.kind.settled((total + addable[m]) / np.float32(size))

    leading = list(range(len(addable)))
    if len(targets) >= FEW_ROWS:
        scores = [jury.score(pooled(m), targets) for m in leading]
        leading = [m for m in leading if scores[m] == max(scores)]
    if len(leading) == 1:
        return leading[0]
    return min(leading, key=lambda m: jury.loss(pooled(m), targets, t))


def _path(
    addable: Addable, targets: Targets, jury: Jury, picks: list[int]
) -> tuple[tuple[tuple[int, float], ...], list[float]]:
    """(member, the problem's metric) after each step, and how good that is."""
    found, scores = [], []
    total = np.zeros_like(addable[0])
    for size, member in enumerate(picks, start=1):
        total += addable[member]
        pooled = jury.kind.settled(total / np.float32(size))
        found.append((member, jury.plain_score(pooled, targets)))
        scores.append(jury.score(pooled, targets))
    return tuple(found), scores


def _best(scores: list[float]) -> int:
    """The last of the best stretches: among equals, more members pool steadier."""
    return max(i for i, score in enumerate(scores) if score == max(scores))


def _shares(picks: list[int], members: int) -> NDArray[np.float64]:
    return np.bincount(picks, minlength=members) / len(picks)


def _without_crumbs(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    kept = np.where(weights >= min(LEAST_WEIGHT, weights.max()), weights, 0.0)
    return kept / kept.sum()
