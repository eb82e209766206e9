"""Every frame for itself: what a clip shows, whatever moves in it.

Paper: Karpathy 2014, "Large-scale Video Classification with Convolutional Neural Networks", the
single-frame net, whose answers are averaged over the frames of a clip.
Origin: written for fivefold from the paper.
Changed: a small residual trunk in place of AlexNet; features, not answers, are averaged over the
frames, in training too.

Axes: N clips, F features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from fivefold.nets.base import Encoder, Shape
from fivefold.nets.blocks.clips import FEATURE_SCALE, folded, moments, pooled, trunk, trunk_channels

if TYPE_CHECKING:
    from torch import Tensor

FRAMES = 8  # looked at; neighbours show the same


@final
class SingleFrame(Encoder):
    """A trunk over single frames, averaged.

    Args:
        shape: (C, F, H, W).
        width: Multiplies the channels.
        depth: Convolutions per stage.
    """

    def __init__(self, shape: Shape, *, width: float = 1.0, depth: int = 2) -> None:
        super().__init__()
        self.moments = moments(shape[1], min(FRAMES, shape[1]))
        self.trunk = trunk(shape[0], shape, width=width, depth=depth)
        self.features = 2 * trunk_channels(width)[-1]

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F) of a normalised batch (N, C, F, H, W)."""
        maps = self.trunk(folded(x[:, :, self.moments]))
        return pooled(maps).unflatten(0, (len(x), -1)).mean(1) * FEATURE_SCALE
