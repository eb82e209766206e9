"""ResNet: blocks that add to what they were given.

Paper: He 2015, arXiv 1512.03385 (basic blocks; 64, 128, 256, 512 channels; depth 2 is ResNet-18).
Origin: written for fivefold from the paper.
Changed: the last batch norm of each block starts at zero, so that a block starts as the identity
(Goyal 2017, arXiv 1706.02677). The stem follows the size: from 160 pixels the paper's 7x7 stride 2
and max-pool, from 64 pixels without the pool, below that 3x3 stride 1; maps are not halved below
2x2. Any size can be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from torch import nn
from torch.nn import functional as F

from fivefold.nets.base import Encoder, Shape
from fivefold.nets.blocks.initialise import he
from fivefold.nets.blocks.sizes import scaled

if TYPE_CHECKING:
    from torch import Tensor


@final
class BasicBlock(nn.Module):
    """Two 3x3 convolutions, added to the input; a 1x1 convolution fits the input where needed.

    Args:
        channels: Channels in.
        out: Channels out.
        stride: Stride of the first convolution and of the 1x1.
    """

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.first = _convolution(channels, out, 3, stride)
        self.second = nn.Conv2d(out, out, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(out)
        fits = stride == 1 and channels == out
        self.shortcut = nn.Identity() if fits else _convolution(channels, out, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, out, H / stride, W / stride)."""
        return F.relu(self.norm(self.second(F.relu(self.first(x)))) + self.shortcut(x))

    def start_as_identity(self) -> None:
        """Silence what the block adds, until training finds a use for it."""
        nn.init.zeros_(self.norm.weight)


@final
class ResNet(Encoder):
    """Four stages of basic blocks and a global average.

    Args:
        shape: (C, H, W).
        width: Multiplies the channels.
        depth: Blocks per stage.
    """

    def __init__(self, shape: Shape, *, width: float = 1.0, depth: int = 2) -> None:
        super().__init__()
        channels = scaled(64, width)
        stem, side = _stem(shape, channels)
        blocks = []
        for stage, channels_at_width_1 in enumerate((64, 128, 256, 512)):
            out = scaled(channels_at_width_1, width)
            for block in range(depth):
                stride = 2 if stage > 0 and block == 0 and side >= 4 else 1
                side //= stride
                blocks.append(BasicBlock(channels, out, stride))
                channels = out
        self.layers = nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.features = channels
        self.apply(he)
        for added in blocks:
            added.start_as_identity()

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F) of a normalised batch (N, C, H, W)."""
        return self.layers(x)


def _convolution(channels: int, out: int, kernel: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(channels, out, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(out))


def _stem(shape: Shape, out: int) -> tuple[list[nn.Module], int]:
    """The layers before the blocks, and the shorter side behind them."""
    side = min(shape[1:])
    if side < 64:
        return [_convolution(shape[0], out, 3), nn.ReLU(inplace=True)], side
    stem: list[nn.Module] = [_convolution(shape[0], out, 7, 2), nn.ReLU(inplace=True)]
    if side < 160:
        return stem, side // 2
    return [*stem, nn.MaxPool2d(3, 2, padding=1)], side // 4
