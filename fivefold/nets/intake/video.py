"""Clips on their way into a net: bytes to floats at the net's size, and the mirrored view.

Axes: N clips, F frames in the cache, f frames of the net, H W raw size, h w the net's size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

import torch

from fivefold.nets.base import Intake, Scale, Shape
from fivefold.nets.blocks.pictures import plain
from fivefold.nets.blocks.scales import measured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from fivefold.contracts.rows import Items

# Frames and shorter side that nets are tried at, with their width, cheap to dear.
LADDER = ((0.5, 16, 48), (0.5, 16, 64), (1.0, 16, 64), (1.0, 32, 64), (1.0, 32, 80))


@final
class VideoIntake(Intake):
    """uint8 (N, F, H, W, 3) -> float (N, 3, f, h, w) in 0..255, channels last in memory."""

    views: ClassVar = {(): 1, ("mirror",): 2}

    def plain(self, raw: Tensor, size: Shape) -> Tensor:
        """Frames at even places, at `size` (f, h, w); without one, as they are."""
        n, frames, height, width, _ = raw.shape
        f, h, w = size or (frames, height, width)
        if f != frames:
            at = torch.linspace(0, frames - 1, f).round().long().to(raw.device)
            raw = raw.index_select(1, at)
        pictures = plain(raw.flatten(0, 1), (h, w))
        return pictures.permute(0, 2, 3, 1).reshape(n, f, h, w, -1).permute(0, 4, 1, 2, 3)

    def shape(self, item: Shape, size: Shape) -> Shape:
        """(3, f, h, w)."""
        return (item[3], *(size or item[:3]))

    def scale(self, rows: Items) -> Scale:
        """Mean and deviation of each colour, (3, 1, 1, 1)."""
        # Every fourth frame and every fourth row of pixels tell as much.
        mean, std = measured(rows, axes=(0, 1, 2, 3), step=lambda _: 4)
        return mean.reshape(-1, 1, 1, 1), std.reshape(-1, 1, 1, 1)

    def ladder(self, item: Shape, widths: Sequence[float]) -> list[tuple[float, Shape]]:
        """Few frames and pixels first; never more of either than the cache holds."""
        frames, height, width, _ = item
        short = min(height, width)
        found: list[tuple[float, Shape]] = []
        for wide, most, side in LADDER:
            scale = min(1.0, side / short)
            size = (min(most, frames), max(1, round(height * scale)), max(1, round(width * scale)))
            found.append((wide * max(widths), size))
        return list(dict.fromkeys(found))

    def seen(self, x: Tensor, names: Sequence[str]) -> list[Tensor]:
        """The clips themselves, and mirrored."""
        return [x, x.flip(4)] if "mirror" in names else [x]
