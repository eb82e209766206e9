"""Frames come together step by step: every stage sees a longer part of the clip.

Paper: Karpathy 2014, slow fusion: the first convolution reaches over 4 frames at stride 2, the next
ones over 2, until the last sees them all; the paper's best single net.
Origin: written for fivefold from the paper.
Changed: changes enter beside the frames; every stage halves the frames as long as there are any,
and what is left is averaged; a small residual trunk in place of AlexNet.

Axes: N clips, F features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from torch import nn

from fivefold.nets.base import Encoder, Shape
from fivefold.nets.blocks.clips import (
    FEATURE_SCALE,
    STEM,
    Stage,
    folded,
    pooled,
    stacked,
    strides,
    trunk_channels,
    with_changes,
)

if TYPE_CHECKING:
    from torch import Tensor

WINDOWS = (4, 2, 2)  # frames that each stage joins


@final
class SlowFusion(Encoder):
    """Stages over windows of frames.

    Args:
        shape: (C, F, H, W).
        width: Multiplies the channels.
        depth: Convolutions per stage.
    """

    def __init__(self, shape: Shape, *, width: float = 1.0, depth: int = 2) -> None:
        super().__init__()
        channels = trunk_channels(width)
        before, frames = 2 * shape[0], shape[1]
        self.frames: list[int] = []
        self.stages = nn.ModuleList()
        for number, (after, stride) in enumerate(zip(channels, strides(shape), strict=True)):
            self.frames.append(frames)
            entering, deep = WINDOWS[number] * before, depth if number else 1
            kernel = 3 if number else STEM
            self.stages.append(Stage(entering, after, depth=deep, stride=stride, kernel=kernel))
            before, frames = after, -(-frames // 2)
        self.features = 2 * before

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F) of a normalised batch (N, C, F, H, W)."""
        maps = folded(with_changes(x))
        for stage, count, frames in zip(self.stages, WINDOWS, self.frames, strict=True):
            maps = stage(stacked(maps, frames, 2, count))
        return pooled(maps).unflatten(0, (len(x), -1)).mean(1) * FEATURE_SCALE
