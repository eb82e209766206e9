"""A fresh net for a data set: its shape, its answers, the scale of its input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fivefold.nets.build import build, intake_of

if TYPE_CHECKING:
    from fivefold.contracts.records import Dataset, Recipe
    from fivefold.nets.base import Net


def fresh_net(dataset: Dataset, recipe: Recipe) -> Net:
    """An untrained net; its weights depend on the recipe's seed only."""
    intake = intake_of(recipe.input)
    shape = intake.shape(dataset.rows.item_shape, recipe.size)
    mean, std = intake.scale(dataset.rows)
    return build(recipe, shape, len(dataset.classes), mean, std, dataset.shape)
