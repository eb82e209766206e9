"""Self-attention over places, padding left out.

Axes: N rows, L places, F features, H heads.

Papers: Vaswani 2017 (arXiv 1706.03762); norms before the layers, Xiong 2020 (arXiv 2002.04745).
"""

from __future__ import annotations

import math
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_HEADS = 4
_DROPPED = 0.1
_LONGEST_WAVE = 10_000.0


@final
class Layer(nn.Module):
    """Attention, then two layers on each place; each adds to what it reads.

    Args:
        features: F, a multiple of four.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.before, self.between = nn.LayerNorm(features), nn.LayerNorm(features)
        self.ask = nn.Linear(features, 3 * features)
        self.answer = nn.Linear(features, features)
        self.think = nn.Sequential(
            nn.Linear(features, 4 * features), nn.GELU(), nn.Linear(4 * features, features)
        )
        self.dropped = nn.Dropout(_DROPPED)

    def forward(self, x: Tensor, there: Tensor) -> Tensor:
        """Features (N, L, F) of places, of which those that are `there` (N, L) are looked at."""
        n, length, size = x.shape
        asked = self.ask(self.before(x)).view(n, length, 3, _HEADS, size // _HEADS)
        query, key, value = asked.permute(2, 0, 3, 1, 4)
        seen = there[:, None, None, :].expand(n, 1, length, length)
        found = F.scaled_dot_product_attention(query, key, value, attn_mask=seen)
        found = found.transpose(1, 2).reshape(n, length, size)
        x = x + self.dropped(self.answer(found))
        return x + self.dropped(self.think(self.between(x)))


def places(x: Tensor) -> Tensor:
    """Waves (L, F) that tell the places of features (N, L, F) apart, whatever their number."""
    length, size = x.shape[1:]
    half = (size + 1) // 2
    rate = torch.exp(torch.arange(half, device=x.device) * (-math.log(_LONGEST_WAVE) / half))
    angle = torch.arange(length, device=x.device)[:, None] * rate
    return torch.cat([angle.sin(), angle.cos()], 1)[:, :size].to(x.dtype)
