"""A few random changes per picture, after RandAugment (arXiv 1909.13719), on groups of pictures.

Axes: N pictures of one group, C channels, h w their size. Values in 0..255.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from fivefold.step3_expand.colour import recolour
from fivefold.step3_expand.geometry import rotation, warp

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from fivefold.step3_expand.draws import Draws

_GROUPS = 8  # groups of a batch; the pictures of one share their operations, not their strengths


def _matrix(rows: tuple[tuple[float, float], tuple[float, float]], like: Tensor) -> Tensor:
    return torch.tensor(rows, device=like.device).expand(len(like), 2, 2)


def _rotate(x: Tensor, strength_N: Tensor) -> Tensor:
    angle = strength_N * math.radians(30)
    return warp(x, rotation(angle, torch.ones_like(angle)), x.new_zeros(len(x), 2))


def _shear(x: Tensor, strength_N: Tensor, axis: int) -> Tensor:
    matrix = _matrix(((1.0, 0.0), (0.0, 1.0)), strength_N).clone()
    matrix[:, axis, 1 - axis] = 0.3 * strength_N
    return warp(x, matrix, x.new_zeros(len(x), 2))


def _translate(x: Tensor, strength_N: Tensor, axis: int) -> Tensor:
    offset = x.new_zeros(len(x), 2)
    offset[:, axis] = strength_N * 0.3 * x.shape[3 - axis]
    return warp(x, _matrix(((1.0, 0.0), (0.0, 1.0)), strength_N), offset)


def _recolour(x: Tensor, strength_N: Tensor, which: int) -> Tensor:
    factors = [torch.ones_like(strength_N) for _ in range(3)]
    factors[which] = 1 + 0.9 * strength_N
    return recolour(x, *factors)


def _posterise(x: Tensor, strength_N: Tensor) -> Tensor:
    step = (2.0 ** (4 * strength_N.abs()).round())[:, None, None, None]
    return (x / step).floor() * step


def _solarise(x: Tensor, strength_N: Tensor) -> Tensor:
    above = (255 * (1 - strength_N.abs()))[:, None, None, None]
    return torch.where(x > above, 255 - x, x)


def _sharpen(x: Tensor, strength_N: Tensor) -> Tensor:
    padded = F.pad(x, (1, 1, 1, 1), mode="replicate")
    smooth = F.avg_pool2d(padded, 3, 1)
    return torch.lerp(smooth, x, (1 + strength_N)[:, None, None, None])


def _stretch(x: Tensor, strength_N: Tensor) -> Tensor:
    low = x.amin((2, 3), keepdim=True)
    wide = (x.amax((2, 3), keepdim=True) - low).clamp(min=1)  # a flat picture stays as it is dark
    return torch.lerp(x, (x - low) * (255 / wide), strength_N.abs()[:, None, None, None])


_OPERATIONS: tuple[Callable[[Tensor, Tensor], Tensor], ...] = (
    _rotate,
    lambda x, s: _shear(x, s, 0),
    lambda x, s: _shear(x, s, 1),
    lambda x, s: _translate(x, s, 0),
    lambda x, s: _translate(x, s, 1),
    lambda x, s: _recolour(x, s, 0),
    lambda x, s: _recolour(x, s, 1),
    lambda x, s: _recolour(x, s, 2),
    _posterise,
    _solarise,
    _sharpen,
    _stretch,
)


def random_operations(x: Tensor, count: int, magnitude: float, draws: Draws) -> Tensor:
    """Apply `count` random operations to each of a few groups of pictures.

    Args:
        x: (N, C, h, w), channels last.
        count: Operations per picture.
        magnitude: 0 changes nothing, 1 is the strongest; each picture draws its own strength
            up to it, in either direction.
        draws: Where randomness comes from.

    Returns:
        (N, C, h, w) in 0..255, channels last.
    """
    groups = min(len(x), _GROUPS)
    which = draws.below(len(_OPERATIONS), groups * count).view(groups, count).tolist()
    strength = draws.spread(len(x), count) * magnitude
    done = []
    parts = zip(x.tensor_split(groups), strength.tensor_split(groups), which, strict=True)
    for pictures, strengths, operations in parts:
        changed = pictures
        for number, operation in enumerate(operations):
            changed = _OPERATIONS[operation](changed, strengths[:, number]).clamp(0, 255)
        done.append(changed)
    return torch.cat(done).contiguous(memory_format=torch.channels_last)
