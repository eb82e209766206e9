"""Convolutions over characters, from raw text: no words, no features made by hand.

Paper: Zhang 2015 (arXiv 1509.01626), whose small net is width 1 and whose large one is width 4.
Origin: written for fivefold. Changed: a vector for each character in place of a one-hot, and short
texts are not made shorter by pooling, as their places tell (the middle of a stretch of DNA).

Axes: N rows, Lc characters, F features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from torch import nn

from fivefold.nets.base import Encoder, Shape
from fivefold.nets.blocks.initialise import he
from fivefold.nets.blocks.sizes import scaled

if TYPE_CHECKING:
    from torch import Tensor

_VECTOR = 32  # numbers that stand for one character
_WINDOWS = (7, 7, 3, 3, 3, 3)
_POOLED = (True, True, False, False, False, True)
_LEAST = 100  # places; fewer are not pooled any more


@final
class CharConv(Encoder):
    """Six convolutions of 256 features, three of them pooled by three, then full layers of 1024.

    Args:
        shape: (Lc + Lw,) of texts.
        width: Multiplies the features.
        depth: Full layers.
        characters: Lc.
        symbols: Numbers of characters.
    """

    def __init__(
        self, shape: Shape, *, width: float = 1.0, depth: int = 2, characters: int, symbols: int
    ) -> None:
        super().__init__()
        del shape
        self._characters = characters
        size = scaled(256, width)
        self.table = nn.Embedding(symbols, _VECTOR, padding_idx=0)
        self.layers = nn.Sequential()
        channels, places = _VECTOR, characters
        for window, pooled in zip(_WINDOWS, _POOLED, strict=True):
            self.layers.append(nn.Conv1d(channels, size, window, padding=window // 2))
            self.layers.append(nn.ReLU())
            channels = size
            if pooled and places >= _LEAST:
                self.layers.append(nn.MaxPool1d(3))
                places //= 3
        self.layers.append(nn.Flatten())
        self.features = scaled(1024, width)
        numbers = channels * places
        for _ in range(depth):
            self.layers.extend((nn.Linear(numbers, self.features), nn.ReLU(), nn.Dropout(0.5)))
            numbers = self.features
        self.layers.apply(he)

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F) of texts (N, Lc + Lw)."""
        return self.layers(self.table(x[:, : self._characters]).transpose(1, 2))
