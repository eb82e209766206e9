"""The split of rows that come in groups - speakers, patients, rooms - which are never parted.

What is asked of the answer to a new speaker cannot be measured on one who was trained on.
Axes: N rows, U units (groups that share no row and no duplicate), K strata.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from fivefold.step2_gather.near import groups_of
from fivefold.step2_gather.split import FOLDED_MOST, FOLDS, VAULT_MOST, VAULT_SHARE, held_out

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fivefold.contracts.rows import IntArray

# Of a few drawn selections the most even is taken; the seed must still decide which.
_TRIES = 4
# A larger share of the rows teaches always: what is left beside it would be too little.
_GIANT = 2 / 3
_TOO_FEW = 2  # units, of which none can be left out


def united(copies: IntArray, groups: IntArray) -> tuple[IntArray, NDArray[np.bool_]]:
    """Units that hold whole groups and whole sets of duplicates.

    Where duplicates run through so many groups that most would become one, each set of them is
    kept in the group of its first row only.

    Args:
        copies: (N,) rows with an equal number are duplicates of each other.
        groups: (N,) group of each row, -1 where it stands alone.

    Returns:
        (N,) unit of each row; (N,) rows to set aside, which are copies in another group.
    """
    n = len(copies)
    aside = np.zeros(n, bool)
    both = groups_of(np.concatenate([_stars(copies, copies >= 0), _stars(groups, groups >= 0)]), n)
    whole = np.unique(groups[groups >= 0])
    if len(np.unique(both[groups >= 0])) >= max(2, len(whole) / 2) or len(whole) < 2:
        return both, aside
    _, first, at = np.unique(copies, return_index=True, return_inverse=True)
    aside = groups != groups[first][at]
    alone = np.where(aside, -1, copies)
    pairs = [_stars(alone, alone >= 0), _stars(groups, groups >= 0)]
    return groups_of(np.concatenate(pairs), n), aside


def _stars(numbers: IntArray, which: NDArray[np.bool_]) -> IntArray:
    """Pairs (m, 2) of the first row of each number and every row with it."""
    rows = np.flatnonzero(which)
    _, first, at = np.unique(numbers[rows], return_index=True, return_inverse=True)
    return np.stack([rows[first][at], rows], axis=1)


def vault_by_group(
    strata: IntArray, units: IntArray, seed: int, *, each_trained: bool = True
) -> NDArray[np.bool_]:
    """(N,) which rows to seal: whole units, about 20 %, as many of every stratum as units allow.

    Args:
        strata: (N,) class numbers, or what stands for them.
        units: (N,) rows with an equal number are never parted.
        seed: Decides which.
        each_trained: A stratum may not lose all its rows to the vault.

    Returns:
        All False where no unit can be taken.
    """
    total = min(round(VAULT_SHARE * len(strata)), VAULT_MOST)
    counts, unit = _counts(strata, units)
    taken = _fitting(counts, total, np.random.default_rng([seed, 1]), each_trained=each_trained)
    return taken[unit]


def folds_by_group(
    strata: IntArray, units: IntArray, seed: int, *, each_trained: bool = True
) -> tuple[IntArray, int, str] | None:
    """Cut open rows into folds of whole units, or hold some units out when there are many rows.

    With 5 units or fewer each is a fold: one is left out at a time. A unit of more than two thirds
    of the rows, and one that alone holds a stratum, is always trained on.

    Returns:
        (N,) fold of each row or -1, number of folds, in words; None where units allow no folds.
        Of two units none is left out: what both have in common is not seen in one.
    """
    counts, unit = _counts(strata, units)
    size = counts.sum(axis=1)
    rng = np.random.default_rng([seed, 2])
    free = size <= _GIANT * len(strata)
    if each_trained:
        free &= ~_irreplaceable(counts)
    if not free.any() or len(size) <= _TOO_FEW:
        return None
    number = min(FOLDS, int(free.sum()))
    if len(strata) > FOLDED_MOST or number == 1:
        allowed = _fitting(counts, held_out(len(strata)), rng, each_trained=each_trained, free=free)
        folds = np.where(allowed[unit], 0, -1).astype(np.int64)
        held = int((folds == 0).sum())
        words = f"{held:,} of {len(strata):,} open rows held out for validation, by group"
        return (folds, 1, words) if held else None
    fold = _level(counts, free, number, rng)
    words = f"{number} folds by group over {len(strata):,} open rows"
    if number == len(size):
        words += ", one group left out at a time"
    alone = int(size[fold < 0].sum())
    if alone:
        words += f" ({alone:,} rows always trained on: most of the data, or all of a class)"
    return fold[unit], number, words


def _counts(strata: IntArray, units: IntArray) -> tuple[csr_array, IntArray]:
    """Rows of each stratum in each unit (U, K), and the unit of each row (N,)."""
    unit = np.unique(units, return_inverse=True)[1]
    ones = np.ones(len(unit), np.int64)
    shape = (int(unit.max(initial=-1)) + 1, int(strata.max(initial=-1)) + 1)
    return csr_array((ones, (unit, strata)), shape=shape), unit.astype(np.int64)


def _irreplaceable(counts: csr_array) -> NDArray[np.bool_]:
    """(U,) units without which a stratum has no row."""
    sole = np.bincount(counts.indices, minlength=counts.shape[1]) == 1
    return (counts @ sole.astype(np.int64)) > 0


def _fitting(
    counts: csr_array,
    total: int,
    rng: np.random.Generator,
    *,
    each_trained: bool,
    free: NDArray[np.bool_] | None = None,
) -> NDArray[np.bool_]:
    """(U,) units of about `total` rows whose strata lie close to their shares of all rows.

    In drawn order a unit is taken if that brings the counts closer to what is wanted; two units
    at least, and with `each_trained` a row of every stratum, are left.
    """
    rows = counts.sum(axis=0)
    wanted = total * rows / max(rows.sum(), 1)
    weight = 1.0 / (wanted + 1.0)
    units = np.arange(counts.shape[0]) if free is None else np.flatnonzero(free)
    most = max(1, counts.shape[0] - 2)
    best, least = np.zeros(counts.shape[0], bool), np.inf
    for _ in range(_TRIES):
        taken, cost = np.zeros(counts.shape[0], bool), 0.0
        held, number = np.zeros(len(rows)), 0
        spare: tuple[float, int] | None = None
        for unit in rng.permutation(units):
            part = slice(counts.indptr[unit], counts.indptr[unit + 1])
            kinds, own = counts.indices[part], counts.data[part]
            if each_trained and (held[kinds] + own >= rows[kinds]).any():
                continue
            change = float((own * (2 * (held[kinds] - wanted[kinds]) + own) * weight[kinds]).sum())
            if change < 0 and number < most:
                taken[unit] = True
                held[kinds] += own
                cost, number = cost + change, number + 1
                if held.sum() >= total:
                    break
            elif spare is None or change < spare[0]:
                spare = (change, int(unit))
        if not taken.any() and spare is not None and counts.shape[0] > 1:
            taken[spare[1]], cost = True, spare[0]
        if taken.any() and cost < least:
            best, least = taken, cost
    return best


def _level(
    counts: csr_array, free: NDArray[np.bool_], number: int, rng: np.random.Generator
) -> IntArray:
    """(U,) fold of each unit: large ones first, each to where its strata are thinnest."""
    size = counts.sum(axis=1)
    fold = np.full(len(size), -1, np.int64)
    filled = np.zeros((counts.shape[1], number))
    weight = 1.0 / np.maximum(counts.sum(axis=0), 1)
    shuffled = rng.permutation(len(size))
    for unit in shuffled[np.argsort(-size[shuffled], kind="stable")]:
        if not free[unit]:
            continue
        part = slice(counts.indptr[unit], counts.indptr[unit + 1])
        kinds, own = counts.indices[part], counts.data[part]
        crowd = ((own * weight[kinds])[:, None] * filled[kinds]).sum(axis=0)
        # Ties go to the fold with the fewest rows, and none may stay empty.
        best = np.lexsort((filled.sum(axis=0), crowd))[0]
        fold[unit] = best
        filled[kinds, best] += own
    return fold
