"""Rows of a table on their way into a net. Axes: N rows, D slots."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import torch

from fivefold.nets.base import Intake, Scale, Shape

if TYPE_CHECKING:
    from torch import Tensor

    from fivefold.contracts.rows import Items


@final
class TableIntake(Intake):
    """float32 (N, D) as it is: numbers, codes of categories, NaN where a cell is missing."""

    def plain(self, raw: Tensor, size: Shape) -> Tensor:  # noqa: ARG002 - the role has a size
        """As floats."""
        return raw.float()

    def shape(self, item: Shape, size: Shape) -> Shape:  # noqa: ARG002 - rows have none
        """The item's own, (D,)."""
        return item

    def scale(self, rows: Items) -> Scale:  # noqa: ARG002 - nothing is measured
        """None: codes have no scale, and encoders lay numbers out by their own quantiles."""
        return torch.empty(0), torch.empty(0)
