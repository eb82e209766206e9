"""Every input number connected to every unit: the first of the talk's three layers (T05).

Paper: the perceptron with hidden layers trained by back-propagation (Rumelhart 1986); ReLU
(Nair 2010), dropout (Srivastava 2014), weights by fan-in (He 2015, arXiv 1502.01852).
Origin: written for fivefold. Changed: the biases of the first layer start spread out instead of at
zero. A table with few columns needs that: with zero biases the bends of all first ReLUs go through
the mean of the data, and classes that interleave (two spirals, in the test) are learned late.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, final

from torch import nn

from fivefold.nets.base import Encoder, Shape
from fivefold.nets.blocks.initialise import he
from fivefold.nets.blocks.sizes import scaled

if TYPE_CHECKING:
    from torch import Tensor


@final
class FullyConnected(Encoder):
    """Hidden layers of 512 units with ReLU and dropout, for pictures (C, H, W) and arrays (D,).

    Args:
        shape: Shape of one input.
        width: Multiplies the units of a layer.
        depth: Hidden layers.
    """

    def __init__(self, shape: Shape, *, width: float = 1.0, depth: int = 2) -> None:
        super().__init__()
        self.shape = shape
        numbers = math.prod(shape)
        self.features = scaled(512, width)
        self.layers = nn.Sequential(nn.Flatten())
        for layer in range(depth):
            linear = nn.Linear(self.features if layer else numbers, self.features)
            he(linear)
            if layer == 0:
                nn.init.uniform_(linear.bias, -(numbers**-0.5), numbers**-0.5)
            self.layers.extend((linear, nn.ReLU(), nn.Dropout(0.2)))

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F) of a normalised batch (N, *shape)."""
        return self.layers(x)

    def kernels(self) -> Tensor | None:
        """The weights of each unit of the first layer, as a picture."""
        first = next(layer for layer in self.layers if isinstance(layer, nn.Linear))
        return first.weight.reshape(-1, *self.shape) if len(self.shape) == 3 else None
