"""Describing many rows by hand-crafted features, on all cores, and what that costs.

Axes: N rows, F features.
"""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING

import numpy as np
from joblib import Parallel, cpu_count, delayed
from scipy import sparse

from fivefold.contracts.rows import Features, IntArray
from fivefold.plumbing.stopper import deaf

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fivefold.contracts.roles import TraditionalFeatures
    from fivefold.contracts.rows import Items

POOL_START = 2.0  # seconds until worker processes have started and imported what they need
CHUNK = 256  # rows per piece of work, so that progress is seen and memory stays small
LEARNING_ROWS = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Described:
    """Some rows of a data set, described.

    Attributes:
        positions: (N,) which rows of the data set.
        blocks: Name of the features -> (N, F); (N * L, F) where each of L tokens is described.
        categories: Name of the features -> which of them are codes; left out where none are.
    """

    positions: IntArray
    blocks: dict[str, Features]
    categories: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def take(self, names: tuple[str, ...], which: IntArray) -> Features:
        """The features `names` side by side, of rows `which` of the data set: (M, F)."""
        order = np.argsort(self.positions)
        place = order[np.searchsorted(self.positions, which, sorter=order)]
        return beside([self.blocks[name][self._lines(name, place)] for name in names])

    def _lines(self, name: str, place: IntArray) -> IntArray:
        """Lines of a block that describe the rows at `place`: one each, or one per token."""
        each = self.blocks[name].shape[0] // len(self.positions)
        return place if each == 1 else (place[:, None] * each + np.arange(each)).ravel()

    def codes(self, names: tuple[str, ...]) -> tuple[int, ...]:
        """Which of the features `names` side by side are codes of categories."""
        found: list[int] = []
        begin = 0
        for name in names:
            found += (begin + column for column in self.categories.get(name, ()))
            begin += self.blocks[name].shape[1]
        return tuple(found)


def beside(blocks: Sequence[Features]) -> Features:
    """Blocks (N, F) of the same rows as one; sparse where one of them is."""
    if any(sparse.issparse(block) for block in blocks):
        return sparse.hstack(blocks, format="csr", dtype=np.float32)
    return np.hstack(blocks)


def below(pieces: Sequence[Features]) -> Features:
    """Pieces (n, F) of the same features, one under the other."""
    if sparse.issparse(pieces[0]):
        return sparse.vstack(pieces, format="csr", dtype=np.float32)
    return np.concatenate(pieces)


def cores() -> int:
    """Processor cores this process may use."""
    return int(cpu_count())


def describe(
    features: TraditionalFeatures,
    rows: Items,
    *,
    seconds_per_row: float,
    tick: Callable[[float], None] | None = None,
    stop: Callable[[int], bool] | None = None,
) -> Features:
    """Describe `rows` (N): features (N, F).

    Worker processes are started only where they save more time than they cost. They get the
    rows as a place in the cache, not as pixels.

    Args:
        features: What describes; has learned already.
        rows: Items to describe.
        seconds_per_row: Cost of one row on one core, as measured.
        tick: Told the share (0 to 1) that is done.
        stop: Asked, with the rows begun so far, whether to leave the rest out.
    """
    pieces = [np.arange(i, min(i + CHUNK, len(rows))) for i in range(0, len(rows), CHUNK)]
    wanted = takewhile(lambda piece: not (stop and piece[0] and stop(int(piece[0]))), pieces)
    work = (delayed(_piece)(features, rows.select(piece)) for piece in wanted)
    pooled = seconds_per_row * len(rows) > 3 * POOL_START and cores() > 1
    found: list[Features] = []
    # joblib's own processes do not run the user's script a second time, as `spawn` would.
    jobs = Parallel(n_jobs=cores() if pooled else 1, return_as="generator", max_nbytes=None)
    # The pool is begun here; it would die of requests to stop that the run survives.
    with deaf(signal.SIGINT, signal.SIGTERM):
        pieces_done = jobs(work)
    for piece in pieces_done:
        found.append(piece)
        if tick:
            tick(len(found) / len(pieces))
    return below(found)


def _piece(features: TraditionalFeatures, rows: Items) -> Features:
    return features.describe(rows.take(slice(None)))


def portion(
    tick: Callable[[float], None] | None, begun: float, part: float
) -> Callable[[float], None] | None:
    """A tick for work that is `part` of the whole, of which `begun` was done before."""
    return None if tick is None else lambda share: tick(begun + share * part)


def _numbers(described: Features) -> int:
    """Numbers that are held: all of a dense array, of a sparse one a value and its place."""
    return 2 * int(described.nnz) if sparse.issparse(described) else int(described.size)


def measure(
    features: TraditionalFeatures, rows: Items, rng: np.random.Generator
) -> tuple[float, int]:
    """Seconds per row on one core, and the numbers that describe it, from a small slice.

    Learning is part of the measure, since it describes the rows it learns from.
    """
    # Both are drawn in any case: what is drawn later must not depend on how quick this machine is.
    few, more = (rows.select(np.sort(rng.permutation(len(rows))[:n])) for n in (8, 64))
    start = time.monotonic()
    features.learn(few, rng)
    learned = (time.monotonic() - start) / len(few)
    start = time.monotonic()
    width = _numbers(features.describe(few.take(slice(None)))) // len(few)
    first = (time.monotonic() - start) / len(few)
    # A first call also pays for imports and for setting up: quick features get a longer look, and
    # slow ones a short one, for it may be that alone.
    slow = max(learned, first) > 5e-3
    items = few.take(slice(2)) if slow else more.take(slice(None))
    start = time.monotonic()
    features.describe(items)
    second = (time.monotonic() - start) / len(items)
    return (max(learned, min(first, second)) if slow else second), width
