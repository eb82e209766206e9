"""Runs of symbols (n-grams) counted and weighed by tf-idf, as sparse features.

Runs are known by a hash of 64 bits: the vocabulary is an array of numbers, not of strings, and two
runs that share one are rarer than errors of the memory.

Axes: N rows, L places, M runs of a row, F features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from fivefold.contracts.rows import Features, Items

LINEAR = (
    "ratio_svm",
    "bayes",
    "linear_svm",
    "logistic",
    "sparse_ridge",
)  # what reads sparse features
MOST_FEATURES = 200_000
_LEARNED_ROWS, _LEARNED_RUNS = 30_000, 40_000_000
_CHUNK = 512
_SLOT_BITS = 21
_SLOT = np.uint64(64 - _SLOT_BITS)
_NOTHING = np.uint64(0)  # the hash of no run
_PRIME, _STIR = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)


def runs(symbols: NDArray[Any], sizes: Sequence[int]) -> NDArray[np.uint64]:
    """Hashes (N, M) of all runs of `sizes` symbols in rows (N, L); 0 where one holds padding."""
    numbers = symbols.astype(np.uint64)
    there = symbols != 0
    found = []
    total, whole = np.zeros_like(numbers), np.ones_like(there)
    for size in range(1, max(sizes) + 1):
        length = numbers.shape[1] - size + 1
        if length < 1:
            break
        total = (total[:, :length] + numbers[:, size - 1 :]) * _PRIME
        total ^= total >> np.uint64(29)
        whole = whole[:, :length] & there[:, size - 1 :]
        if size in sizes:
            found.append(
                np.where(whole, (total + np.uint64(size)) * _STIR | np.uint64(1), _NOTHING)
            )
    return np.hstack(found)


@final
class Weighed:
    """Which runs are features and how much each counts: sublinear tf times idf, rows of length one.

    Attributes:
        known: (F,) hashes, sorted.
        weights: (F,) idf of each.
    """

    def __init__(self) -> None:
        self.known = np.zeros(0, np.uint64)
        self.weights = np.zeros(0, np.float32)
        self._table = _table(self.known)

    def learn(self, chunks: Iterator[NDArray[np.uint64]]) -> None:
        """Keep the runs that at least two rows have, the most frequent ones of too many.

        Args:
            chunks: Hashes (n, M) of rows, chunk by chunk.
        """
        found, rows = [], 0
        for hashes in chunks:
            ordered = np.sort(hashes, 1)
            fresh = np.ones(ordered.shape, bool)
            fresh[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
            found.append(ordered[fresh & (ordered != _NOTHING)])
            rows += len(hashes)
        known, counts = np.unique(np.concatenate(found), return_counts=True)
        least = 2 if rows > 20 else 1
        if (counts >= least).sum() > MOST_FEATURES:
            least = int(np.partition(counts, -MOST_FEATURES)[-MOST_FEATURES]) + 1
        kept = counts >= least
        self.known = known[kept]
        self.weights = (np.log((1 + rows) / (1 + counts[kept])) + 1).astype(np.float32)
        self._table = _table(self.known)

    def describe(self, hashes: NDArray[np.uint64]) -> Features:
        """Features (N, F) in CSR of hashes (N, M)."""
        n, features = len(hashes), len(self.known)
        if not features:
            return sparse.csr_array((n, 0), dtype=np.float32)
        row, column = self._found(hashes)
        counted = sparse.coo_array(
            (np.ones(len(row), np.float32), (row, column)), shape=(n, features)
        ).tocsr()  # adds up what stands twice
        counted.data = (1 + np.log(counted.data)) * self.weights[counted.indices]
        squares = np.asarray(counted.multiply(counted).sum(1)).ravel()
        lengths = np.maximum(np.sqrt(squares), 1e-9)
        counted.data /= np.repeat(lengths, np.diff(counted.indptr)).astype(np.float32)
        return counted

    def _found(self, hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Row and feature of every known run among hashes (N, M).

        Places of 32 bits are all that the classifiers read. Two looks into a table are several
        times as fast as a search for each run; those that lie side by side are searched for.
        """
        flat = hashes.ravel()
        at = np.flatnonzero(self._table[_slot(flat)] >= 0)
        some = flat[at]
        column = self._table[_slot(some)]
        shared = np.flatnonzero(self.known[column] != some)
        searched = np.searchsorted(self.known, some[shared]).clip(max=len(self.known) - 1)
        column[shared] = searched
        hit = (self.known[column] == some) & (some != _NOTHING)
        return (at[hit] // hashes.shape[1]).astype(np.int32), column[hit]

    def state(self) -> dict[str, NDArray[Any]]:
        """Hashes as the signed integers that files hold, and weights."""
        return {"known": self.known.view(np.int64), "weights": self.weights}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Put back what `state` gave."""
        self.known = np.ascontiguousarray(state["known"]).view(np.uint64)
        self.weights = state["weights"]
        self._table = _table(self.known)


def _slot(hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
    return (hashes >> _SLOT).view(np.int64)


def _table(known: NDArray[np.uint64]) -> NDArray[np.int32]:
    """First bits of a hash -> number of a known one that begins so, -1 for none."""
    table = np.full(2**_SLOT_BITS, -1, np.int32)
    table[_slot(known)] = np.arange(len(known), dtype=np.int32)
    return table


def in_chunks(rows: Items, rng: np.random.Generator, runs_each: int) -> Iterator[NDArray[Any]]:
    """Items (n, ...) of at most 30,000 rows, drawn without order, chunk by chunk.

    Fewer where a row has many runs, `runs_each` say: all of them are held at once.
    """
    most = min(_LEARNED_ROWS, _LEARNED_RUNS // max(1, runs_each))
    chosen = np.sort(rng.permutation(len(rows))[:most])
    for start in range(0, len(chosen), _CHUNK):
        yield rows.take(chosen[start : start + _CHUNK])
