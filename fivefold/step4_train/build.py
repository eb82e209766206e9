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


def input_scale(dataset: Dataset) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and deviation of the raw input: (C, 1, 1) for pictures, (D,) for arrays."""
    some = np.linspace(0, len(dataset.rows) - 1, min(SCALE_ROWS, len(dataset.rows))).astype(int)
    items = dataset.rows.take(some).astype(np.float32)
    if items.ndim == 2:
        return torch.from_numpy(items.mean(0)), torch.from_numpy(items.std(0))
    mean, std = items.mean((0, 1, 2)), items.std((0, 1, 2))
    return torch.from_numpy(mean)[:, None, None], torch.from_numpy(std)[:, None, None]


def net_shape(dataset: Dataset, recipe: Recipe) -> Shape:
    """Shape the encoder sees: (C, h, w) at the recipe's size, or (D,)."""
    item = dataset.rows.item_shape
    return (item[2], *recipe.size) if recipe.size else item


def fresh_net(dataset: Dataset, recipe: Recipe) -> Net:
    """An untrained net; its weights depend on the recipe's seed only."""
    mean, std = input_scale(dataset)
    return build(recipe, net_shape(dataset, recipe), len(dataset.classes), mean, std)
