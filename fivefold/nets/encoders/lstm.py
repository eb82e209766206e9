"""Words read forwards and backwards by cells that remember.

Papers: Hochreiter 1997 (the cell); Graves 2005 (both directions); Huang 2015 (arXiv 1508.01991,
an answer per word). Origin: written for fivefold.

Axes: N rows, L words, F features.
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from fivefold.nets.base import Encoder, Shape
from fivefold.nets.blocks.fronts import front
from fivefold.nets.blocks.recurrent import Recurrent
from fivefold.nets.blocks.sizes import scaled
from fivefold.nets.blocks.symbols import average, highest


@final
class Lstm(Encoder):
    """Layers of 128 cells in each direction; a row is the highest and the mean over its places.

    Args:
        shape: (Lc + Lw,) of texts, (L, W) of tokens.
        width: Multiplies cells and features of words.
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
        depth: int = 1,
        words: int = 0,
        vocabulary: int = 0,
        sequence: bool = False,
    ) -> None:
        super().__init__()
        cells = scaled(128, width)
        self.front = front(shape, scaled(128, width), words=words, vocabulary=vocabulary)
        self.unread = nn.Dropout(0.3)
        self.cells = Recurrent("lstm", self.front.features, cells, layers=depth, dropout=0.3)
        self.dropped = nn.Dropout(0.3)
        self._sequence = sequence
        self.features = 2 * cells * (1 if sequence else 2)

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F), or (N, L, F) with zeros at padding."""
        return self.front.by_length(x, self._read)

    def _read(self, x: Tensor, there: Tensor) -> Tensor:
        x = self.cells(self.unread(x), there)
        return self.dropped(
            x if self._sequence else torch.cat([highest(x, there), average(x, there)], 1)
        )
