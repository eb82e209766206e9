"""All frames enter the first layer at once, as channels of one picture.

Paper: Karpathy 2014, early fusion: the first convolution reaches over the frames of a window.
Origin: written for fivefold from the paper.
Changed: the window is the whole clip, of which the frames and their changes enter; a small residual
trunk in place of AlexNet.

Axes: N clips, C channels, T frames, F features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import torch

from fivefold.nets.base import Encoder, Shape
from fivefold.nets.blocks.clips import FEATURE_SCALE, pooled, trunk, trunk_channels, with_changes

if TYPE_CHECKING:
    from torch import Tensor


@final
class EarlyFusion(Encoder):
    """A trunk over one picture of 2 C T channels.

    Args:
        shape: (C, T, H, W).
        width: Multiplies the channels.
        depth: Convolutions per stage.
    """

    def __init__(self, shape: Shape, *, width: float = 1.0, depth: int = 2) -> None:
        super().__init__()
        self.trunk = trunk(2 * shape[0] * shape[1], shape, width=width, depth=depth)
        self.features = 2 * trunk_channels(width)[-1]

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F) of a normalised batch (N, C, T, H, W)."""
        picture = with_changes(x).flatten(1, 2)
        maps = self.trunk(picture.contiguous(memory_format=torch.channels_last))
        return pooled(maps) * FEATURE_SCALE
