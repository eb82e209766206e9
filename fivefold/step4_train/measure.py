"""What the machine can do: a candidate is timed for a few real steps, expansion included."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from fivefold.engine.loop import Job, Watch, train
from fivefold.engine.schedule import Limit
from fivefold.step4_train.build import fresh_net

if TYPE_CHECKING:
    import torch

    from fivefold.contracts.records import Dataset, Recipe
    from fivefold.contracts.roles import Expander

LEAST_STEPS, MOST_STEPS = 3, 12  # beside the first, which pays for set-up
ENOUGH_SECONDS = 0.5


def rows_per_second(
    dataset: Dataset, recipe: Recipe, expander: Expander, device: torch.device
) -> float:
    """Training rows per second of `recipe`, averaged over its two resolutions."""
    if not recipe.low_size:
        return _timed(dataset, recipe, expander, device)
    low = _timed(dataset, replace(recipe, size=recipe.low_size), expander, device)
    high = _timed(dataset, replace(recipe, low_size=()), expander, device)
    return recipe.low_share * low + (1.0 - recipe.low_share) * high


def _timed(dataset: Dataset, recipe: Recipe, expander: Expander, device: torch.device) -> float:
    recipe = replace(recipe, low_size=(), low_share=0.0)
    moments: list[float] = []

    def enough() -> bool:
        moments.append(time.perf_counter())
        timed = len(moments) - 1
        return timed >= LEAST_STEPS and moments[-1] - moments[0] > ENOUGH_SECONDS

    job = Job(
        rows=dataset.rows,
        targets=dataset.targets,
        recipe=recipe,
        expander=expander,
        limit=Limit(steps=1 + MOST_STEPS),
        device=device,
    )
    train(fresh_net(dataset, recipe), job, Watch(stop=enough))
    per_step = float(np.median(np.diff(moments)))  # early steps still warm up
    return min(recipe.batch, len(dataset.rows)) / max(1e-6, per_step)
