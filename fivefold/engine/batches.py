"""Which rows come when: shuffled passes that any position can be resumed from.

The order of a pass depends on the seed and the number of the pass only, so a position is two
numbers and nothing else has to be saved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fivefold.contracts.rows import IntArray


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """The next batch: pass `epoch`, batch `batch` of it."""

    epoch: int = 0
    batch: int = 0


@final
class Batches:
    """Endless batches of row numbers; an incomplete last batch of a pass is left out.

    Args:
        rows: Number of rows.
        size: Rows per batch; capped at `rows`.
        seed: Of the order and of the first mirroring.
    """

    def __init__(self, rows: int, size: int, seed: int) -> None:
        self.rows = rows
        self.size = min(size, rows)
        self.per_epoch = rows // self.size
        self._seed = seed
        self._pass: tuple[int, IntArray] = -1, np.zeros((0, 0), np.int64)
        self._mirrored = np.random.default_rng((seed, 1)).random(rows) < 0.5

    def passes(self, steps: int) -> float:
        """How often so many batches show every row, on average."""
        return steps * self.size / self.rows

    def of_pass(self, epoch: int) -> IntArray:
        """The shuffled row numbers of one pass, (per_epoch, size), each batch sorted."""
        if self._pass[0] != epoch:
            order = np.random.default_rng((self._seed, 2, epoch)).permutation(self.rows)
            batches = order[: self.per_epoch * self.size].reshape(-1, self.size)
            self._pass = epoch, np.sort(batches, axis=1)
        return self._pass[1]

    def mirrored(self, which: IntArray, epoch: int) -> np.ndarray:
        """Alternating flip (Jordan 2024): a row is mirrored in every second pass, (n,) bool."""
        return self._mirrored[which] ^ bool(epoch & 1)

    def start(self, position: Position) -> Iterator[tuple[Position, IntArray]]:
        """Batches from `position` on, each with the position that follows it."""
        epoch, batch = position.epoch, position.batch
        while True:
            while batch < self.per_epoch:
                which = self.of_pass(epoch)[batch]
                batch += 1
                yield Position(epoch=epoch, batch=batch), which
            epoch, batch = epoch + 1, 0
