"""Batches as a net takes them: brought to its device and changed, small ones several at once.

Axes: N rows, n rows of a batch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, final

import numpy as np
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from torch import Generator

    from fivefold.contracts.roles import Expander
    from fivefold.contracts.rows import IntArray
    from fivefold.engine.batches import Batches, Position
    from fivefold.engine.feed import Feed

Raw = tuple[Tensor, Tensor, Tensor]  # rows, their targets, which of them are mirrored
Changed = tuple[Any, Tensor]  # what the intake would give, and targets

# Of few rows, calls take longer than what they do (lab/LOG.md). So batches are changed together
TOGETHER_ROWS = 128  # as long as they hold no more rows,
TOGETHER_BYTES = 24 << 20  # nor more bytes.


@dataclass(frozen=True, kw_only=True, slots=True)
class Blocks:
    """Batches of a pass that are changed together, when the first of them is wanted.

    Attributes:
        length: Of a block.
        per_pass: Batches of a pass, which ends a block.
    """

    length: int = 1
    per_pass: int = 1

    @classmethod
    def of(cls, rows: int, row_bytes: int, per_pass: int) -> Blocks:
        """What fits for batches of so many rows."""
        most = min(TOGETHER_ROWS, TOGETHER_BYTES // max(1, row_bytes))
        return cls(length=max(1, most // max(1, rows)), per_pass=per_pass)

    def around(self, number: int) -> slice:
        """The batches of the block in which batch `number` of a pass lies."""
        first = number - number % self.length
        return slice(first, min(first + self.length, self.per_pass))

    def begin(self, batches: IntArray) -> NDArray[np.bool_]:
        """Which batches, counted over all passes, are the first of a block."""
        return batches % self.per_pass % self.length == 0

    @property
    def share(self) -> float:
        """Of all batches that are the first of a block."""
        return -(-self.per_pass // self.length) / self.per_pass


@final
class Supply:
    """What comes next, on the device.

    Args:
        feed: Raw rows.
        batches: Which rows come when.
        expander: Changes them.
        generator: All randomness of the changes comes from it.
        share: The part of a batch that this process works on.
        seed: Of the block of batches that begins at a step: wherever in it a training goes on, the
            same is drawn.
    """

    def __init__(
        self,
        feed: Feed,
        batches: Batches,
        expander: Expander,
        *,
        generator: Generator,
        share: Callable[[IntArray], IntArray],
        seed: Callable[[int], int],
    ) -> None:
        self._feed, self._batches, self._expander = feed, batches, expander
        self._generator, self._share, self._seed = generator, share, seed
        own = len(share(np.arange(batches.size)))
        self._blocks = Blocks.of(own, feed.row_bytes, batches.per_epoch)
        self._key: tuple[int, int, tuple[int, ...]] | None = None
        self._block: list[Changed] = []

    def raw(self, which: IntArray, epoch: int) -> Raw:
        """Rows `which` as they come in a pass."""
        mirrored = self._batches.mirrored(which, epoch)
        return *self._feed.batch(which), self._feed.send(mirrored)

    def changed(self, raw: Raw, size: tuple[int, ...]) -> Changed:
        """Rows changed, at `size`; the generator goes on from where it stands."""
        rows, targets, mirrored = raw
        return self._expander(
            rows, targets, generator=self._generator, size=size, mirrored=mirrored
        )

    def batch(self, ends: Position, size: tuple[int, ...]) -> Changed:
        """This process's share of a batch, changed once with those beside it.

        Args:
            ends: The position after the batch.
            size: Wanted.
        """
        number = ends.batch - 1
        wanted = self._blocks.around(number)
        key = (ends.epoch, wanted.start, size)
        if self._key != key:
            self.let_go()
            self._block = self._changed_together(ends.epoch, wanted, size)
            self._key = key
        return self._block[number - wanted.start]

    def _changed_together(self, epoch: int, wanted: slice, size: tuple[int, ...]) -> list[Changed]:
        self._generator.manual_seed(self._seed(epoch * self._batches.per_epoch + wanted.start))
        block = self._batches.of_pass(epoch)[wanted]
        # In turn, as what is drawn for rows beside each other may be alike.
        which = np.stack([self._share(some) for some in block], 1).ravel()
        x, targets = self.changed(self.raw(which, epoch), size)
        return [_every(len(block), number, x, targets) for number in range(len(block))]

    def let_go(self) -> None:
        """Hold nothing; what is wanted is changed anew."""
        self._key, self._block = None, []

    def spare(self) -> bool:
        """Memory is short: hold one batch at a time from now on. False where that is so already."""
        before, self._blocks = self._blocks, replace(self._blocks, length=1)
        self.let_go()
        return before.length > 1


def _every(step: int, first: int, x: Any, targets: Tensor) -> Changed:  # noqa: ANN401
    """Every so many rows; `x` may be a tensor for each of several parts."""
    if isinstance(x, tuple):
        return tuple(part[first::step] for part in x), targets[first::step]
    return x[first::step], targets[first::step]
