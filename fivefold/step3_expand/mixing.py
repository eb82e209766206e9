"""Cutout, mixup and cutmix.

Axes: N pictures, h w their size, C channels, K classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from scipy.special import betaincinv
from torch import Tensor

from fivefold.step3_expand.draws import Draws  # noqa: TC001 - one import style per file

_STEPS = 512


def beta_table(alpha: float) -> Tensor:
    """Even quantiles of the smaller share of Beta(alpha, alpha): a uniform index into it draws one.

    The smaller share goes to the partner, so that a picture stays mostly itself; over a shuffled
    batch that is the same mixture. A table, because torch's own Beta takes no generator.
    """
    at = (np.arange(_STEPS) + 0.5) / (2 * _STEPS)
    return torch.from_numpy(betaincinv(alpha, alpha, at).astype(np.float32))


def mixed_targets(targets: Tensor, partner: Tensor, share: Tensor, classes: int) -> Tensor:
    """Each row's target with `share` (N,) of its `partner`'s (N,) mixed in.

    Class numbers (N,) come back as probabilities (N, K); floats (N, M) as floats.
    """
    sure = targets if targets.is_floating_point() else F.one_hot(targets, classes).float()
    return torch.lerp(sure, sure[partner], share[:, None].to(sure.dtype))


def cutout(x: Tensor, share: float, draws: Draws) -> Tensor:
    """Paint a square of `share` of the shorter side over each picture, in place.

    The paint is the mean colour of the batch, so that a normalised net sees about zero.
    x is (N, C, h, w), channels last; the square lies inside the picture.
    """
    n, channels, h, w = x.shape
    side = max(1, round(share * min(h, w)))
    place = draws.uniform(n, 2)
    top = (place[:, 0] * (h - side + 1)).long()
    left = (place[:, 1] * (w - side + 1)).long()
    along = torch.arange(side, device=x.device)
    rows = torch.arange(n, device=x.device)[:, None] * h + top[:, None] + along
    index = (rows * w)[:, :, None] + (left[:, None] + along)[:, None, :]
    paint = x[:, :, :: max(1, h // 8), :: max(1, w // 8)].mean((0, 2, 3))
    pixels = x.permute(0, 2, 3, 1).view(-1, channels)
    pixels[index.view(-1)] = paint
    return x


@dataclass(frozen=True, kw_only=True, slots=True)
class Mixture:
    """How much of which partner goes where; the weight of a pixel is rows x columns.

    Attributes:
        partner: (N,) which picture is mixed in.
        rows: (N, h) weights of the partner down the picture.
        columns: (N, w) weights of the partner across it.
    """

    partner: Tensor
    rows: Tensor
    columns: Tensor

    def share(self) -> Tensor:
        """(N,) share of each picture that is its partner's."""
        return self.rows.mean(1) * self.columns.mean(1)

    def pictures(self, x: Tensor) -> Tensor:
        """Mix pictures (N, C, h, w), channels last, in place."""
        n, channels, h, w = x.shape
        # Whole lines of w * C numbers: a broadcast over C alone would not be vectorised.
        lines = x.permute(0, 2, 3, 1).view(n, h, w * channels)
        weight = self.rows[:, :, None] * self.columns.repeat_interleave(channels, 1)[:, None, :]
        lines.lerp_(lines.index_select(0, self.partner), weight)
        return x

    def targets(self, targets: Tensor, classes: int) -> Tensor:
        """Targets mixed as the pictures are; see `mixed_targets`."""
        return mixed_targets(targets, self.partner, self.share(), classes)


def mixup(n: int, size: tuple[int, int], table: Tensor, draws: Draws) -> Mixture:
    """Blend whole pictures by a share drawn per picture (arXiv 1710.09412)."""
    share = _drawn(table, n, draws)
    ones = torch.ones(n, size[1], device=share.device)
    return Mixture(partner=draws.order(n), rows=share[:, None].repeat(1, size[0]), columns=ones)


def cutmix(n: int, size: tuple[int, int], table: Tensor, draws: Draws) -> Mixture:
    """Paste a box of the partner, of a drawn share of the area (arXiv 1905.04899).

    The box lies inside the picture, so its share is its area, without correction at the border.
    """
    scale = _drawn(table, n, draws).sqrt()
    rows, columns = (_band(scale, length, draws.uniform(n)) for length in size)
    return Mixture(partner=draws.order(n), rows=rows, columns=columns)


def either(first: Mixture, second: Mixture, draws: Draws) -> Mixture:
    """Each picture by one of two mixtures, at even odds; both use the first one's partner."""
    pick = draws.uniform(len(first.partner))[:, None] < 0.5
    return Mixture(
        partner=first.partner,
        rows=torch.where(pick, first.rows, second.rows),
        columns=torch.where(pick, first.columns, second.columns),
    )


def _drawn(table: Tensor, n: int, draws: Draws) -> Tensor:
    at = draws.below(len(table), n)
    return table.to(at.device)[at]


def _band(scale_N: Tensor, length: int, place_N: Tensor) -> Tensor:
    """(N, length) ones in a band of `scale` x length at a random place, zeros elsewhere."""
    wide = (scale_N * length).round()
    start = (place_N * (length - wide + 1)).floor()
    at = torch.arange(length, device=scale_N.device)
    inside = (at >= start[:, None]) & (at < (start + wide)[:, None])
    return inside.float()
