"""Series on their way into a net. Axes: N rows, T steps, C channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from fivefold.nets.base import Intake, Scale, Shape
from fivefold.nets.blocks.scales import measured

if TYPE_CHECKING:
    from torch import Tensor

    from fivefold.contracts.rows import Items


@final
class SeriesIntake(Intake):
    """float32 (N, T, C) as it is: NaN is a missing number, rows of NaN at the end are padding."""

    def plain(self, raw: Tensor, size: Shape) -> Tensor:  # noqa: ARG002 - the role has a size
        """As floats."""
        return raw.float()

    def shape(self, item: Shape, size: Shape) -> Shape:  # noqa: ARG002 - series have none
        """The item's own, (T, C)."""
        return item

    def scale(self, rows: Items) -> Scale:
        """Mean and deviation of each channel over all steps that are there, (C,)."""
        return measured(rows, axes=(0, 1))
