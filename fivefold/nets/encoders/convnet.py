"""A small modern convolutional net that scales in width, depth and resolution.

After Jordan 2024 (arXiv 2404.00498): a frozen whitening first layer set from the data, filters
that begin as the identity, batch norm without scale, SiLU, max-pooling. Changed: SiLU for GELU
(as good, cheaper in bf16), a stride for the first pooling (as good, a seventh
cheaper), the stem's stride grows with the picture so that the stages see a grid
of about 32 x 32, small pictures are pooled less, a third convolution per stage is residual.

Axes: N rows, C channels, H W picture, F features.
"""

from __future__ import annotations

import math
from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fivefold.nets.base import Encoder, Shape
from fivefold.nets.blocks.initialise import whitening_filters
from fivefold.nets.blocks.stages import Stage

WIDTHS = (32, 128, 128)
STEM_FILTERS = 24
FEATURE_SCALE = 1 / 9  # small answers at first; the rates of the optimiser count on it
WHITENING_ROWS = 2000


@final
class Convnet(Encoder):
    """Pictures (C, H, W) of 8 to about 256 pixels -> features.

    Args:
        shape: (C, H, W).
        width: Multiplies the widths (32, 128, 128); they are rounded to multiples of 16.
        depth: Convolutions per stage; above two, the last one is residual.
    """

    steady = True

    def __init__(self, shape: Shape, *, width: float = 1.0, depth: int = 2) -> None:
        super().__init__()
        channels, height, breadth = shape
        short = min(height, breadth)
        self.stride = 1 if short <= 48 else 2 if short <= 96 else 4
        self.kernel = 2 if self.stride == 1 else 4
        patch = channels * self.kernel**2
        filters = 2 * min(patch, STEM_FILTERS if self.stride > 1 else STEM_FILTERS // 2)
        self.whiten = nn.Conv2d(channels, filters, self.kernel, self.stride)
        self.whiten.requires_grad_(False)  # noqa: FBT003 - torch's own signature
        grid = (short - self.kernel) // self.stride + 1
        pools = max(0, min(len(WIDTHS), int(math.log2(max(1.0, grid / 3)))))
        widths = [max(16, round(w * width / 16) * 16) for w in WIDTHS]
        stages: list[Stage] = []
        before = filters
        for i, after in enumerate(widths):
            halved = i >= len(widths) - pools
            halve = "no" if not halved else "stride" if i == 0 else "pool"
            stages.append(Stage(before, after, depth=depth, halve=halve))
            before = after
        self.stages = nn.Sequential(*stages)
        self.features = before

    def initialise(self, x: Tensor) -> None:
        """Set the whitening filters from the patches of a normalised batch (N, C, H, W)."""
        filters = whitening_filters(x[:WHITENING_ROWS].float(), size=self.kernel)
        half = self.whiten.out_channels // 2
        strongest = filters[: len(filters) // 2][:half]
        with torch.no_grad():
            self.whiten.weight.copy_(torch.cat([strongest, -strongest]))
            nn.init.zeros_(self.whiten.bias) if self.whiten.bias is not None else None

    def kernels(self) -> Tensor:
        """The first learned convolution, seen through the whitening: M pictures (M, C, h, w)."""
        learned = self.get_parameter("stages.0.convolutions.0.weight")
        return F.conv_transpose2d(learned, self.whiten.weight, stride=self.stride)

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F): the maximum of the last map over the picture, scaled down."""
        x = F.silu(self.whiten(x))
        return self.stages(x).amax((2, 3)) * FEATURE_SCALE
