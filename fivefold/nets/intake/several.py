"""Rows of several inputs on their way into a net. Axes: N rows, B bytes of a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import torch

from fivefold.nets.base import Intake, Scale, Shape

if TYPE_CHECKING:
    from torch import Tensor

    from fivefold.contracts.rows import Items


@final
class SeveralIntake(Intake):
    """uint8 (N, B) as it is: each part is taken in by its own kind's intake, in the encoder.

    What lies where among the bytes was learned from the data, and an intake knows no data.
    """

    def plain(self, raw: Tensor, size: Shape) -> Tensor:  # noqa: ARG002 - parts have sizes, rows not
        """The bytes."""
        return raw

    def shape(self, item: Shape, size: Shape) -> Shape:  # noqa: ARG002
        """The item's own, (B,)."""
        return item

    def scale(self, rows: Items) -> Scale:  # noqa: ARG002 - nothing is measured
        """None: the encoder measures each part by its own intake."""
        return torch.empty(0), torch.empty(0)
