"""Recurrent layers in both directions that leave padding out. Axes: N rows, T steps, F features."""

from __future__ import annotations

from typing import Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@final
class Recurrent(nn.Module):
    """Layers of LSTM (Hochreiter 1997) or GRU (Cho 2014, arXiv 1406.1078), read both ways.

    The backward reading begins at the last step inside, not in the padding: rows are turned round
    by index, as packed sequences are slow and cannot be exported.

    Args:
        cell: `lstm` or `gru`.
        inputs: Width of a step.
        units: Units of one direction.
        layers: Layers, one on the other.
        dropout: Between layers.
    """

    def __init__(
        self,
        cell: Literal["lstm", "gru"],
        inputs: int,
        units: int,
        *,
        layers: int = 1,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.features = 2 * units
        self.dropout = dropout
        widths = [inputs] + [2 * units] * (layers - 1)
        build = nn.LSTM if cell == "lstm" else nn.GRU
        self.ahead = nn.ModuleList(build(width, units, batch_first=True) for width in widths)
        self.back = nn.ModuleList(build(width, units, batch_first=True) for width in widths)

    def forward(self, x: Tensor, inside: Tensor) -> Tensor:
        """Steps (N, T, inputs) -> features of each step (N, T, F), 0 in the padding."""
        count = inside.sum(1, keepdim=True)
        at = torch.arange(x.shape[1], device=x.device)
        # Inside turned round, the padding where it is.
        turned = torch.where(at < count, count - 1 - at, at)
        # Processors without bfloat16 have no recurrent kernel for it, and none to fall back on.
        lower = x.is_cuda and torch.is_autocast_enabled("cuda")
        with torch.autocast(x.device.type, enabled=lower):
            x = x if lower else x.float()
            for number, (ahead, back) in enumerate(zip(self.ahead, self.back, strict=True)):
                x = F.dropout(x, self.dropout, self.training) if number else x
                forth, _ = ahead(x)
                other, _ = back(_ordered(x, turned))
                x = torch.cat([forth, _ordered(other, turned)], 2) * inside[:, :, None]
        return x

    def ends(self, x: Tensor, inside: Tensor) -> Tensor:
        """What both readings know at their ends, of `forward`'s features: (N, F)."""
        half = self.features // 2
        at = (inside.sum(1) - 1).clamp(min=0)
        forth = x[torch.arange(len(x), device=x.device), at, :half]
        return torch.cat([forth, x[:, 0, half:]], 1)


def _ordered(x: Tensor, order: Tensor) -> Tensor:
    """Steps of (N, T, C) in the order (N, T)."""
    return x.gather(1, order[:, :, None].expand(-1, -1, x.shape[2]))
