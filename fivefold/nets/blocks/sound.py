"""Sound in nets: where a clip ends, its log-mel spectrogram, clips played faster or slower.

Axes: N clips, T samples, L frames, B bands, S lines of a spectrum. Behind its end a clip is 0.
"""

from __future__ import annotations

import math
from typing import final

import torch
import torch.nn.functional as F
from scipy.fft import next_fast_len
from torch import Tensor, nn

FLOOR = 1e-5  # of a clip's loudest band: 50 dB; what lies below is no part of what is told
LEAST = 1e-10  # power that counts as silence


def lengths(x: Tensor) -> Tensor:
    """(N,) samples of clips (N, T) up to the last one that is not 0, at least one."""
    at = torch.arange(1, x.shape[1] + 1, device=x.device, dtype=torch.int32)
    return ((x != 0) * at).amax(1).clamp(min=1)


def levelled(x: Tensor, ends: Tensor) -> Tensor:
    """Clips (N, T) at a root mean square of one up to their ends (N,); silent ones stay 0."""
    power = x.square().sum(1) / ends
    return x * (power + LEAST).rsqrt()[:, None]


def played(x: Tensor, speed: float) -> Tensor:
    """Clips (N, T) at about `speed`, and as much higher in pitch, in the length they had.

    Faster ones are silent at the end, slower ones lose theirs. By Fourier transform, which keeps
    every tone below the new limit as it is and folds none back. Its length is the nearest one that
    is quickly transformed, up to two per cent off.
    """
    length = x.shape[1]
    before = quick(length)
    after = quick(max(1, round(before / speed)))
    if after == before:
        return x
    lines = torch.fft.rfft(x, n=before)[:, : after // 2 + 1]
    y = torch.fft.irfft(lines, n=after) * (after / before)
    y = F.pad(y, (0, max(0, length - after)))[:, :length]
    ends = (lengths(x) * (after / before)).ceil()  # what the transform leaves behind is no sound
    return y * (torch.arange(length, device=x.device) < ends[:, None])


def quick(length: int) -> int:
    """The next length from `length` on that is quickly transformed: no large prime divides it."""
    return int(next_fast_len(length, real=True))


def masked_mean(x: Tensor, there: Tensor) -> Tensor:
    """Mean over places of (N, C, L), counting those that are `there` (N, L), ones and zeros."""
    weight = there[:, None].to(x.dtype)
    return (x * weight).sum(2) / weight.sum(2).clamp(min=1)


def fewer(there: Tensor, places: int) -> Tensor:
    """What is `there` (N, L), seen at `places` steps: a step is there where its first frame is."""
    at = torch.arange(places, device=there.device) * there.shape[1] // places
    return there[:, at]


@final
class LogMel(nn.Module):
    """Clips (N, T) -> how loud each band of pitch is over time, in logarithms: (N, B, L).

    Windows of 32 ms every 10 ms; clips longer than `most` frames of that get longer steps. Each
    clip is measured against itself: its mean over time is taken out of each band (cepstral mean
    normalisation, Atal 1974), since that is the microphone, the room and the voice rather than
    what is said, and what is left has a deviation of one.

    Args:
        samples: T.
        rate: Samples a second.
        most: L at most.
    """

    window: Tensor
    filters: Tensor

    def __init__(self, samples: int, rate: int, *, most: int = 400) -> None:
        super().__init__()
        self.hop = max(1, round(rate / 100), math.ceil(samples / most))
        span = max(2 * self.hop, round(0.032 * rate))
        self.lines = 2 ** math.ceil(math.log2(span))
        self.bands = 64 if rate > 8_000 else 40
        self.frames = samples // self.hop + 1
        self.register_buffer("window", torch.hann_window(span), persistent=False)
        self.register_buffer("filters", mel_filters(rate, self.lines, self.bands), persistent=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The spectrogram (N, B, L), and which frames are there (N, L)."""
        with torch.autocast(x.device.type, enabled=False):  # powers span more than bf16 resolves
            x = x.float()
            ends = lengths(x)
            spectrum = torch.stft(
                x,
                self.lines,
                self.hop,
                len(self.window),
                self.window,
                pad_mode="constant",
                return_complex=True,
            )
            power = self.filters @ (spectrum.real.square() + spectrum.imag.square())
            loudest = power.amax((1, 2), keepdim=True).clamp(min=LEAST)
            level = (power / loudest).clamp(min=FLOOR).log()
            at = torch.arange(self.frames, device=x.device) * self.hop
            there = at < ends[:, None]
            mean = masked_mean(level, there)[:, :, None]
            level = (level - mean) * there[:, None]
            spread = masked_mean(level.square(), there).mean(1)[:, None, None]
            return level * (spread + 1e-3).rsqrt(), there


def mel_filters(rate: int, lines: int, bands: int) -> Tensor:
    """Triangles (B, S) evenly spaced in mel up to half the rate, each of height one."""
    top = 2595 * math.log10(1 + rate / 2 / 700)
    mels = torch.linspace(2595 * math.log10(1 + 50 / 700), top, bands + 2)
    edges = 700 * (10 ** (mels / 2595) - 1)
    at = torch.linspace(0, rate / 2, lines // 2 + 1)
    rise = (at - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - at) / (edges[2:] - edges[1:-1])[:, None]
    return torch.minimum(rise, fall).clamp(min=0)
