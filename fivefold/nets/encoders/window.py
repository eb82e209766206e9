"""Every word in a window of its neighbours, by layers of convolutions.

Papers: Collobert 2011 (arXiv 1103.0398); layers that add to what they read, He 2015. Origin:
written for fivefold.

Axes: N rows, L words, F features.
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fivefold.nets.base import Encoder, Shape
from fivefold.nets.blocks.fronts import front
from fivefold.nets.blocks.sizes import scaled
from fivefold.nets.blocks.symbols import average, beside, highest


@final
class Window(Encoder):
    """A window of five words, then windows of three on what it saw.

    Args:
        shape: (Lc + Lw,) of texts, (L, W) of tokens.
        width: Multiplies the 192 features.
        depth: Layers, the first included.
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
        size = scaled(192, width)
        self.front = front(shape, scaled(128, width), words=words, vocabulary=vocabulary)
        self.unread = nn.Dropout(0.3)
        self.first = nn.Linear(5 * self.front.features, size)
        self.others = nn.ModuleList(nn.Linear(3 * size, size) for _ in range(depth - 1))
        self.dropped = nn.Dropout(0.3)
        self._sequence = sequence
        self.features = size * (1 if sequence else 2)

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F), or (N, L, F) with zeros at padding."""
        return self.front.by_length(x, self._read)

    def _read(self, x: Tensor, there: Tensor) -> Tensor:
        # Padding is zero before every layer, so a row does not feel how long the others are.
        mask = there[:, :, None]
        # Nothing is cut off at the end: features of a word are never all zero, as of padding.
        x = self.first(beside(self.unread(x), 5)) * mask
        for layer in self.others:
            x = (x + layer(beside(F.relu(x), 3))) * mask
        return self.dropped(
            x if self._sequence else torch.cat([highest(x, there), average(x, there)], 1)
        )
