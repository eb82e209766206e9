"""What encoders of clips share: time folded into the batch, changes between frames, a 2-D trunk.

Convolutions over a picture are the fast ones, on a CPU above all, so time is folded into the batch
(frames side by side) or into the channels (frames on top of each other) wherever a net can do so.
Axes: N clips, C channels, F frames, H W a frame, B = N F.
"""

from __future__ import annotations

import math
from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fivefold.nets.blocks.sizes import scaled

CHANNELS = (24, 48, 96)  # of the stages of a trunk, at width 1
STEM = 5  # pixels a side of the first kernels
FEATURE_SCALE = 1 / 3  # small answers at first


def folded(x: Tensor) -> Tensor:
    """Frames side by side: (N, C, F, H, W) -> (N F, C, H, W), channels last in memory."""
    pictures = x.transpose(1, 2).flatten(0, 1)
    return pictures.contiguous(memory_format=torch.channels_last)


def stacked(x: Tensor, frames: int, every: int, count: int) -> Tensor:
    """Neighbouring frames on top of each other, as channels of one picture.

    Args:
        x: (N F, C, H, W), the frames of a clip in a row.
        frames: F.
        every: Step from one window to the next.
        count: Frames of a window; the last frame is repeated where a window runs over the end.

    Returns:
        (N F', count C, H, W) with F' = ceil(F / every).
    """
    b, c, h, w = x.shape
    starts = torch.arange(0, frames, every, device=x.device)
    at = (starts[:, None] + torch.arange(count, device=x.device)).clamp(max=frames - 1)
    clips = x.permute(0, 2, 3, 1).reshape(b // frames, frames, h, w, c)
    windows = clips[:, at]  # (N, F', count, H, W, C)
    pictures = windows.permute(0, 1, 3, 4, 2, 5).reshape(-1, h, w, count * c)
    return pictures.permute(0, 3, 1, 2)


def with_changes(x: Tensor) -> Tensor:
    """Beside each frame what changed since the one before: (N, C, F, H, W) -> (N, 2 C, F, H, W).

    What moves is a small part of what is seen, and a net that starts from nothing on a hundred
    clips does not find it by itself. The first frame has no change.
    """
    change = torch.cat([torch.zeros_like(x[:, :, :1]), x[:, :, 1:] - x[:, :, :-1]], 2)
    return torch.cat([x, change], 1)


def trunk_channels(width: float) -> list[int]:
    """Channels of the stages at a width."""
    return [scaled(channels, width) for channels in CHANNELS]


def strides(shape: tuple[int, ...]) -> list[int]:
    """Of the first convolution of each stage, for frames of `shape` (..., H, W).

    The first one takes most of the picture away, since a clip has many of them: its map is the
    dearest by far. Then maps are halved until 4 pixels are left.
    """
    side = min(shape[-2:])
    found = [4 if side >= 40 else 2 if side >= 16 else 1]
    side //= found[0]
    for _ in CHANNELS[1:]:
        found.append(2 if side >= 8 else 1)
        side //= found[-1]
    return found


@final
class Stage(nn.Module):
    """A convolution that may shrink the map, then `depth` - 1 residual 3x3 ones.

    Args:
        before: Channels in.
        after: Channels out.
        depth: Convolutions.
        stride: Of the first one.
        kernel: Side of the first one's kernels.
    """

    def __init__(
        self, before: int, after: int, *, depth: int, stride: int, kernel: int = 3
    ) -> None:
        super().__init__()
        self.first = convolution(before, after, stride=stride, kernel=kernel)
        self.rest = nn.ModuleList(convolution(after, after) for _ in range(depth - 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, before, H, W) -> (B, after, H', W')."""
        x = F.silu(self.first(x))
        for layer in self.rest:
            x = x + F.silu(layer(x))
        return x


def convolution(before: int, after: int, *, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    """A convolution that keeps the size, but for its stride, and batch norm."""
    layer = nn.Conv2d(before, after, kernel, stride, padding=kernel // 2, bias=False)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return nn.Sequential(layer, norm(after))


def norm(channels: int) -> nn.BatchNorm2d:
    """Batch norm whose averages follow quickly: frames are many, steps are few."""
    return nn.BatchNorm2d(channels, momentum=0.4)


def stages(before: int, shape: tuple[int, ...], *, width: float, depth: int) -> list[Stage]:
    """Stages that turn pictures (B, before, H, W) into maps (B, channels, about H / 16, W / 16).

    The first stage is one convolution, the others have `depth`.
    """
    after = trunk_channels(width)
    kernels = [STEM, *[3] * (len(after) - 1)]
    depths = [1, *[depth] * (len(after) - 1)]
    ins = [before, *after[:-1]]
    return [
        Stage(i, o, depth=d, stride=s, kernel=k)
        for i, o, d, s, k in zip(ins, after, depths, strides(shape), kernels, strict=True)
    ]


def trunk(before: int, shape: tuple[int, ...], *, width: float, depth: int) -> nn.Sequential:
    """The stages one after the other."""
    return nn.Sequential(*stages(before, shape, width=width, depth=depth))


def pooled(maps: Tensor) -> Tensor:
    """The strongest and the mean answer over the picture: (B, C, H, W) -> (B, 2 C)."""
    return torch.cat([maps.amax((2, 3)), maps.mean((2, 3))], 1)


def moments(frames: int, count: int) -> list[int]:
    """`count` even places among `frames`, the middles of equal parts."""
    return [math.floor((i + 0.5) * frames / count) for i in range(count)]
