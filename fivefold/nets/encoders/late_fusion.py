"""One trunk along the clip, its findings put side by side in order.

Paper: Karpathy 2014, late fusion: two single-frame towers with shared weights, 15 frames apart,
joined in the first fully connected layer.
Origin: written for fivefold from the paper.
Changed: the tower sees every frame beside its change from the one before; its features are averaged
over four quarters of the clip, which the fully connected layer joins; a small residual trunk in
place of AlexNet.

Axes: N clips, F features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import torch
import torch.nn.functional as F
from torch import nn

from fivefold.nets.base import Encoder, Shape
from fivefold.nets.blocks.clips import (
    FEATURE_SCALE,
    folded,
    pooled,
    trunk,
    trunk_channels,
    with_changes,
)

if TYPE_CHECKING:
    from torch import Tensor

PARTS = 4


@final
class LateFusion(Encoder):
    """A trunk over frames and their changes, joined late.

    Args:
        shape: (C, F, H, W).
        width: Multiplies the channels.
        depth: Convolutions per stage.
    """

    def __init__(self, shape: Shape, *, width: float = 1.0, depth: int = 2) -> None:
        super().__init__()
        self.trunk = trunk(2 * shape[0], shape, width=width, depth=depth)
        found = 2 * trunk_channels(width)[-1]
        self.parts = min(PARTS, shape[1])
        self.join = nn.Linear(self.parts * found, found)
        self.features = 2 * found

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F): what was found on the average, and what the order of parts tells."""
        found = pooled(self.trunk(folded(with_changes(x)))).unflatten(0, (len(x), -1))
        parts = torch.stack([part.mean(1) for part in found.tensor_split(self.parts, 1)], 1)
        joined = F.silu(self.join(parts.flatten(1)))
        return torch.cat([found.mean(1), joined], 1) * FEATURE_SCALE
