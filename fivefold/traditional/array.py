"""Hand-crafted features of arrays: the columns as they are; of maps, statistics and a thumbnail.

Axes: N rows, C channels, H W a map, F features.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from fivefold.traditional.standardised import Standardised

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fivefold.contracts.roles import TraditionalFeatures
    from fivefold.contracts.rows import FloatArray

MOST_COLUMNS = 2048  # of larger maps a thumbnail has to do
SIDE = 8  # of the thumbnail
LAGS = (1, 2, 4, 8)
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def features(shape: Mapping[str, Any]) -> tuple[TraditionalFeatures, ...]:
    """The features of arrays, the most telling first."""
    sides = tuple(shape.get("item_shape", (1,)))
    columns = Standardised("columns", flat)
    if len(sides) == 1:
        return (columns,)
    blocks = (Standardised("statistics", statistics), Standardised("thumbnail", thumbnail))
    return (*blocks, columns) if math.prod(sides) <= MOST_COLUMNS else blocks


def flat(items: NDArray[Any]) -> FloatArray:
    """Items (N, ...) as (N, F): their values, one column each."""
    return items.reshape(len(items), -1).astype(np.float32)


def thumbnail(items: NDArray[Any]) -> FloatArray:
    """Maps (N, H, W) or (N, C, H, W) as means over a grid of 8 x 8 cells, (N, 64 C)."""
    maps = _maps(items)
    rows, columns = (np.linspace(0, side, SIDE + 1).astype(int)[:-1] for side in maps.shape[2:])
    # Maps of fewer than eight rows or columns repeat them.
    total = np.add.reduceat(np.add.reduceat(maps, rows, axis=2), columns, axis=3)
    count = np.add.reduceat(np.add.reduceat(np.ones_like(maps[:1, :1]), rows, axis=2), columns, 3)
    return flat(total / count)


def statistics(items: NDArray[Any]) -> FloatArray:
    """Maps (N, H, W) or (N, C, H, W) by what does not depend on where things lie, (N, F).

    Mean, deviation, skewness, quantiles; how alike neighbours are at several
    distances; how much blocks of several sizes differ.
    """
    maps = _maps(items).astype(np.float64)
    mean = maps.mean((2, 3), keepdims=True)
    centred = maps - mean
    variance = (centred**2).mean((2, 3))
    deviation = np.sqrt(variance)
    skew = (centred**3).mean((2, 3)) / np.maximum(deviation, 1e-12) ** 3
    found = [mean[:, :, 0, 0], deviation, skew]
    found += list(np.quantile(maps, _QUANTILES, axis=(2, 3)))
    for lag in LAGS:
        for axis in (2, 3):
            if maps.shape[axis] > lag:
                step = np.take(maps, range(lag, maps.shape[axis]), axis)
                before = np.take(maps, range(maps.shape[axis] - lag), axis)
                found.append(((step - before) ** 2).mean((2, 3)))
                found.append(np.abs(step - before).mean((2, 3)))
    for side in LAGS[1:]:
        if min(maps.shape[2:]) >= 2 * side:
            found.append(_blocks(centred, side).var((2, 3)))
    return np.concatenate(found, 1).astype(np.float32)


def _blocks(maps: NDArray[Any], side: int) -> NDArray[Any]:
    """Means of blocks of `side` x `side`, (N, C, H / side, W / side)."""
    n, channels, height, width = maps.shape
    down, across = height // side, width // side
    whole = maps[:, :, : down * side, : across * side]
    return whole.reshape(n, channels, down, side, across, side).mean((3, 5))


def _maps(items: NDArray[Any]) -> NDArray[Any]:
    """(N, C, H, W)."""
    return items[:, None] if items.ndim == 3 else items
