"""A convolutional net over the samples themselves: the filterbank in front is learned, too.

Paper: Dai 2016 (arXiv 1610.00087), M5 and M11: a wide first convolution, then short ones, each
stage a quarter as long as the one before; the mean over time sums the clip up.
Changed: the first filters begin as short tones evenly spaced in mel (Zeghidour 2018, arXiv
1711.01161), from which a small set of clips finds good ones sooner than from noise; its windows
last as long at any rate; clips come at one level; SiLU.

Axes: N clips, T samples, L places, C channels, F features.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fivefold.nets.base import Encoder, Shape
from fivefold.nets.blocks.initialise import he
from fivefold.nets.blocks.sizes import scaled
from fivefold.nets.blocks.sound import fewer, lengths, levelled, masked_mean

WIDTHS = (64, 64, 128, 256)
WINDOW, STEP = 0.016, 0.0005  # seconds, of the first convolution
POOL = 4
LEAST_PLACES = POOL**3


@final
class WaveformConv(Encoder):
    """Clips (T,) -> features.

    Args:
        shape: (T,).
        width: Multiplies the widths (64, 64, 128, 256).
        depth: Convolutions per stage behind the first; 1 is M5, 2 is M11 without its third ones.
        rate: Samples a second.
    """

    def __init__(
        self,
        shape: Shape,  # noqa: ARG002 - any length is read
        *,
        width: float = 1.0,
        depth: int = 1,
        rate: int,
    ) -> None:
        super().__init__()
        self.window, self.step = max(3, round(WINDOW * rate)), max(1, round(STEP * rate))
        widths = [scaled(w, width) for w in WIDTHS]
        self.bank = nn.Conv1d(1, widths[0], self.window, self.step, self.window // 2, bias=False)
        self.norm = nn.BatchNorm1d(widths[0])
        stages: list[nn.Module] = []
        for before, after in pairwise(widths):
            stages.append(nn.MaxPool1d(POOL))
            for number in range(depth):
                stages += _convolution(after if number else before, after)
        self.stages = nn.Sequential(*stages)
        self.apply(he)
        with torch.no_grad():
            self.bank.weight.copy_(tones(widths[0], self.window, rate)[:, None])
        self.features = widths[-1]

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F) of clips (N, T)."""
        ends = lengths(x)
        there = torch.arange(x.shape[1], device=x.device) < ends[:, None]
        bands = F.silu(self.norm(self.bank(levelled(x, ends)[:, None])))
        bands = F.pad(bands, (0, max(0, LEAST_PLACES - bands.shape[2])))
        over_time = self.stages(bands)
        return masked_mean(over_time, fewer(there, over_time.shape[2]))


def tones(count: int, window: int, rate: int) -> Tensor:
    """Filters (count, window): tones under a bell, evenly spaced in mel, of norm about one."""
    top = 2595 * math.log10(1 + 0.95 * rate / 2 / 700)
    mels = torch.linspace(2595 * math.log10(1 + 60 / 700), top, count)
    pitch = 700 * (10 ** (mels / 2595) - 1)
    at = (torch.arange(window) - (window - 1) / 2) / rate
    turn = torch.arange(count)[:, None] % 2 * (math.pi / 2)  # sines and cosines in turn
    bell = torch.hann_window(window, periodic=False)
    waves = torch.cos(2 * math.pi * pitch[:, None] * at + turn) * bell
    return waves / waves.norm(dim=1, keepdim=True).clamp(min=1e-6)


def _convolution(before: int, after: int) -> list[nn.Module]:
    convolution = nn.Conv1d(before, after, 3, padding=1, bias=False)
    return [convolution, nn.BatchNorm1d(after), nn.SiLU(inplace=True)]
