"""A fresh net for a data set: its shape, its answers, the scale of its input."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from fivefold.nets.build import build

if TYPE_CHECKING:
    from fivefold.contracts.records import Dataset, Recipe
    from fivefold.nets.base import Net, Shape

SCALE_ROWS = 2000  # rows from which mean and deviation are taken
SCALE_CHUNK = 64  # rows held as floats at a time
SCALE_SIDE = 64  # pixels; of larger pictures every second, third ... row and column is looked at


def input_scale(dataset: Dataset) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and deviation of the raw input: (C, 1, 1) for pictures, (D,) for arrays."""
    some = np.linspace(0, len(dataset.rows) - 1, min(SCALE_ROWS, len(dataset.rows))).astype(int)
    axes = (0,) if len(dataset.rows.item_shape) == 1 else (0, 1, 2)
    step = max(1, min(dataset.rows.item_shape[:2]) // SCALE_SIDE) if len(axes) > 1 else 1
    total, squares, count = 0.0, 0.0, 0
    for start in range(0, len(some), SCALE_CHUNK):
        items = dataset.rows.take(some[start : start + SCALE_CHUNK])
        items = (items[:, ::step, ::step] if step > 1 else items).astype(np.float64)
        total, squares = total + items.sum(axes), squares + np.square(items).sum(axes)
        count += items.size // items.shape[-1]
    mean = np.asarray(total / count)
    std = np.sqrt(np.maximum(squares / count - mean**2, 0.0))
    shape = (-1,) if axes == (0,) else (-1, 1, 1)
    first, second = (torch.from_numpy(a.astype(np.float32).reshape(shape)) for a in (mean, std))
    return first, second


def net_shape(dataset: Dataset, recipe: Recipe) -> Shape:
    """Shape the encoder sees: (C, h, w) at the recipe's size, or (D,)."""
    item = dataset.rows.item_shape
    return (item[2], *recipe.size) if recipe.size else item


def fresh_net(dataset: Dataset, recipe: Recipe) -> Net:
    """An untrained net; its weights depend on the recipe's seed only."""
    mean, std = input_scale(dataset)
    return build(recipe, net_shape(dataset, recipe), len(dataset.classes), mean, std)
