"""What the machine can do: a candidate is timed for a few real steps, expansion included."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from fivefold.engine.inference import BATCH, predict
from fivefold.engine.loop import Job, train
from fivefold.engine.schedule import Limit
from fivefold.step4_train.build import fresh_net

if TYPE_CHECKING:
    import torch

    from fivefold.contracts.records import Dataset, Recipe
    from fivefold.contracts.roles import Expander

STEPS = 3


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
    net = fresh_net(dataset, recipe)

    def steps(n: int) -> float:
        begin = time.perf_counter()
        limit = Limit(steps=n)
        job = Job(
            rows=dataset.rows,
            targets=dataset.targets,
            recipe=recipe,
            expander=expander,
            limit=limit,
            device=device,
        )
        train(net, job)
        return time.perf_counter() - begin

    setup = steps(1)  # initialisation and first-call costs
    longer = steps(1 + STEPS)
    again = steps(1)
    per_step = max(1e-6, (longer - min(setup, again)) / STEPS)
    return min(recipe.batch, len(dataset.rows)) / per_step


def answers_per_second(dataset: Dataset, recipe: Recipe, device: torch.device) -> float:
    """Rows per second that a net of `recipe` answers, one view."""
    net = fresh_net(dataset, recipe).to(device)
    some = dataset.rows.select(np.arange(min(BATCH, len(dataset.rows))))
    predict(net, some, recipe.size)
    begin = time.perf_counter()
    predict(net, some, recipe.size)
    return len(some) / max(1e-6, time.perf_counter() - begin)
