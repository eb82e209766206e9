"""The split: which rows are sealed, which validate. Stratified, deterministic, groups never cut.

Axes: N rows, K classes. A unit is a group of duplicates, most often a single row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fivefold.contracts.rows import IntArray

VAULT_SHARE, VAULT_MOST = 0.2, 10_000
# Up to this many open rows every one of them is worth an out-of-fold prediction.
FOLDED_MOST = 12_000
FOLDS = 5
HOLD_SHARE, HOLD_LEAST, HOLD_MOST = 0.05, 1_000, 5_000
# From this many rows on a class is represented among sealed and validated rows.
_REPRESENTED = 5


def held_out(n: int) -> int:
    """How many of `n` open rows validate where one part is held out: a fifth, or 1,000 to 5,000."""
    if n <= FOLDED_MOST:
        return max(1, round(VAULT_SHARE * n))
    return int(np.clip(round(HOLD_SHARE * n), HOLD_LEAST, HOLD_MOST))


def vault_rows(targets: IntArray, groups: IntArray, seed: int) -> NDArray[np.bool_]:
    """(N,) which rows to seal: 20 % of every class, at most 10,000 rows in all.

    A class keeps at least one open row, and one of 5 or more rows has one sealed, unless its rows
    are all duplicates of each other. Groups whose labels disagree stay open.
    """
    total = min(round(VAULT_SHARE * len(targets)), VAULT_MOST)
    return _stratified(targets, groups, total, np.random.default_rng([seed, 1]))


def validation_folds(targets: IntArray, groups: IntArray, seed: int) -> tuple[IntArray, int, str]:
    """Cut open rows into folds, or hold one validation part out when there are many.

    Args:
        targets: (N,) class numbers.
        groups: (N,) rows with an equal number share a fold.
        seed: Decides which.

    Returns:
        (N,) fold of each row or -1 for rows that are always trained on; how many folds; in words.
    """
    rng = np.random.default_rng([seed, 2])
    n = len(targets)
    if n > FOLDED_MOST:
        folds = np.where(_stratified(targets, groups, held_out(n), rng), 0, -1)
        held = int((folds == 0).sum())
        words = f"{held:,} of {n:,} open rows held out for validation, stratified"
        return folds.astype(np.int64), 1, words
    number = _how_many(targets, groups)
    folds = _folded(targets, groups, number, rng)
    words = f"{number} stratified folds over {n:,} open rows"
    alone = int((folds < 0).sum())
    if alone:
        words += f" ({alone:,} rows always trained on: the only ones of their class, or in dispute)"
    return folds, number, words


def _how_many(targets: IntArray, groups: IntArray) -> int:
    """Number of folds: 5, or the size of the middle class if that is smaller, at least 2.

    A rare class lowers it not: two rows are enough to have one in training in every fold.
    """
    _, _, label = _units(targets, groups)
    units = np.bincount(label[label >= 0], minlength=1)
    return int(np.clip(np.median(units[units > 0]) if units.any() else 2, 2, FOLDS))


def _units(targets: IntArray, groups: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Per unit: number of each row's unit (N,), rows (U,), class (U,), -1 where labels disagree."""
    _, first, unit = np.unique(groups, return_index=True, return_inverse=True)
    size = np.bincount(unit)
    label = targets[first].copy()
    label[unit[targets != label[unit]]] = -1
    return unit, size, label


def _stratified(
    targets: IntArray, groups: IntArray, total: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """(N,) about `total` rows, every class in its share, whole units only."""
    unit, size, label = _units(targets, groups)
    wanted = _apportioned(np.bincount(targets), total)
    taken = np.zeros(len(size), bool)
    for number in rng.permutation(len(size)):
        kind = label[number]
        if kind >= 0 and size[number] <= wanted[kind]:
            taken[number] = True
            wanted[kind] -= size[number]
    return taken[unit]


def _apportioned(counts: IntArray, total: int) -> IntArray:
    """Share `total` rows out over classes of `counts` (K,) rows, largest remainders first."""
    exact = total * counts / max(counts.sum(), 1)
    shares = np.floor(exact).astype(np.int64)
    behind = np.argsort(shares - exact, kind="stable")
    shares[behind[: total - shares.sum()]] += 1
    shares = np.where(counts >= _REPRESENTED, np.maximum(shares, 1), shares)
    return np.minimum(shares, np.maximum(counts - 1, 0))


def _folded(targets: IntArray, groups: IntArray, number: int, rng: np.random.Generator) -> IntArray:
    """(N,) fold of each row: large units first, each to where its class is thinnest.

    A class that is one unit, and a unit whose labels disagree, are always trained on (-1).
    """
    unit, size, label = _units(targets, groups)
    filled = np.zeros((int(targets.max()) + 1, number), np.int64)
    units_of_class = np.bincount(label[label >= 0], minlength=len(filled))
    fold = np.full(len(size), -1, np.int64)
    shuffled = rng.permutation(len(size))
    for which in shuffled[np.argsort(-size[shuffled], kind="stable")]:
        kind = label[which]
        if kind < 0 or units_of_class[kind] < 2:
            continue
        # Ties go to the fold with the fewest rows in all, so that small classes spread out.
        best = np.lexsort((filled.sum(axis=0), filled[kind]))[0]
        fold[which] = best
        filled[kind, best] += size[which]
    return fold[unit]
