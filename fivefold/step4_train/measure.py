"""What the machine can do: a candidate is timed for a few real steps, expansion included."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import torch

from fivefold.contracts.records import Dataset, Recipe
from fivefold.contracts.roles import Expander
from fivefold.engine.loop import Job, Watch, train
from fivefold.engine.peers import ALONE, Peers
from fivefold.engine.recovery import within_memory
from fivefold.engine.schedule import Limit
from fivefold.step4_train.build import fresh_net

SETUP_STEPS = 2  # which pay for it
LEAST_STEPS, MOST_STEPS = 3, 60  # beside those
WAIT_STEPS = 10  # of a GPU between two readings
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
    watch = _StopWatch(ground.device)

    def enough() -> bool:
        if not watch.read():
            return False
        late = watch.timed >= 1 and watch.last - begin > max(seconds, ENOUGH_SECONDS)
        return late or (watch.timed >= LEAST_STEPS and watch.spent > ENOUGH_SECONDS)

    job = Job(
        rows=dataset.rows,
        targets=dataset.targets,
        recipe=recipe,
        expander=ground.expander,
        limit=Limit(steps=SETUP_STEPS + MOST_STEPS),
        device=ground.device,
        peers=ground.peers,
    )
    with within_memory():
        train(fresh_net(dataset, recipe), job, Watch(stop=enough))
    return min(recipe.batch, len(dataset.rows)) / max(1e-6, watch.per_step())


@final
class _StopWatch:
    """Read after every step; the first ones still find out how to compute this shape best.

    A GPU does its steps behind the program that orders them, so it is waited for now and then.
    """

    def __init__(self, device: torch.device) -> None:
        self._gpu = device if device.type == "cuda" else None
        self._steps = -SETUP_STEPS
        self._moments: list[float] = []

    def read(self) -> bool:
        """A step ended; whether it was waited for."""
        self._steps += 1
        if self._steps < 0 or (self._gpu and self._steps % WAIT_STEPS):
            return False
        if self._gpu:
            torch.cuda.synchronize(self._gpu)
        self._moments.append(time.perf_counter())
        return True

    @property
    def timed(self) -> int:
        """Steps, or spans of them, that count."""
        return len(self._moments) - 1

    @property
    def last(self) -> float:
        """The moment of the last reading."""
        return self._moments[-1]

    @property
    def spent(self) -> float:
        """Seconds over all that count."""
        return self._moments[-1] - self._moments[0]

    def per_step(self) -> float:
        """Seconds of a step, in the median of the later half."""
        spans = np.diff(self._moments)
        return float(np.median(spans[len(spans) // 2 :])) / (WAIT_STEPS if self._gpu else 1)
