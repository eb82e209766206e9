"""What the machine can do: a candidate is timed for a few real steps, expansion included."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

import numpy as np
import torch

from fivefold.contracts.records import Dataset, Recipe
from fivefold.contracts.roles import Expander
from fivefold.engine.loop import Job, Watch, train
from fivefold.engine.peers import ALONE, Peers
from fivefold.engine.recovery import within_memory
from fivefold.engine.schedule import Limit
from fivefold.step4_train.build import fresh_net

LEAST_STEPS, MOST_STEPS = 3, 60  # beside the first two, which pay for set-up
ENOUGH_SECONDS = 0.5
BY_PIXELS = 0.7  # time goes by about that power of the number of pixels (lab/LOG.md)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """What candidates are timed on: data, changes, device, and the processes that share a net."""

    dataset: Dataset
    expander: Expander
    device: torch.device
    peers: Peers = ALONE


def rows_per_second(ground: Ground, recipe: Recipe, *, seconds: float) -> float:
    """Training rows per second of `recipe`, averaged over its two resolutions.

    Where that takes more than `seconds`, it ends after three steps and half a second. The lower
    resolution counts as faster by a power of its number of pixels where too little time is left.

    Raises:
        DivergedError: It diverges at once.
        TooLargeError: Memory is too short for it.
    """
    begin = time.perf_counter()
    high = _timed(ground, replace(recipe, low_share=0.0), seconds)
    took = time.perf_counter() - begin
    left, took = ground.peers.agree(seconds - took, took)
    if not recipe.low_size:
        return high
    if left < took / 2:
        pixels = math.prod(recipe.size) / math.prod(recipe.low_size)
        return high * (1.0 + recipe.low_share * (pixels**BY_PIXELS - 1.0))
    low = _timed(ground, replace(recipe, low_share=1.0), left)  # the net stays that of `size`
    return recipe.low_share * low + (1.0 - recipe.low_share) * high


def _timed(ground: Ground, recipe: Recipe, seconds: float) -> float:
    dataset, begin = ground.dataset, time.perf_counter()
    moments: list[float] = []

    def enough() -> bool:
        moments.append(time.perf_counter())
        timed = len(moments) - 2
        late = timed >= 1 and moments[-1] - begin > max(seconds, ENOUGH_SECONDS)
        return late or (timed >= LEAST_STEPS and moments[-1] - moments[1] > ENOUGH_SECONDS)

    job = Job(
        rows=dataset.rows,
        targets=dataset.targets,
        recipe=recipe,
        expander=ground.expander,
        limit=Limit(steps=2 + MOST_STEPS),
        device=ground.device,
        peers=ground.peers,
    )
    with within_memory():
        train(fresh_net(dataset, recipe), job, Watch(stop=enough))
    steps = np.diff(moments[1:])  # the first ones still find out how to compute this shape best
    per_step = float(np.median(steps[len(steps) // 2 :]))
    return min(recipe.batch, len(dataset.rows)) / max(1e-6, per_step)
