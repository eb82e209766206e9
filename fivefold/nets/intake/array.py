"""Arrays of a fixed shape on their way into a net. Axes: N rows, D numbers of a vector."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from fivefold.nets.base import Intake, Scale, Shape
from fivefold.nets.blocks.scales import measured

if TYPE_CHECKING:
    from torch import Tensor

    from fivefold.contracts.rows import Items


@final
class ArrayIntake(Intake):
    """float32 (N, D) as it is."""

    def plain(self, raw: Tensor, size: Shape) -> Tensor:  # noqa: ARG002 - the role has a size
        """As floats."""
        return raw.float()

    def shape(self, item: Shape, size: Shape) -> Shape:  # noqa: ARG002 - vectors have none
        """The item's own, (D,)."""
        return item

    def scale(self, rows: Items) -> Scale:
        """Mean and deviation of each number, (D,)."""
        return measured(rows, axes=(0,))
