"""A convolutional net over the log-mel spectrogram, which is computed inside the net.

Stages as of Jordan 2024 (arXiv 2404.00498) read the spectrogram as a picture; a convolution as high
as what is left of it then joins the bands, since a band's place, unlike a moment's, has a meaning;
and the clip is summed up by the mean and the maximum over time.

Axes: N clips, T samples, L frames, B bands, C channels, F features.
"""

from __future__ import annotations

from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fivefold.nets.base import Encoder, Shape
from fivefold.nets.blocks.sound import LogMel, fewer, masked_mean
from fivefold.nets.blocks.stages import Stage

WIDTHS = (32, 64, 128)
FEATURE_SCALE = 1 / 9  # small answers at first; the rates of the optimiser count on it
LEAST_FRAMES = 16  # three halvings have to leave something


@final
class SpectrogramConv(Encoder):
    """Clips (T,) -> features.

    Args:
        shape: (T,).
        width: Multiplies the widths (32, 64, 128); they are rounded to multiples of 16.
        depth: Convolutions per stage; above two, the last one is residual.
        rate: Samples a second.
    """

    def __init__(self, shape: Shape, *, width: float = 1.0, depth: int = 2, rate: int) -> None:
        super().__init__()
        self.front = LogMel(shape[0], rate)
        widths = [max(16, round(w * width / 16) * 16) for w in WIDTHS]
        pairs = zip([1, *widths], widths, ("stride", "pool", "pool"), strict=False)
        self.stages = nn.Sequential(
            *(Stage(before, after, depth=depth, halve=halve) for before, after, halve in pairs)
        )
        high = ((self.front.bands - 3) // 2 + 1) // 2 // 2
        last = widths[-1]
        self.join = nn.Conv2d(last, last, (high, 1), bias=False)
        self.norm = nn.BatchNorm1d(last, momentum=0.4)
        self.norm.weight.requires_grad_(False)  # noqa: FBT003 - torch's own signature
        self.features = 2 * last

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F) of clips (N, T)."""
        level, there = self.front(x)
        short = max(0, LEAST_FRAMES - level.shape[2])
        level, there = F.pad(level, (0, short)), F.pad(there, (0, short))
        maps = self.join(self.stages(level[:, None].contiguous(memory_format=torch.channels_last)))
        over_time = F.silu(self.norm(maps.squeeze(2)))
        there = fewer(there, over_time.shape[2])
        loudest = over_time.masked_fill(~there[:, None], -1.0).amax(2)
        return torch.cat([masked_mean(over_time, there), loudest], 1) * FEATURE_SCALE
