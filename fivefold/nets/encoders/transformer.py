"""Every word looks at every other: layers of self-attention.

Papers: Vaswani 2017 (arXiv 1706.03762); norms before the layers, Xiong 2020 (arXiv 2002.04745).
Origin: written for fivefold.

Axes: N rows, L words, F features.
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from fivefold.nets.base import Encoder, Shape
from fivefold.nets.blocks.attention import Layer, places
from fivefold.nets.blocks.fronts import front
from fivefold.nets.blocks.sizes import scaled
from fivefold.nets.blocks.symbols import average, highest

_PLACES = 0.1  # words start as small: waves of full size would drown them


@final
class Transformer(Encoder):
    """Layers of 128 features with four heads; a row is the highest and the mean over its places.

    Args:
        shape: (Lc + Lw,) of texts, (L, W) of tokens.
        width: Multiplies the features.
        depth: Layers.
        words: Lw of texts.
        vocabulary: Numbers of sub-words of texts.
        sequence: Features for every word (N, L, F) instead of one for the row.
    """

    def __init__(
        self,
        shape: Shape,
        *,
        width: float = 1.0,
        depth: int = 2,
        words: int = 0,
        vocabulary: int = 0,
        sequence: bool = False,
    ) -> None:
        super().__init__()
        size = scaled(128, width)
        self.front = front(shape, size, words=words, vocabulary=vocabulary)
        self.unread = nn.Dropout(0.2)
        self.layers = nn.ModuleList(Layer(size) for _ in range(depth))
        self.norm = nn.LayerNorm(size)
        self.dropped = nn.Dropout(0.3)
        self._sequence = sequence
        self.features = size * (1 if sequence else 2)

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F), or (N, L, F) with zeros at padding."""
        return self.front.by_length(x, self._read)

    def _read(self, x: Tensor, there: Tensor) -> Tensor:
        x = self.unread(x + _PLACES * places(x))
        for layer in self.layers:
            x = layer(x, there)
        x = self.norm(x) * there[:, :, None]
        return self.dropped(
            x if self._sequence else torch.cat([highest(x, there), average(x, there)], 1)
        )
