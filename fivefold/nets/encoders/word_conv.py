"""Convolutions over words, each at its strongest place: what phrases occur, wherever they stand.

Paper: Kim 2014 (arXiv 1408.5882). Origin: written for fivefold. Changed: sub-words or spelled words
instead of vectors learned elsewhere; windows of two to four; rows are read in groups of one length.

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
from fivefold.nets.blocks.symbols import highest

_WINDOWS = (1, 2, 3, 4)


@final
class WordConv(Encoder):
    """Windows of words -> 100 features each -> the highest over all places.

    Args:
        shape: (Lc + Lw,) of texts, (L, W) of tokens.
        width: Multiplies features of words and of windows.
        depth: Not used; the net is one layer deep.
        words: Lw of texts.
        vocabulary: Numbers of sub-words of texts.
    """

    def __init__(
        self,
        shape: Shape,
        *,
        width: float = 1.0,
        depth: int = 2,
        words: int = 0,
        vocabulary: int = 0,
    ) -> None:
        super().__init__()
        del depth
        each = scaled(100, width)
        self.front = front(shape, scaled(128, width), words=words, vocabulary=vocabulary)
        self.unread = nn.Dropout(0.3)
        # All windows are one product and a few shifts: several times as fast as convolutions.
        self.read = nn.Linear(self.front.features, each * sum(_WINDOWS))
        nn.init.kaiming_normal_(self.read.weight, nonlinearity="relu")
        self._each = each
        self.dropped = nn.Dropout(0.5)
        self.features = each * len(_WINDOWS)

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F) of texts (N, Lc + Lw) or tokens (N, L, W)."""
        return self.dropped(self.front.by_length(x, self._strongest))

    def _strongest(self, x: Tensor, there: Tensor) -> Tensor:
        parts = self.read(self.unread(x)).split(self._each, 2)
        seen, used = [], 0
        for size in _WINDOWS:
            # The answer at a word is about it and the words before it: padding answers for none.
            own = parts[used]
            for back in range(1, size):
                earlier = parts[used + back][:, : x.shape[1] - back]
                own = own + F.pad(earlier, (0, 0, x.shape[1] - earlier.shape[1], 0))
            used += size
            seen.append(highest(own, there))
        return torch.cat(seen, 1).relu()
