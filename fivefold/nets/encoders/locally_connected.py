"""Each unit looks through a window of its own: the second of the talk's three layers (T05).

Paper: LeCun 1989, "Generalization and network design strategies" (the net without shared weights).
Origin: written for fivefold. Changed: ReLU, dropout; the first windows grow with the picture, so
that a first map has at most 16 x 16 places and the parameters stay bounded.

Axes: N rows, C channels in, O channels out, H W picture, F one window laid out flat (C * k * k),
L places of the window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import torch
from torch import nn
from torch.nn import functional as F

from fivefold.nets.base import Encoder, Shape
from fivefold.nets.blocks.initialise import lsuv
from fivefold.nets.blocks.sizes import scaled, side_after

if TYPE_CHECKING:
    from torch import Tensor

_LARGEST_MAP = 16
_INITIALISE_ROWS = 64


@final
class LocallyConnected2d(nn.Module):
    """A convolution whose kernel is not shared: every place of the window has weights of its own.

    All windows are gathered once and multiplied as one batch of L matrix products.

    Args:
        channels: C and O.
        sides: H and W of the input; the layer reads no other size.
        kernel: Height and width of the window.
        stride: Steps of the window, down and to the right.
        padding: Zeros around the picture.
    """

    def __init__(
        self,
        channels: tuple[int, int],
        sides: tuple[int, int],
        *,
        kernel: tuple[int, int],
        stride: tuple[int, int],
        padding: int = 1,
    ) -> None:
        super().__init__()
        self.kernel, self.stride, self.padding = kernel, stride, padding
        self.out_sides = (
            side_after(sides[0], kernel[0], stride[0], padding),
            side_after(sides[1], kernel[1], stride[1], padding),
        )
        places = self.out_sides[0] * self.out_sides[1]
        window = channels[0] * kernel[0] * kernel[1]
        self.weight = nn.Parameter(torch.empty(places, window, channels[1]))
        self.bias = nn.Parameter(torch.zeros(places, 1, channels[1]))
        nn.init.normal_(self.weight, std=(2 / window) ** 0.5)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, O, h, w)."""
        windows_NFL = F.unfold(x, self.kernel, padding=self.padding, stride=self.stride)
        windows_LNF = windows_NFL.permute(2, 0, 1)
        out_LNO = torch.baddbmm(self.bias, windows_LNF, self.weight)
        return out_LNO.permute(1, 2, 0).reshape(len(x), -1, *self.out_sides)


@final
class LocallyConnected(Encoder):
    """Locally connected layers with ReLU: 16, 32, 64 ... channels on maps that halve.

    Args:
        shape: (C, H, W).
        width: Multiplies the channels.
        depth: Locally connected layers; the map is not halved below 2 x 2.
    """

    def __init__(self, shape: Shape, *, width: float = 1.0, depth: int = 2) -> None:
        super().__init__()
        channels, sides = shape[0], (shape[1], shape[2])
        self.layers = nn.Sequential()
        for layer in range(depth):
            stride = _strides(sides, _LARGEST_MAP) if layer == 0 else _halving(sides)
            out = scaled(16 * 2**layer, width)
            # A window reaches one pixel into each neighbour, so that borders are seen twice.
            local = LocallyConnected2d(
                (channels, out), sides, kernel=(stride[0] + 2, stride[1] + 2), stride=stride
            )
            self.layers.extend((local, nn.ReLU()))
            channels, sides = out, local.out_sides
        self.layers.extend((nn.Flatten(), nn.Dropout(0.2)))
        self.features = channels * sides[0] * sides[1]

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F) of a normalised batch (N, C, H, W)."""
        return self.layers(x)

    def initialise(self, x: Tensor) -> None:
        """Give every layer's output variance one on the first rows of `x`."""
        lsuv(self, x[:_INITIALISE_ROWS])

    def kernels(self) -> Tensor | None:
        """The weights of the first channel, one picture per place of its window."""
        first = next(layer for layer in self.layers if isinstance(layer, LocallyConnected2d))
        return first.weight[:, :, 0].reshape(len(first.weight), -1, *first.kernel)


def _strides(sides: tuple[int, int], largest: int) -> tuple[int, int]:
    return -(-sides[0] // largest), -(-sides[1] // largest)


def _halving(sides: tuple[int, int]) -> tuple[int, int]:
    return (2 if sides[0] >= 4 else 1), (2 if sides[1] >= 4 else 1)
