"""The processes that train one net together, as the loop sees them: mostly there is none but it.

All keep the same weights to the bit, because all make the same steps with the same gradients. What
could differ - the clock, a wish to stop, what a checkpoint holds - is told by the first process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from torch import Tensor, nn

    from fivefold.contracts.rows import FloatArray, IntArray

Parts = tuple[dict[str, "Tensor"], dict[str, Any]]  # named tensors, and JSON values beside them


class Peers(Protocol):
    """This process among those that train one net together; all call the same in the same order.

    Attributes:
        rank: Number of this process; 0 is the first, which alone writes files.
        size: Number of processes.
    """

    rank: int
    size: int

    def seed(self, seed: int) -> int:
        """A seed of this process's own; the first one keeps `seed`."""

    def share(self, which: IntArray) -> IntArray:
        """The part of a batch (n,) that this process works on; all parts are disjoint."""

    def spread(self, work: Callable[[IntArray], FloatArray], rows: IntArray) -> FloatArray:
        """`work(rows)`, (n, ...), of which each process does a part; every row is done once."""

    def agree(self, *values: float) -> tuple[float, ...]:
        """The `values` that the first process has."""

    def combine(self, net: nn.Module, loss: Tensor, share: float) -> Tensor:
        """Sum gradients over all processes, and average the statistics of batch norms.

        Args:
            net: Its gradients are those of this process's share of a batch.
            loss: A part of the mean loss, as those gradients are a part of its gradient.
            share: Of the batch's rows, that this process had.

        Returns:
            The sum of all losses.
        """

    def level(self, tensors: Iterable[Tensor]) -> None:
        """Set tensors to the values that the first process has."""

    def hand_out(self, parts: Parts | None) -> Parts | None:
        """The `parts` that the first process has; tensors in host memory."""


@final
class Alone:
    """One process that does everything itself."""

    rank, size = 0, 1

    def seed(self, seed: int) -> int:
        """As it is."""
        return seed

    def share(self, which: IntArray) -> IntArray:
        """All of it."""
        return which

    def spread(self, work: Callable[[IntArray], FloatArray], rows: IntArray) -> FloatArray:
        """All of it."""
        return work(rows)

    def agree(self, *values: float) -> tuple[float, ...]:
        """As they are."""
        return values

    def combine(self, net: nn.Module, loss: Tensor, share: float) -> Tensor:
        """There is nothing to be added."""
        del net, share
        return loss

    def level(self, tensors: Iterable[Tensor]) -> None:
        """They are what they are."""

    def hand_out(self, parts: Parts | None) -> Parts | None:
        """To nobody."""
        return parts


ALONE = Alone()
