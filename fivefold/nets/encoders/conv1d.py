"""Convolutions over time: residual blocks of growing reach, for series.

Papers: Wang 2017 (arXiv 1611.06455), residual nets for series; Fawaz 2020 (arXiv 1909.04939),
InceptionTime: long and short kernels side by side; Bai 2018 (arXiv 1803.01271), dilation.
Origin: written for fivefold. Changed: kernels of one length at several dilations instead of several
lengths (as far a reach, a fraction of the weights), batch norm that does not count padding, and
mean, maximum and last step instead of the mean alone, as series often end where it matters.

Axes: N rows, T steps, C channels, F features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from torch import cat, nn
from torch.nn import functional as F

from fivefold.nets.base import Encoder, Shape
from fivefold.nets.blocks.initialise import he
from fivefold.nets.blocks.series import MaskedNorm, pooled, steps
from fivefold.nets.blocks.sizes import scaled

if TYPE_CHECKING:
    from torch import Tensor

KERNEL = 5
DROPOUT = 0.2


@final
class Conv1d(Encoder):
    """Series (T, C), NaN where a number is missing -> features.

    Args:
        shape: (T, C).
        width: Multiplies the 64 channels of a block.
        depth: Pairs of blocks; the dilation doubles from block to block while it fits the series.
        sequence: Give features of every step (N, T, F) instead.
    """

    def __init__(
        self, shape: Shape, *, width: float = 1.0, depth: int = 2, sequence: bool = False
    ) -> None:
        super().__init__()
        length, channels = shape
        units = scaled(64, width)
        self.stem = nn.Conv1d(2 * channels, units, KERNEL, padding=KERNEL // 2)
        dilations = [2**i for i in range(2 * depth)]
        fitting = [d for d in dilations if d == 1 or 2 * d * KERNEL <= length]
        self.blocks = nn.ModuleList(_Block(units, dilation) for dilation in fitting)
        self.sequence = sequence
        self.features = units if sequence else 3 * units
        self.dropout = nn.Dropout(DROPOUT)
        self.apply(he)

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F), or (N, T, F) of each step, of a normalised batch (N, T, C)."""
        values, inside = steps(x)
        y = self.stem(values.transpose(1, 2))
        for block in self.blocks:
            y = block(y * inside[:, None], inside)
        if self.sequence:
            return (self.dropout(y) * inside[:, None]).transpose(1, 2)
        return self.dropout(pooled(F.relu(y), inside))


@final
class _Block(nn.Module):
    """Norm, ReLU, a narrow and a wide convolution side by side, a 1x1; added to what came in."""

    def __init__(self, units: int, dilation: int) -> None:
        super().__init__()
        half = units // 2
        self.near = nn.Conv1d(units, half, KERNEL, padding=KERNEL // 2, bias=False)
        self.far = nn.Conv1d(
            units, half, KERNEL, padding=dilation * 2 * (KERNEL // 2), dilation=2 * dilation,
            bias=False,
        )  # fmt: skip
        self.join = nn.Conv1d(2 * half, units, 1)
        self.before, self.between = MaskedNorm(units), MaskedNorm(2 * half)

    def forward(self, x: Tensor, inside: Tensor) -> Tensor:
        """(N, C, T) -> (N, C, T)."""
        y = F.relu(self.before(x, inside))
        y = F.relu(self.between(cat([self.near(y), self.far(y)], 1), inside))
        return x + self.join(y)
