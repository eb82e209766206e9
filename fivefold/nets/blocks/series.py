"""What encoders of series share: gaps filled, padding known and kept out of every sum.

Axes: N rows, T steps, C channels, F features.
"""

from __future__ import annotations

from typing import NamedTuple, final

import torch
from torch import Tensor, nn


class Steps(NamedTuple):
    """A batch of series ready for a net.

    Attributes:
        values: (N, T, 2 C) numbers, 0 where one is missing, then 1 where one is there.
        inside: (N, T) False for the padding at the end.
    """

    values: Tensor
    inside: Tensor


def steps(x: Tensor) -> Steps:
    """Fill the gaps of normalised series (N, T, C) by 0, their mean, and say where they were."""
    there = x.isfinite()
    # From the last step with a number back to the first: what follows it is padding.
    some = there.any(2).flip(1).cummax(1).values.flip(1)
    values = torch.where(there, x, 0.0)
    return Steps(torch.cat([values, there.to(values.dtype)], 2), some)


def pooled(x: Tensor, inside: Tensor) -> Tensor:
    """Mean and maximum of (N, C, T) over the steps inside, and the last of them: (N, 3 C)."""
    weight = inside[:, None].to(x.dtype)
    count = weight.sum(2).clamp(min=1)  # a row of nothing but padding must not give NaN
    mean = (x * weight).sum(2) / count
    lowest = torch.finfo(x.dtype).min
    most = x.masked_fill(~inside[:, None], lowest).amax(2).clamp(min=lowest / 2)
    most = torch.where(inside.any(1)[:, None], most, 0.0)
    return torch.cat([mean, most, last(x, inside)], 1)


def last(x: Tensor, inside: Tensor) -> Tensor:
    """The last step inside of (N, C, T): (N, C)."""
    at = (inside.sum(1) - 1).clamp(min=0)
    return x.gather(2, at[:, None, None].expand(-1, x.shape[1], 1))[:, :, 0]


@final
class MaskedNorm(nn.Module):
    """Batch norm (Ioffe 2015) over the steps inside of (N, C, T); padding comes out as zero.

    Counting the padding would shift mean and deviation by how long the others of a batch are.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, momentum: float = 0.1, eps: float = 1e-5) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))
        self.momentum, self.eps = momentum, eps

    def forward(self, x: Tensor, inside: Tensor) -> Tensor:
        """(N, C, T), in the precision it came in."""
        full = x.float()  # sums of many steps in bf16 would lose them
        mask = inside[:, None].float()
        if self.training:
            count = mask.sum().clamp(min=1)
            mean = (full * mask).sum((0, 2)) / count
            variance = ((full - mean[:, None]).square() * mask).sum((0, 2)) / count
            with torch.no_grad():
                self.running_mean.lerp_(mean, self.momentum)
                self.running_var.lerp_(variance, self.momentum)
        else:
            mean, variance = self.running_mean, self.running_var
        scale = self.weight * (variance + self.eps).rsqrt()
        return (((full - mean[:, None]) * scale[:, None] + self.bias[:, None]) * mask).to(x.dtype)
