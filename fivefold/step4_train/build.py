"""A fresh net for a data set: its shape, its answers, the scale of its input and of its target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from fivefold.nets.build import build, intake_of

if TYPE_CHECKING:
    from fivefold.contracts.records import Dataset, Recipe
    from fivefold.contracts.rows import IntArray
    from fivefold.nets.base import Net


def fresh_net(dataset: Dataset, recipe: Recipe, rows: IntArray | None = None) -> Net:
    """An untrained net; its weights depend on the recipe's seed only.

    Args:
        dataset: Open rows.
        recipe: Of the net.
        rows: Those it will be trained on, of whose targets its head learns; all when left out.
    """
    intake = intake_of(recipe.input)
    shape = intake.shape(dataset.rows.item_shape, recipe.size)
    mean, std = intake.scale(dataset.rows)
    net = build(recipe, shape, len(dataset.classes), mean, std, dataset.shape)
    targets = dataset.targets if rows is None else dataset.targets[rows]
    net.head.learn(torch.from_numpy(targets))
    return net
