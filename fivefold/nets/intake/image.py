"""Pictures on their way into a net: bytes to floats at the net's size, and test-time views.

Axes: N pictures, H W raw size, h w the net's size, C channels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

from fivefold.nets.base import Intake, Scale, Shape
from fivefold.nets.blocks.pictures import plain, views
from fivefold.nets.blocks.scales import measured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from fivefold.contracts.rows import Items

SHIFT = 1  # pixels; the mirror and shift views of Jordan 2024
SIDE = 64  # pixels; of larger pictures every second, third ... row and column is looked at


@final
class ImageIntake(Intake):
    """uint8 (N, H, W, C) -> float (N, C, h, w) in 0..255, channels last in memory."""

    views: ClassVar = {(): 1, ("mirror",): 2, ("mirror", "shift"): 6, ("shift",): 3}

    def plain(self, raw: Tensor, size: Shape) -> Tensor:
        """Pictures at `size`; without one, as floats and otherwise as they are."""
        return plain(raw, size) if size else raw.float()

    def shape(self, item: Shape, size: Shape) -> Shape:
        """(C, h, w)."""
        return (item[2], *size)

    def scale(self, rows: Items) -> Scale:
        """Mean and deviation of each channel, (C, 1, 1)."""
        mean, std = measured(rows, axes=(0, 1, 2), step=lambda item: max(1, min(item[:2]) // SIDE))
        return mean.reshape(-1, 1, 1), std.reshape(-1, 1, 1)

    def seen(self, x: Tensor, names: Sequence[str]) -> list[Tensor]:
        """The pictures themselves, moved by a pixel, mirrored."""
        if not names:
            return [x]
        return views(x, mirror="mirror" in names, shift=SHIFT if "shift" in names else 0)
