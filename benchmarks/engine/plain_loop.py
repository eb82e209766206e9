"""Our training step beside a plain PyTorch loop, in one process, in turn.

Same net, same pictures, same batch. Ours: decoded cache, expansion of whole batches, bf16 where the
machine has it. Theirs: fp32, DataLoader over JPEG files, flip and crop per picture, plain SGD.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import torch

from benchmarks.engine import plain
from benchmarks.engine.peak import wait_for
from benchmarks.engine.pictures import SIDE
from fivefold.contracts.records import Dataset, ExpansionRecord, Recipe
from fivefold.engine.loop import Job, Watch
from fivefold.engine.loop import train as train_ours
from fivefold.engine.schedule import Limit
from fivefold.step3_expand.image import ImageExpander
from fivefold.step4_train.build import fresh_net

RECIPE = Recipe(net="convnet", width=1.0, size=(SIDE, SIDE), batch=512, rate=0.12)
EXPANSION = {"mirror": 1.0, "shift": float(plain.PADDING)}


@final
class Stopwatch:
    """Times of the ends of steps; the first step pays for set-up and is left out."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.moments: list[float] = []

    def mark(self) -> None:
        """A step ended."""
        wait_for(self.device)
        self.moments.append(time.perf_counter())

    def rows_per_second(self, batch: int) -> float:
        """Pictures per second between the first mark and the last."""
        return batch * (len(self.moments) - 1) / (self.moments[-1] - self.moments[0])


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """What both loops are run on.

    Attributes:
        folder: JPEG files in class folders.
        dataset: The same, gathered.
        steps: Timed steps of each loop in each round.
        device: Where.
    """

    folder: Path
    dataset: Dataset
    steps: int
    device: torch.device

    def ours(self) -> float:
        """Pictures per second of the engine's loop."""
        watch = Stopwatch(self.device)

        def mark() -> bool:
            watch.mark()
            return False

        shift = ExpansionRecord(kind="image", settings=EXPANSION, why={})
        job = Job(
            rows=self.dataset.rows,
            targets=self.dataset.targets,
            recipe=RECIPE,
            expander=ImageExpander(shift, classes=len(self.dataset.classes)),
            limit=Limit(steps=self.steps + 1),
            device=self.device,
        )
        train_ours(fresh_net(self.dataset, RECIPE), job, Watch(stop=mark))
        return watch.rows_per_second(RECIPE.batch)

    def theirs(self) -> float:
        """Pictures per second of the plain loop."""
        watch = Stopwatch(self.device)
        plain.train(
            fresh_net(self.dataset, RECIPE),
            self.folder,
            steps=self.steps + 1,
            batch=RECIPE.batch,
            device=self.device,
            mark=watch.mark,
        )
        return watch.rows_per_second(RECIPE.batch)


def measure(bench: Bench, rounds: int) -> dict[str, Any]:
    """Run both loops in turn, so that whatever else the machine does meets both."""
    pairs = []
    for _ in range(rounds):
        pairs.append((bench.ours(), bench.theirs()))
        print(f"ours {pairs[-1][0]:,.0f}, plain {pairs[-1][1]:,.0f} pictures/s", flush=True)
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratios = sorted(mine / other for mine, other in pairs)
    return {
        "steps": bench.steps,
        "rounds": rounds,
        "ours_per_s": round(ours, 1),
        "plain_per_s": round(theirs, 1),
        "ratio": round(statistics.median(ratios), 2),
        "ratio_low": round(ratios[0], 2),
        "ratio_high": round(ratios[-1], 2),
    }
