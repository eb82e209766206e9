"""A recurrent reader of series: a short convolution, then LSTM or GRU both ways.

Axes: N rows, T steps, C channels, F features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, final

import torch
from torch import nn
from torch.nn import functional as F

from fivefold.nets.blocks.recurrent import Recurrent
from fivefold.nets.blocks.series import pooled, steps
from fivefold.nets.blocks.sizes import scaled

if TYPE_CHECKING:
    from torch import Tensor

    from fivefold.nets.base import Shape

KERNEL = 5
DROPOUT = 0.2
MOST_STEPS = 256  # read one by one; of longer series the convolution makes one of several


@final
class SeriesReader(nn.Module):
    """Series (T, C), NaN where a number is missing -> features.

    Args:
        cell: `lstm` or `gru`.
        shape: (T, C).
        width: Multiplies the 64 units of a direction.
        depth: Layers.
        sequence: Give features of every step (N, T, F) instead.
    """

    def __init__(
        self,
        cell: Literal["lstm", "gru"],
        shape: Shape,
        *,
        width: float = 1.0,
        depth: int = 1,
        sequence: bool = False,
    ) -> None:
        super().__init__()
        length, channels = shape
        units = scaled(64, width)
        # Steps are read one after the other, so a series of thousands is first made shorter.
        self.stride = 1 if sequence else -(-length // MOST_STEPS)
        kernel = max(KERNEL, 2 * self.stride + 1)
        self.stem = nn.Conv1d(2 * channels, units, kernel, self.stride, kernel // 2)
        self.norm = nn.LayerNorm(units)
        self.layers = Recurrent(cell, units, units, layers=depth, dropout=DROPOUT)
        self.dropout = nn.Dropout(DROPOUT)
        self.sequence = sequence
        self.features = self.layers.features * (1 if sequence else 4)

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F), or (N, T, F) of each step, of a normalised batch (N, T, C)."""
        values, inside = steps(x)
        y = self.stem(values.transpose(1, 2)).transpose(1, 2)
        inside = inside[:, :: self.stride]
        y = F.relu(self.norm(y)) * inside[:, :, None]
        y = self.layers(y, inside)
        if self.sequence:
            return self.dropout(y)
        ends = self.layers.ends(y, inside)
        return self.dropout(torch.cat([ends, pooled(y.transpose(1, 2), inside)], 1))
