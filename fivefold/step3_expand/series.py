"""Expansion of series: a part of them, faster or slower, louder, noisy, a channel missing, blended.

Um 2017 (arXiv 1706.00527) and Iwana 2021 (arXiv 2007.15951) compare such changes.

Axes: N rows, T steps, C channels, K classes. NaN is a missing number; rows of NaN at the end are
padding, and stay so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import torch
from torch.nn import functional as F

from fivefold.contracts.roles import Expander
from fivefold.step3_expand.draws import Draws
from fivefold.step3_expand.mixing import beta_table, mixed_targets
from fivefold.step3_expand.policies import SERIES_POLICIES, check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Generator, Tensor

    from fivefold.contracts.records import Dataset, ExpansionRecord
    from fivefold.contracts.roles import Choice

_FEW_ROWS = 3000  # fewer are seen so often that a net learns them by heart
_KNOTS = 4  # of a curve that warps loudness


@final
class SeriesExpander(Expander):
    """Changes batches of series as its record says.

    Args:
        record: Which changes are used.
        classes: K, the width of mixed targets.

    Raises:
        OptionError: A setting is unknown or out of its range.
    """

    policies = SERIES_POLICIES

    def __init__(
        self,
        record: ExpansionRecord,
        *,
        classes: int,
        shape: Mapping[str, Any] | None = None,  # noqa: ARG002 - nothing of it is needed
    ) -> None:
        check(record.settings, SERIES_POLICIES)
        self.record = record
        self.classes = classes
        alpha = record.settings.get("mixup", 0.0)
        self._table = beta_table(alpha) if alpha else None

    @classmethod
    def choose(cls, dataset: Dataset, *, seed: int, given: frozenset[str]) -> dict[str, Choice]:
        """Little changes of what measuring leaves to chance; more of them for few rows."""
        del seed, given
        n = len(dataset.rows)
        chosen: dict[str, Choice] = {
            "noise": (0.05, "a twentieth of a deviation: sensors are no more exact"),
            "crop": (0.9, "where a recording begins is chance, up to a tenth of it"),
            "loudness": (0.1, "how strong a signal is varies from sensor to sensor"),
        }
        if n < _FEW_ROWS:
            why = f"{n:,} rows are few"
            chosen["speed"] = (0.1, f"{why}: a tenth faster or slower is the same event")
            chosen["mixup"] = (0.2, f"{why}: blending makes new ones")
            if dataset.rows.item_shape[1] > 2:
                chosen["drop"] = (0.1, f"{why}: no channel may be leant on alone")
        return chosen

    def __call__(
        self,
        batch: Tensor,
        targets: Tensor,
        *,
        generator: Generator,
        size: tuple[int, ...] = (),  # noqa: ARG002 - series have no size; the role has
        mirrored: Tensor | None = None,  # noqa: ARG002 - nor sides
    ) -> tuple[Tensor, Tensor]:
        """Change a batch (N, T, C); targets (N,) come back as (N, K) where rows are mixed.

        Noise is a share of each channel's deviation in this batch.
        """
        x, wanted = batch.to(torch.float32), self.record.settings.get
        draws = Draws(generator, batch.device)
        crop, speed = wanted("crop", 0.0), wanted("speed", 0.0)
        if crop or speed:
            x = _retimed(x, crop or 1.0, speed, draws)
        middle, spread = _centre(x)
        if loudness := wanted("loudness", 0.0):
            factor = 1 + loudness * draws.spread(len(x), 1, x.shape[2])
            x = middle + (x - middle) * factor
        if warp := wanted("warp", 0.0):
            x = middle + (x - middle) * (1 + warp * _curves(x, draws))
        if level := wanted("level", 0.0):
            x = x + level * spread * draws.normal(len(x), 1, x.shape[2])
        if noise := wanted("noise", 0.0):
            x = x + noise * spread * draws.normal(*x.shape)
        if drop := wanted("drop", 0.0):
            x = _without_channels(x, drop, draws)
        if self._table is None:
            return x, targets
        weight = self._table.to(x.device)[draws.below(len(self._table), len(x))]
        partner = draws.order(len(x))
        mixed = mixed_targets(targets, partner, weight, self.classes)
        other = x[partner]
        # Where only one of the two has a number, the row's own says what is there.
        blended = torch.lerp(x, torch.where(other.isnan(), x, other), weight[:, None, None])
        return blended, mixed


def _centre(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each channel over the batch, each (C,), missing numbers left out."""
    there = x.isfinite()
    count = there.sum((0, 1)).clamp(min=1)
    filled = torch.where(there, x, 0.0)
    mean = filled.sum((0, 1)) / count
    variance = (torch.where(there, x - mean, 0.0) ** 2).sum((0, 1)) / count
    return mean, variance.sqrt()


def _retimed(x: Tensor, crop: float, speed: float, draws: Draws) -> Tensor:
    """A random part of each series, at another speed; never longer than there is room.

    Where all series of the batch fill their room, the part is stretched to fill it as well.
    """
    n, room, _ = x.shape
    there = x.isfinite().any(2)
    at = torch.arange(room, device=x.device)
    length = torch.where(there, at + 1, 0).amax(1).clamp(min=1).float()
    kept = (length * (1 - (1 - crop) * draws.uniform(n))).clamp(min=1)
    start = (length - kept) * draws.uniform(n)
    full = bool((length == room).all())
    after = length if full else kept * (1 + speed) ** draws.spread(n)
    after = after.round().clamp(2, room)
    place = start[:, None] + at * ((kept - 1) / (after - 1))[:, None]
    place = torch.minimum(place, (length - 1)[:, None])
    before = place.floor().long()
    behind = torch.minimum(before + 1, (length - 1).long()[:, None])
    share = (place - before)[:, :, None]
    first, second = _at(x, before), _at(x, behind)
    between = torch.lerp(first, second, share)
    # Beside a gap the nearer neighbour counts, so gaps stay as wide as they were.
    between = torch.where(between.isnan(), torch.where(share < 0.5, first, second), between)
    return between.masked_fill((at >= after[:, None])[:, :, None], torch.nan)


def _at(x: Tensor, place: Tensor) -> Tensor:
    """Steps of (N, T, C) at places (N, T)."""
    return x.gather(1, place[:, :, None].expand(-1, -1, x.shape[2]))


def _curves(x: Tensor, draws: Draws) -> Tensor:
    """Smooth curves between -1 and 1 for every row and channel, (N, T, C)."""
    n, room, channels = x.shape
    knots = draws.spread(n, channels, _KNOTS)
    curves = F.interpolate(knots, room, mode="linear", align_corners=True)
    return curves.transpose(1, 2)


def _without_channels(x: Tensor, share: float, draws: Draws) -> Tensor:
    """Channels left out at random as missing numbers; one always stays."""
    n, _, channels = x.shape
    drawn = draws.uniform(n, channels)
    gone = (drawn < share) & (drawn < drawn.amax(1, keepdim=True))
    return x.masked_fill(gone[:, None], torch.nan)
