"""A modern net for columns of numbers and for rows of a table: residual layers with batch norm.

Papers: Gorishniy 2021 (arXiv 2106.11959), residual nets hold up against all others on tables;
Gorishniy 2022 (arXiv 2203.05556), numbers as periods let a net see steps and bumps.
Origin: written for fivefold. Changed: one random-frequency layer beside the numbers themselves
instead of periods learned per column; SiLU; a missing number (NaN) counts as the mean and is
told by a column of its own; cells of a table become small vectors first.

Axes: N rows, D numbers or slots, F features.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, final

import torch
from torch import nn
from torch.nn import functional as F

from fivefold.nets.base import Encoder, Shape
from fivefold.nets.blocks.initialise import he
from fivefold.nets.blocks.sizes import scaled
from fivefold.nets.blocks.tables import Slots

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

FEW_NUMBERS = 256  # up to as many are also seen through waves
WAVES = 128
BINS, VECTOR = 32, 8  # of a number in a table, and the vector that a cell becomes
CLIP = 8.0  # deviations; a single outlier must not decide a batch's statistics


@final
class Mlp(Encoder):
    """Vectors (D,) or arrays of any shape, laid out flat -> features.

    Args:
        shape: Shape of one input.
        width: Multiplies the 256 units.
        depth: Residual blocks.
        columns: The slots of a table's row, see `plumbing/columns.py`; () where they are numbers.
    """

    def __init__(
        self,
        shape: Shape,
        *,
        width: float = 1.0,
        depth: int = 2,
        columns: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__()
        self.slots = Slots(columns, width=VECTOR, bins=BINS) if columns else None
        numbers = math.prod(shape) if self.slots is None else self.slots.features
        self.features = scaled(256, width)
        waves = scaled(WAVES, width) if numbers <= FEW_NUMBERS else 0
        self.waves = nn.Linear(numbers, waves) if waves else None
        self.first = nn.Linear(2 * numbers + waves, self.features)
        blocks = [_Block(self.features) for _ in range(depth)]
        self.blocks = nn.ModuleList(blocks)
        self.last = nn.BatchNorm1d(self.features)
        self.apply(he)
        for block in blocks:
            nn.init.zeros_(block.second.weight)
        if self.waves is not None:
            nn.init.normal_(self.waves.weight, std=numbers**-0.5)
            nn.init.uniform_(self.waves.bias, -math.pi, math.pi)

    def initialise(self, x: Tensor) -> None:
        """Lay the bins of a table's numbers between their quantiles."""
        if self.slots is not None:
            self.slots.initialise(x)

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F) of a normalised batch (N, *shape)."""
        flat = x.flatten(1) if self.slots is None else self.slots(x)
        there = flat.isfinite()
        numbers = torch.where(there, flat, 0.0).clamp(-CLIP, CLIP)
        seen = [numbers, there.to(numbers.dtype)]
        if self.waves is not None:
            seen.append(torch.sin(self.waves(numbers)))
        y = self.first(torch.cat(seen, 1))
        for block in self.blocks:
            y = block(y)
        return F.silu(self.last(y))


@final
class _Block(nn.Module):
    """Norm, layer, SiLU, dropout, layer; added to what came in."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(units)
        self.first = nn.Linear(units, units)
        self.second = nn.Linear(units, units)
        self.dropout = nn.Dropout(0.15)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(self.dropout(F.silu(self.first(self.norm(x)))))
