"""Attention over patches of a series.

Papers: Vaswani 2017 (arXiv 1706.03762); Nie 2023 (arXiv 2211.14730), patches of steps as tokens.
Origin: written for fivefold. Changed: norm before each part, sinusoids for the place counted from
the end as well (series often end where it matters), mean, maximum and last patch as features.

Axes: N rows, T steps, C channels, P patches, F features.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, final

import torch
from torch import nn

from fivefold.nets.base import Encoder, Shape
from fivefold.nets.blocks.series import pooled, steps

if TYPE_CHECKING:
    from torch import Tensor

MOST_PATCHES = 128
DROPOUT = 0.1


@final
class SeriesTransformer(Encoder):
    """Series (T, C), NaN where a number is missing -> features.

    Args:
        shape: (T, C).
        width: Multiplies the 64 features of a patch.
        depth: Layers.
        sequence: Give features of every step (N, T, F) instead; a patch is one step then.
    """

    def __init__(
        self, shape: Shape, *, width: float = 1.0, depth: int = 2, sequence: bool = False
    ) -> None:
        super().__init__()
        length, channels = shape
        units = max(8, 8 * round(8 * width))
        self.patch = 1 if sequence else max(1, min(4, length // 16), -(-length // MOST_PATCHES))
        kernel = 2 * self.patch + 1
        self.stem = nn.Conv1d(2 * channels, units, kernel, self.patch, self.patch)
        layer = nn.TransformerEncoderLayer(
            units,
            nhead=max(1, units // 16),
            dim_feedforward=2 * units,
            dropout=DROPOUT,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.layers = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(units)
        self.sequence = sequence
        self.features = units if sequence else 3 * units

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F), or (N, T, F) of each step, of a normalised batch (N, T, C)."""
        values, inside = steps(x)
        y_NPF = self.stem(values.transpose(1, 2)).transpose(1, 2)
        inside = inside[:, :: self.patch]
        y_NPF = y_NPF + _places(inside, y_NPF.shape[2]).to(y_NPF.dtype)
        # A row of nothing but padding must have something to attend to.
        hidden = ~inside & inside.any(1, keepdim=True)
        y_NPF = self.norm(self.layers(y_NPF, src_key_padding_mask=hidden))
        if self.sequence:
            return y_NPF * inside[:, :, None]
        return pooled(y_NPF.transpose(1, 2), inside)


def _places(inside: Tensor, features: int) -> Tensor:
    """Sinusoids of each patch's place from the start and from the end: (N, P, features)."""
    quarter = features // 4
    at = torch.arange(inside.shape[1], device=inside.device, dtype=torch.float32)
    left = inside.sum(1, keepdim=True) - 1 - at
    rate = torch.exp(
        torch.arange(quarter, device=inside.device) * (-math.log(1000.0) / max(1, quarter))
    )
    ahead, back = at[None, :, None] * rate, left[:, :, None] * rate
    parts = [ahead.sin().expand(len(inside), -1, -1), ahead.cos().expand(len(inside), -1, -1)]
    return torch.cat([*parts, back.sin(), back.cos()], 2)
