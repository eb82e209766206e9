"""Drawing rows, or whole groups of rows, anew, without copying one.

Axes: N rows, U units (groups of rows, or single rows), S sums, T resamples or swaps.

A resample is a vector of counts. All resamples times what units add to a metric is one matrix
product. Counts come in blocks, so that a million rows cost time but not memory; they are the same
whenever they are asked for, so that every system is judged on the same draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from fivefold.contracts.rows import IntArray

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fivefold.scores.measure import Contributions, Sums

Counts = NDArray[np.float32]
Table = Any  # (U, S) float32: an array, or a sparse one where each row adds to one sum
BLOCK_CELLS = 4_000_000  # counts that are held at once: 16 MB
_ALL_SWAPS = 10  # units up to which every way to swap them is looked at


@dataclass(frozen=True, kw_only=True, slots=True)
class Draws:
    """How rows are drawn.

    Attributes:
        rows: N.
        times: T.
        seed: Of all draws.
        groups: (N,) unit of each row, 0 to U - 1, where several rows are drawn as one; else None.
    """

    rows: int
    times: int
    seed: int
    groups: IntArray | None = None

    @property
    def units(self) -> int:
        """U."""
        return self.rows if self.groups is None else int(self.groups.max()) + 1

    def resamples(self) -> Iterator[Counts]:
        """Blocks (t, U) of how often each unit is drawn; each row sums to U."""
        rng = np.random.default_rng([self.seed, 0])
        for size in self._blocks():
            counts = np.empty((size, self.units), np.float32)
            for row in counts:
                drawn = rng.integers(self.units, size=self.units, dtype=np.int32)
                row[:] = np.bincount(drawn, minlength=self.units)
            yield counts

    def swaps(self) -> Iterator[Counts]:
        """Blocks (t, U) of 0 and 1; of few units all there are."""
        if self.swaps_all:
            every = np.arange(2**self.units)[:, None] >> np.arange(self.units)
            yield (every & 1).astype(np.float32)
            return
        rng = np.random.default_rng([self.seed, 1])
        for size in self._blocks():
            yield rng.integers(0, 2, (size, self.units), dtype=np.int8).astype(np.float32)

    @property
    def swaps_all(self) -> bool:
        """Whether `swaps` gives every way to swap, and so no estimate."""
        return self.units <= _ALL_SWAPS

    def _blocks(self) -> Iterator[int]:
        step = max(1, BLOCK_CELLS // self.units)
        for start in range(0, self.times, step):
            yield min(step, self.times - start)


def draws(rows: int, times: int, rng: np.random.Generator, groups: IntArray | None = None) -> Draws:
    """Draws of groups (N,) of rows; of single rows where no two are of one group, or all are."""
    seed = int(rng.integers(2**63))
    if groups is not None:
        names, groups = np.unique(groups, return_inverse=True)
        groups = groups.astype(np.int64) if 1 < len(names) < rows else None
    return Draws(rows=rows, times=times, seed=seed, groups=groups)


def tables(contributions: Contributions, drawn: Draws) -> tuple[Table, Table]:
    """What units add to each sum, and to the number of its rows: both (U, S)."""
    values = contributions.values
    return (
        _table(contributions, values, drawn),
        _table(contributions, np.ones_like(values), drawn),
    )


def summed(pairs: list[tuple[Table, Table]], blocks: Iterable[Counts]) -> list[tuple[Sums, Sums]]:
    """Sums (T, S) of tables (U, S) under weights that come in blocks (t, U)."""
    found: list[tuple[list[Sums], list[Sums]]] = [([], []) for _ in pairs]
    for counts in blocks if pairs else ():
        for pair, parts in zip(pairs, found, strict=True):
            for table, part in zip(pair, parts, strict=True):
                part.append(np.asarray(counts @ table, dtype=np.float64))
    return [(np.concatenate(values), np.concatenate(rows)) for values, rows in found]


def _table(contributions: Contributions, values: NDArray[Any], drawn: Draws) -> Table:
    values = values.astype(np.float32)
    unit = np.arange(drawn.rows) if drawn.groups is None else drawn.groups
    if values.ndim == 1 and contributions.n_groups > 1:
        shape = (drawn.units, contributions.n_groups)
        return csr_array((values, (unit, contributions.groups)), shape=shape)
    plain = values.reshape(drawn.rows, -1)
    if drawn.groups is None:
        return plain
    whole = csr_array((np.ones(drawn.rows, np.float32), (unit, np.arange(drawn.rows))))
    return np.asarray(whole @ plain)
