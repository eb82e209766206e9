"""Stages of 3x3 convolutions, after Jordan 2024 (arXiv 2404.00498): what pictures are read by.

Filters begin as the identity, batch norms have no scale, so that Muon may keep filters at one norm.
"""

from __future__ import annotations

from typing import final

from torch import Tensor, nn
from torch.nn import functional as F


@final
class Stage(nn.Module):
    """`depth` 3x3 convolutions, each with batch norm and SiLU; the first one may halve the map.

    Args:
        before: Channels that come in.
        after: Channels of the stage.
        depth: Convolutions; above two, the last one is residual.
        halve: `stride` (cheap), `pool` (maximum of 2 x 2), or `no`.
    """

    def __init__(self, before: int, after: int, *, depth: int, halve: str) -> None:
        super().__init__()
        first = _convolution(before, after, stride=2 if halve == "stride" else 1)
        rest = [_convolution(after, after) for _ in range(depth - 1)]
        self.convolutions = nn.ModuleList([first, *rest])
        self.norms = nn.ModuleList(_norm(after) for _ in range(depth))
        self.pool = nn.MaxPool2d(2) if halve == "pool" else nn.Identity()
        self.residual = depth > 2

    def forward(self, x: Tensor) -> Tensor:
        """(N, before, H, W) -> (N, after, h, w), half as high and wide where it halves."""
        before = x
        for i, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            before, x = x, convolution(x)
            x = F.silu(norm(self.pool(x) if i == 0 else x))
        return x + before if self.residual else x


def _convolution(before: int, after: int, *, stride: int = 1) -> nn.Conv2d:
    convolution = nn.Conv2d(before, after, 3, stride, padding=2 - stride, bias=False)
    nn.init.dirac_(convolution.weight[: min(before, after)])
    return convolution


def _norm(width: int) -> nn.BatchNorm2d:
    norm = nn.BatchNorm2d(width, eps=1e-5, momentum=0.4)
    norm.weight.requires_grad_(False)  # noqa: FBT003 - torch's own signature
    return norm
