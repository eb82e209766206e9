"""OverFeat, the fast model: the net in the talk's code (T06).

Paper: Sermanet 2013, arXiv 1312.6229, table 1. Origin: the talk's slide, with the middle that it
leaves out. At width 1, depth 2 and 224 pixels the layers are the talk's, number for number:

    224 -> 11x11/4 -> 54 -> pool 2/2 -> 27 -> 5x5 -> 23 -> pool 2/2 -> 11 -> three 3x3 -> 11
        -> pool 2/2 -> 5, hence View(1024*5*5)

(1024x5x5 holds from 199 to 230 pixels; the paper's 231 pixels give 6x6.)
Changed for other sizes, so that the layers behind the stem stay as they are: below 119 pixels the
stem is 7x7 stride 2, below 55 pixels 3x3 stride 1 (the smaller stems are padded); pictures below 28
pixels are first enlarged to 28; where the last pool would not give 5x5, an adaptive pool does.
The log-softmax of the talk's last line is in the head.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from torch import nn

from fivefold.nets.base import Encoder, Shape
from fivefold.nets.blocks.initialise import he, lsuv
from fivefold.nets.blocks.sizes import scaled, side_after

if TYPE_CHECKING:
    from torch import Tensor

_LAST_MAP = 5
_SMALLEST = 28
_INITIALISE_ROWS = 32


@final
class OverFeat(Encoder):
    """The talk's net, up to its last linear layer.

    Args:
        shape: (C, H, W).
        width: Multiplies all channels and units.
        depth: Fully connected layers: 3072 units, then 4096 each; the talk has 2.
    """

    def __init__(self, shape: Shape, *, width: float = 1.0, depth: int = 2) -> None:
        super().__init__()
        a, b, c, d = (scaled(channels, width) for channels in (96, 256, 512, 1024))
        sides = (max(shape[1], _SMALLEST), max(shape[2], _SMALLEST))
        enlarge = [] if sides == shape[1:] else [nn.Upsample(sides, mode="bilinear")]
        kernel, stride, padding = _stem(min(sides))
        maps = [_before_last_pool(side_after(s, kernel, stride, padding)) for s in sides]
        exact = all(side // 2 == _LAST_MAP for side in maps)
        self.convolutions = nn.Sequential(
            *enlarge,
            *(nn.Conv2d(shape[0], a, kernel, stride, padding), nn.ReLU(), nn.MaxPool2d(2, 2)),
            *(nn.Conv2d(a, b, 5), nn.ReLU(), nn.MaxPool2d(2, 2)),
            *(nn.Conv2d(b, c, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(c, d, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(d, d, 3, padding=1), nn.ReLU()),
            nn.MaxPool2d(2, 2) if exact else nn.AdaptiveMaxPool2d(_LAST_MAP),
        )
        self.connections = nn.Sequential(nn.Flatten())
        self.features = d * _LAST_MAP**2
        for layer in range(depth):
            units = scaled(4096 if layer else 3072, width)
            self.connections.extend(
                (nn.Dropout(0.5), nn.Linear(self.features, units), nn.Threshold(0, 1e-6))
            )
            self.features = units
        self.apply(he)

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F) of a normalised batch (N, C, H, W)."""
        return self.connections(self.convolutions(x))

    def initialise(self, x: Tensor) -> None:
        """Give every layer's output variance one on the first rows of `x`."""
        lsuv(self, x[:_INITIALISE_ROWS], orthonormal=False)


def _stem(side: int) -> tuple[int, int, int]:
    """Kernel, stride, padding of the first convolution; its map has at least 28 x 28 places."""
    if side >= 119:
        return 11, 4, 0
    return (7, 2, 3) if side >= 55 else (3, 1, 1)


def _before_last_pool(side: int) -> int:
    """Side of the last map, from the side of the first one."""
    return side_after(side // 2, 5) // 2
