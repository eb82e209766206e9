"""Convolutions over space and time.

Papers: Tran 2015, C3D, arXiv 1412.0767 (3x3x3 kernels); Tran 2018, R(2+1)D, arXiv 1711.11248 (the
same in two steps, 1x3x3 and 3x1x1, with a non-linearity between: fewer products, easier to train).
Origin: written for fivefold from the papers.
Changed: both steps are convolutions over pictures, since processors do those fast: time is folded
into the batch for the first, and the places of a frame into one axis for the second; changes enter
beside the frames; the later stages halve the frames.

Axes: N clips, C channels, T frames, H W a frame, F features.
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
    norm,
    pooled,
    stages,
    trunk_channels,
    with_changes,
)

if TYPE_CHECKING:
    from torch import Tensor

LEAST_FRAMES = 4  # time is halved until so few are left


@final
class Conv3d(Encoder):
    """Stages of spatial and temporal convolutions.

    Args:
        shape: (C, T, H, W).
        width: Multiplies the channels.
        depth: Spatial convolutions per stage.
    """

    def __init__(self, shape: Shape, *, width: float = 1.0, depth: int = 2) -> None:
        super().__init__()
        frames = shape[1]
        self.spatial = nn.ModuleList(stages(2 * shape[0], shape, width=width, depth=depth))
        self.temporal = nn.ModuleList()
        for number, channels in enumerate(trunk_channels(width)):
            shorter = number > 0 and frames > LEAST_FRAMES
            self.temporal.append(_OverTime(channels, stride=2 if shorter else 1))
            frames = -(-frames // 2) if shorter else frames
        self.features = 2 * trunk_channels(width)[-1]

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F) of a normalised batch (N, C, T, H, W)."""
        maps = folded(with_changes(x))
        for spatial, temporal in zip(self.spatial, self.temporal, strict=True):
            maps = temporal(spatial(maps), len(x))
        return pooled(maps).unflatten(0, (len(x), -1)).mean(1) * FEATURE_SCALE


@final
class _OverTime(nn.Module):
    """A convolution over three frames; residual where no frames are dropped."""

    def __init__(self, channels: int, *, stride: int) -> None:
        super().__init__()
        self.layer = nn.Conv2d(channels, channels, (3, 1), (stride, 1), (1, 0), bias=False)
        self.norm = norm(channels)
        self.stride = stride

    def forward(self, x: Tensor, clips: int) -> Tensor:
        """(N T, C, H, W) -> (N T', C, H, W)."""
        _, c, h, w = x.shape
        lines = x.permute(0, 2, 3, 1).reshape(clips, -1, h * w, c).permute(0, 3, 1, 2)
        found = F.silu(self.norm(self.layer(lines))) + lines[:, :, :: self.stride]
        pictures = found.permute(0, 2, 3, 1).reshape(-1, h, w, c).permute(0, 3, 1, 2)
        return pictures.contiguous(memory_format=torch.channels_last)
