"""What the machine can do: a candidate is timed for a few real steps, expansion included."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, final

import numpy as np
import torch

from fivefold.contracts.records import Dataset, Recipe
from fivefold.contracts.roles import Expander
from fivefold.engine.loop import Job, Watch, train
from fivefold.engine.peers import ALONE, Peers
from fivefold.engine.recovery import within_memory
from fivefold.engine.schedule import Limit
from fivefold.engine.supply import Blocks
from fivefold.step4_train.build import fresh_net

if TYPE_CHECKING:
    from numpy.typing import NDArray

SETUP_STEPS, GPU_SETUP_STEPS = 2, 10  # the latter record, too, what is then replayed
MOST_STEPS, MOST_GPU_STEPS = 62, 6_000
LEAST_SPANS = 3
GPU_SPAN = 10  # steps between two waits for a GPU,
SLOW_SECONDS = 0.05  # one if a step takes as long
ENOUGH_SECONDS = 0.5
BY_PIXELS = 0.7  # time goes by about that power of the number of pixels (lab/LOG.md)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """What candidates are timed on.

    Attributes:
        dataset: Open rows.
        expander: Changes of them.
        device: Where.
        peers: The processes that share a net.
        lead: Seconds before the first step that counts: others that are timed at the same time
            need as long to begin.
    """

    dataset: Dataset
    expander: Expander
    device: torch.device
    peers: Peers = ALONE
    lead: float = 0.0


def rows_per_second(ground: Ground, recipe: Recipe, *, seconds: float) -> float:
    """Training rows per second of `recipe`, averaged over its two resolutions.

    Where that takes more than `seconds`, it ends at the next look at the clock. The lower
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
    rows = min(recipe.batch, len(dataset.rows))
    own = len(ground.peers.share(np.arange(rows)))
    row_bytes = dataset.rows.take(slice(0, 1)).nbytes
    blocks = Blocks.of(own, row_bytes, len(dataset.rows) // rows)
    watch = _StopWatch(ground.device, begin + ground.lead, blocks)
    seconds = max(seconds, ground.lead + ENOUGH_SECONDS)

    def enough() -> bool:
        if not watch.read() or not watch.spans:
            return False
        late = watch.last - begin > seconds
        some = watch.spans >= LEAST_SPANS and watch.spent > ENOUGH_SECONDS
        return late or (some and watch.fair)

    gpu = ground.device.type == "cuda"
    job = Job(
        rows=dataset.rows,
        targets=dataset.targets,
        recipe=recipe,
        expander=ground.expander,
        # Without a fixed number of steps, of which good states would be kept (engine/keeper.py).
        limit=Limit(seconds=math.inf, most=MOST_GPU_STEPS if gpu else MOST_STEPS),
        device=ground.device,
        peers=ground.peers,
    )
    with within_memory():
        train(fresh_net(dataset, recipe), job, Watch(stop=enough))
    if watch.spans < 1:
        return 0.0
    return rows / max(1e-6, watch.per_step())


@final
class _StopWatch:
    """Read after every step; the first ones, which find out how to compute, do not count.

    A GPU does its steps behind the program that orders them, so when it is set up it is waited for
    now and then only, unless its steps are slow.

    Args:
        device: Whose steps are timed.
        start: Moment before which no step counts either.
        blocks: Which steps change the data of others too.
    """

    def __init__(self, device: torch.device, start: float, blocks: Blocks) -> None:
        self._gpu = device if device.type == "cuda" else None
        self._setup, self._start = GPU_SETUP_STEPS if self._gpu else SETUP_STEPS, start
        self._step, self._every, self._before = 0, 1, start
        self._blocks = blocks
        # Steps that may count, from 0: where no block begins among them, none is waited for.
        self._block_may_begin = bool(blocks.begin(np.arange(self._setup, MOST_STEPS)).any())
        self._readings: list[tuple[int, float]] = []

    def read(self) -> bool:
        """A step ended; whether it was looked at the clock, and counts."""
        self._step += 1
        if self._step % self._every:
            return False
        if self._gpu:
            torch.cuda.synchronize(self._gpu)
        now = time.perf_counter()
        took, self._before = now - self._before, now
        if self._step < self._setup or now < self._start:
            return False
        if self._gpu and not self._readings and took < SLOW_SECONDS:
            self._every = GPU_SPAN
        self._readings.append((self._step, now))
        return True

    @property
    def spans(self) -> int:
        """Between two readings."""
        return len(self._readings) - 1

    @property
    def last(self) -> float:
        """The moment of the last reading."""
        return self._readings[-1][1]

    @property
    def spent(self) -> float:
        """Seconds over all spans."""
        return self.last - self._readings[0][1]

    @property
    def fair(self) -> bool:
        """Whether a step that changes the data of others too is among those that count, if any."""
        return self._every > 1 or not self._block_may_begin or bool(self._firsts().any())

    def _firsts(self) -> NDArray[np.bool_]:
        """Which spans are the first step of a block."""
        ends = [step for step, _ in self._readings[1:]]
        return self._blocks.begin(np.array(ends, np.int64) - 1)

    def per_step(self) -> float:
        """Seconds of a step: medians of the first steps of blocks and of the later half of others.

        Of several steps between two readings, and of steps so slow that there was no first one
        among them, the median as it is.
        """
        steps, seconds = np.diff(np.array(self._readings), axis=0).T
        each = seconds / steps
        firsts = self._firsts()
        if self._every > 1 or firsts.all() or not firsts.any():
            return float(np.median(each[len(each) // 2 :]))
        others = each[~firsts]
        usual = float(np.median(others[len(others) // 2 :]))
        first = float(np.median(each[firsts]))
        return self._blocks.share * first + (1.0 - self._blocks.share) * usual
