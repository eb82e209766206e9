"""Arrays of a fixed shape on their way into a net.

Axes: N rows, D numbers of a vector, C channels, H W a map.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

from fivefold.nets.base import Intake, Scale, Shape
from fivefold.nets.blocks.scales import measured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from fivefold.contracts.rows import Items


@final
class ArrayIntake(Intake):
    """float32 (N, D), (N, H, W) or (N, C, H, W): vectors as they are, maps with their channels."""

    views: ClassVar = {(): 1, ("mirror",): 2}

    def plain(self, raw: Tensor, size: Shape) -> Tensor:  # noqa: ARG002 - the role has a size
        """As floats (N, D) or (N, C, H, W)."""
        return raw.float().unsqueeze(1) if raw.ndim == 3 else raw.float()

    def shape(self, item: Shape, size: Shape) -> Shape:  # noqa: ARG002 - arrays have none
        """(D,) or (C, H, W)."""
        return (1, *item) if len(item) == 2 else item

    def scale(self, rows: Items) -> Scale:
        """Mean and deviation of each number of a vector, (D,), or channel of a map, (C, 1, 1)."""
        axes = {1: (0,), 2: (0, 1, 2), 3: (0, 2, 3)}[rows.take(slice(1)).ndim - 1]
        mean, std = measured(rows, axes=axes)
        return (mean, std) if len(axes) == 1 else (mean.reshape(-1, 1, 1), std.reshape(-1, 1, 1))

    def seen(self, x: Tensor, names: Sequence[str]) -> list[Tensor]:
        """The arrays themselves; maps also with left and right swapped, where that is asked for."""
        return [x, x.flip(3)] if "mirror" in names and x.ndim == 4 else [x]
