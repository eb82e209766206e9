"""Mean and deviation of the raw input, from a sample of rows that never stands in memory whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from fivefold.contracts.rows import Items
    from fivefold.nets.base import Scale, Shape

ROWS = 2000  # looked at
CHUNK = 64  # rows held as floats at a time


def measured(
    rows: Items, *, axes: tuple[int, ...], step: Callable[[Shape], int] = lambda _: 1
) -> Scale:
    """Mean and deviation over `axes` of items (N, ...), counting numbers only, NaN not.

    Args:
        rows: Items.
        axes: What is averaged over; axis 0 is the rows.
        step: Shape of an item -> only every so-manieth place of its first two axes is looked at.

    Returns:
        Mean and deviation, each of the shape that is left; 0 and 0 where there is no number.
    """
    some = np.linspace(0, len(rows) - 1, min(ROWS, len(rows))).astype(int)
    total, squares, count = 0.0, 0.0, 0.0
    for start in range(0, len(some), CHUNK):
        items = rows.take(some[start : start + CHUNK])
        stride = step(items.shape[1:])
        items = (items[:, ::stride, ::stride] if stride > 1 else items).astype(np.float64)
        there = np.isfinite(items)
        items = np.where(there, items, 0.0)
        total, squares = total + items.sum(axes), squares + np.square(items).sum(axes)
        count = count + there.sum(axes)
    mean = np.asarray(total / np.maximum(count, 1))
    std = np.sqrt(np.maximum(squares / np.maximum(count, 1) - mean**2, 0.0))
    first, second = (torch.from_numpy(np.asarray(a, np.float32)) for a in (mean, std))
    return first, second
