"""AlexNet: five convolutions and two fully connected layers.

Paper: Krizhevsky 2012, "ImageNet classification with deep convolutional neural networks"
(96, 256, 384, 384, 256 kernels; 11x11 stride 4; overlapping 3x3 max-pools stride 2; 4096, 4096).
Origin: written for fivefold from the paper.
Changed: one column (the two halves of the paper's net fitted two GPUs of 3 GB). No local response
normalisation, which gained nothing in Simonyan 2014, section 4.1. At 224 pixels the maps are the
paper's: 55, 27, 13, 6. Pictures below 160 pixels get a smaller stem (5x5 stride 2, below 64 pixels
3x3 stride 1), a pool that would leave less than 6x6 is left out, and the last pool always gives
6x6 (which at 13x13 is the paper's pool exactly), so any size can be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from torch import nn

from fivefold.nets.base import Encoder, Shape
from fivefold.nets.blocks.initialise import he, lsuv
from fivefold.nets.blocks.sizes import scaled, side_after

if TYPE_CHECKING:
    from torch import Tensor

_LAST_MAP = 6
_INITIALISE_ROWS = 32


@final
class AlexNet(Encoder):
    """Krizhevsky's net in one column.

    Args:
        shape: (C, H, W).
        width: Multiplies all channels and units.
        depth: Fully connected layers of 4096 units; the paper has 2.
    """

    def __init__(self, shape: Shape, *, width: float = 1.0, depth: int = 2) -> None:
        super().__init__()
        a, b, c, d, e = (scaled(channels, width) for channels in (96, 256, 384, 384, 256))
        side = min(shape[1:])
        kernel, stride, padding = _stem(side)
        first_pool, side = _pool(side_after(side, kernel, stride, padding))
        second_pool, _ = _pool(side)
        self.convolutions = nn.Sequential(
            *(nn.Conv2d(shape[0], a, kernel, stride, padding), nn.ReLU(), *first_pool),
            *(nn.Conv2d(a, b, 5, padding=2), nn.ReLU(), *second_pool),
            *(nn.Conv2d(b, c, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(c, d, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(d, e, 3, padding=1), nn.ReLU()),
            nn.AdaptiveMaxPool2d(_LAST_MAP),
        )
        self.connections = nn.Sequential(nn.Flatten())
        self.features = e * _LAST_MAP**2
        for _ in range(depth):
            units = scaled(4096, width)
            self.connections.extend((nn.Dropout(0.5), nn.Linear(self.features, units), nn.ReLU()))
            self.features = units
        self.apply(he)

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F) of a normalised batch (N, C, H, W)."""
        return self.connections(self.convolutions(x))

    def initialise(self, x: Tensor) -> None:
        """Give every layer's output variance one on the first rows of `x`."""
        lsuv(self, x[:_INITIALISE_ROWS], orthonormal=False)


def _stem(side: int) -> tuple[int, int, int]:
    """Kernel, stride and padding of the first convolution."""
    if side >= 160:
        return 11, 4, 2
    return (5, 2, 2) if side >= 64 else (3, 1, 1)


def _pool(side: int) -> tuple[list[nn.Module], int]:
    """The paper's overlapping pool, unless the map would become too small; and the side after."""
    after = side_after(side, 3, 2)
    return ([nn.MaxPool2d(3, 2)], after) if after >= _LAST_MAP else ([], side)
