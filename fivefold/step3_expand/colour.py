"""Brightness, contrast and saturation as one 3x3 matrix and one offset per picture.

Axes: N pictures, h w their size, C channels.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

_GREY = (0.299, 0.587, 0.114)  # how bright red, green and blue look (ITU-R BT.601)
_BLOCK = 8  # pixels that share one matrix product; see `_linear`


def recolour(x: Tensor, brightness_N: Tensor, contrast_N: Tensor, saturation_N: Tensor) -> Tensor:
    """Scale brightness, contrast (about the mean) and saturation of pictures; 1 changes nothing.

    Args:
        x: (N, C, h, w) floats in 0..255, channels last; C of 3 is colour, else grey.
        brightness_N: Factor of each picture.
        contrast_N: Factor of each picture.
        saturation_N: Factor of each picture; grey pictures have none.

    Returns:
        (N, C, h, w) in 0..255.
    """
    channels = x.shape[1]
    colour = channels == len(_GREY)
    grey = x.new_tensor(_GREY) if colour else x.new_full((channels,), 1 / channels)
    # The mean of every few pixels is near enough to the mean of all, and nearly free.
    step = max(1, min(x.shape[2:]) // 16)
    mean_N = x[:, :, ::step, ::step].mean((2, 3)) @ grey
    gain = (brightness_N * contrast_N)[:, None, None]
    keep = saturation_N[:, None, None] if colour else torch.ones_like(gain)
    eye = torch.eye(channels, device=x.device)
    matrix = gain * (keep * eye + (1 - keep) * grey[:, None])
    offset = (brightness_N * (1 - contrast_N) * mean_N)[:, None].expand(-1, channels)
    return _linear(x, matrix, offset).clamp_(0, 255)


def _linear(x: Tensor, matrix_NCC: Tensor, offset_NC: Tensor) -> Tensor:
    """Each pixel (C) of picture n times matrix n plus offset n.

    A product with only C = 3 columns starves the processor, so `_BLOCK` neighbouring pixels go
    through one block-diagonal matrix: more arithmetic, a third of the time.
    """
    n, channels, h, w = x.shape
    block = math.gcd(h * w, _BLOCK)
    eye = torch.eye(block, device=x.device)
    wide = eye[None, :, None, :, None] * matrix_NCC[:, None, :, None, :]
    pixels = x.permute(0, 2, 3, 1).reshape(n, -1, block * channels)
    offset = offset_NC.repeat(1, block)[:, None]
    out = torch.baddbmm(offset, pixels, wide.reshape(n, block * channels, block * channels))
    return out.view(n, h, w, channels).permute(0, 3, 1, 2)
