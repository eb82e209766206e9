"""VGG: depth from 3x3 convolutions only.

Paper: Simonyan 2014, arXiv 1409.1556 (64, 128, 256, 512, 512 channels, each with a 2x2 max-pool).
Origin: written for fivefold from the paper.
Changed: batch norm (Ioffe 2015) after every convolution, as the paper had to start its deep nets
from trained shallow ones; a global average in place of the three fully connected layers, which hold
nine tenths of the paper's parameters, so any size can be read; a pool that would leave less than
2x2 is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from torch import nn

from fivefold.nets.base import Encoder, Shape
from fivefold.nets.blocks.initialise import he
from fivefold.nets.blocks.sizes import scaled

if TYPE_CHECKING:
    from torch import Tensor


@final
class Vgg(Encoder):
    """Five stages of 3x3 convolutions.

    Args:
        shape: (C, H, W).
        width: Multiplies the channels.
        depth: Convolutions per stage; 2 is the paper's net B.
    """

    def __init__(self, shape: Shape, *, width: float = 1.0, depth: int = 2) -> None:
        super().__init__()
        channels, side = shape[0], min(shape[1:])
        self.layers = nn.Sequential()
        for stage in (64, 128, 256, 512, 512):
            for _ in range(depth):
                out = scaled(stage, width)
                # The shift of batch norm makes a bias idle.
                convolution = nn.Conv2d(channels, out, 3, padding=1, bias=False)
                self.layers.extend((convolution, nn.BatchNorm2d(out), nn.ReLU(inplace=True)))
                channels = out
            if side >= 4:
                self.layers.append(nn.MaxPool2d(2, 2))
                side //= 2
        self.layers.extend((nn.AdaptiveAvgPool2d(1), nn.Flatten()))
        self.features = channels
        self.apply(he)

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F) of a normalised batch (N, C, H, W)."""
        return self.layers(x)
