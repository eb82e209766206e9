"""What a step of the engine's loop spends on what, and how much of it is overhead.

Overhead is all of a step that is neither forward, loss and backward nor the kernels of expansion
and optimiser: reading rows, Python around and between those kernels, schedule, bookkeeping.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.engine.seams import (
    BOOKKEEPING,
    DATA,
    NET,
    OPTIMISER,
    STEP,
    WARM,
    Seams,
    marked,
)
from benchmarks.harness import Arena
from fivefold.contracts.records import Recipe
from fivefold.engine.loop import Job, Watch, train
from fivefold.engine.schedule import Limit
from fivefold.step4_train.build import fresh_net
from fivefold.step4_train.measure import Ground, rows_per_second

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch.autograd.profiler_util import FunctionEvent


LEAST_STEPS = 5  # that count
ENDLESS = 1_000_000  # steps; the runs are stopped by the clock
PROFILED_SHARE = 0.25  # of the seconds, for the run under the profiler


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A net on a data set, trained as the engine trains it.

    Attributes:
        arena: The data, with the expansion that step 3 chose for them.
        recipe: Of the net; one resolution.
        device: Where.
    """

    arena: Arena
    recipe: Recipe
    device: torch.device

    def run(self, seams: Seams, seconds: float) -> None:
        """Train for about `seconds`, watched by `seams`."""
        begin = time.perf_counter()

        def stop() -> bool:
            seams.step_ended()
            return seams.steps >= LEAST_STEPS and time.perf_counter() - begin > seconds

        dataset = self.arena.dataset
        net = fresh_net(dataset, self.recipe)
        job = Job(
            rows=dataset.rows,
            targets=dataset.targets,
            recipe=self.recipe,
            expander=self.arena.expander,
            limit=Limit(steps=ENDLESS),
            device=self.device,
        )
        with seams.watching(net, job) as watched:
            train(net, watched, Watch(stop=stop))

    def free_speed(self, seconds: float) -> float:
        """Training rows per second with nobody watching, as a plan measures them."""
        arena = self.arena
        ground = Ground(dataset=arena.dataset, expander=arena.expander, device=self.device)
        return rows_per_second(ground, self.recipe, seconds=seconds)


def one_size(recipe: Recipe) -> Recipe:
    """The recipe at its full resolution only."""
    return replace(recipe, low_size=(), low_share=0.0)


def measure(case: Case, *, seconds: float, rounds: int) -> dict[str, Any]:
    """Shares of the parts of a step, and what follows from them.

    Args:
        case: What is trained.
        seconds: Of each round.
        rounds: Medians over them are reported.

    Returns:
        Milliseconds a step, rows per second, share of every part, `in_kernels` (share of each
        part that the profiler saw inside of torch's operations), the overhead, and what lies
        between operations in all.
    """
    steps, found = [], []
    for _ in range(rounds):
        seams = Seams(case.device)
        case.run(seams, seconds)
        steps.append(seams.seconds[STEP] / seams.steps)
        found.append(seams.shares())
    parts = {p: statistics.median(s.get(p, 0.0) for s in found) for p in found[0]}
    kernels = in_kernels(case, seconds * PROFILED_SHARE)
    step = statistics.median(steps)
    batch = min(case.recipe.batch, len(case.arena.dataset.rows))
    return {
        "step_ms": round(1000 * step, 3),
        "rows_per_s": round(batch / step, 1),
        "parts": {part: round(share, 5) for part, share in parts.items()},
        "in_kernels": {part: round(share, 4) for part, share in kernels.items()},
        "net": round(sum(parts[p] for p in NET), 4),
        "data": round(sum(parts.get(p, 0.0) for p in DATA), 4),  # a GPU may hold all rows
        "optimiser": round(sum(s for p, s in parts.items() if p.startswith(OPTIMISER)), 4),
        "overhead": round(overhead(parts, kernels), 4),
        "between_kernels": round(sum(s * (1 - kernels.get(p, 0)) for p, s in parts.items()), 4),
    }


def overhead(parts: dict[str, float], kernels: dict[str, float]) -> float:
    """Share of a step that is neither the net nor kernels of expansion and optimiser.

    Args:
        parts: Part -> share of the step.
        kernels: Part -> share of the part that lies in torch's operations.
    """
    work = sum(parts[part] for part in NET)
    for part, share in parts.items():
        if part == "expansion" or part.startswith(OPTIMISER):
            work += share * kernels.get(part, 0.0)
    return 1.0 - work


def in_kernels(case: Case, seconds: float) -> dict[str, float]:
    """Share of each part that is spent in torch's operations, by `torch.profiler`.

    The profiler slows Python down more than kernels, so this is on the low side. On a GPU, the time
    of an operation is that of the kernels it began, and parts wait for theirs.
    """
    seams = Seams(case.device, annotate=True)
    activities = [ProfilerActivity.CPU]
    if case.device.type == "cuda":
        activities.append(ProfilerActivity.CUDA)
    with profile(activities=activities) as profiler:
        case.run(seams, seconds)
    events = [event for event in profiler.events() if event.name == marked(STEP)]
    events.sort(key=lambda event: event.time_range.start)
    whole: dict[str, float] = {}
    inside: dict[str, float] = {}
    for step in events[WARM - 1 : -1]:
        _add(step, whole, inside, on_gpu=case.device.type == "cuda")
    return {part: inside[part] / whole[part] for part in whole if whole[part] > 0}


def _add(
    step: FunctionEvent, whole: dict[str, float], inside: dict[str, float], *, on_gpu: bool
) -> None:
    """Add the microseconds of one step's parts: in all, and in operations."""
    parts = [event for event in _inner(step) if _is_part(event)]
    rest = [event for event in _inner(step) if not _is_part(event)]
    own = _microseconds([step]) - _microseconds(parts)
    for name, spent, operations in (
        *((part.name, _microseconds([part]), list(_inner(part))) for part in parts),
        (marked(BOOKKEEPING), own, rest),
    ):
        part = name.removeprefix(marked(""))
        whole[part] = whole.get(part, 0.0) + spent
        kernels = _on_gpu(operations) if on_gpu else _microseconds(operations)
        inside[part] = inside.get(part, 0.0) + kernels


def _inner(event: FunctionEvent) -> Iterator[FunctionEvent]:
    """Parts and operations right below an event, seen through torch's own annotations."""
    for child in event.cpu_children:
        if child.is_user_annotation and not _is_part(child):
            yield from _inner(child)
        else:
            yield child


def _is_part(event: FunctionEvent) -> bool:
    return event.name.startswith(marked(""))


def _microseconds(events: Sequence[FunctionEvent]) -> float:
    return float(sum(event.time_range.elapsed_us() for event in events))


def _on_gpu(events: Sequence[FunctionEvent]) -> float:
    return float(sum(event.device_time_total for event in events))
