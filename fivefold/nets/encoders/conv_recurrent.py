"""Convolutions over the log-mel spectrogram, then a recurrent net over what they found in time.

After Choi 2016 (arXiv 1609.04243, convolutional recurrent nets for sound). Changed: the stages of
Jordan 2024 (arXiv 2404.00498) with trained scales, a recurrent layer that reads both ways, and its
mean and maximum over time instead of its last answer.

Axes: N clips, T samples, L frames, B bands, C channels, F features.
"""

from __future__ import annotations

from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fivefold.nets.base import Encoder, Shape
from fivefold.nets.blocks.sizes import scaled
from fivefold.nets.blocks.sound import LogMel, fewer, masked_mean
from fivefold.nets.blocks.stages import Stage

WIDTHS, HIDDEN = (32, 64), 96
LEAST_FRAMES = 8


@final
class ConvRecurrent(Encoder):
    """Clips (T,) -> features.

    Args:
        shape: (T,).
        width: Multiplies the widths (32, 64) and the 96 units each way.
        depth: Convolutions per stage.
        rate: Samples a second.
    """

    def __init__(self, shape: Shape, *, width: float = 1.0, depth: int = 2, rate: int) -> None:
        super().__init__()
        self.front = LogMel(shape[0], rate)
        first, second = (scaled(w, width) for w in WIDTHS)
        hidden = scaled(HIDDEN, width)
        self.stages = nn.Sequential(
            Stage(1, first, depth=depth, halve="stride"),
            Stage(first, second, depth=depth, halve="pool"),
        )
        high = ((self.front.bands - 3) // 2 + 1) // 2
        self.join = nn.Linear(second * high, 2 * hidden)
        self.drop = nn.Dropout(0.2)
        self.recurrent = nn.GRU(2 * hidden, hidden, batch_first=True, bidirectional=True)
        self.features = 4 * hidden

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F) of clips (N, T)."""
        level, there = self.front(x)
        short = max(0, LEAST_FRAMES - level.shape[2])
        level, there = F.pad(level, (0, short)), F.pad(there, (0, short))
        maps = self.stages(level[:, None].contiguous(memory_format=torch.channels_last))
        steps = F.silu(self.join(maps.flatten(1, 2).transpose(1, 2)))
        over_time = self.recurrent(self.drop(steps))[0].transpose(1, 2)
        there = fewer(there, over_time.shape[2])
        loudest = over_time.masked_fill(~there[:, None], -1.0).amax(2)
        return torch.cat([masked_mean(over_time, there), loudest], 1)
