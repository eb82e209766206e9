"""Where the time of a real training step goes: stopwatches at the seams of the engine's loop.

Nothing of the loop is copied. Rows and expander are handed in behind stopwatches; net, optimisers
and `torch.autograd.backward` are watched through hooks; what is left of a step is bookkeeping.
"""

from __future__ import annotations

import time
from collections import defaultdict
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, final
from unittest.mock import patch

import torch
from torch.optim.optimizer import (
    Optimizer,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from torch.profiler import record_function

from benchmarks.engine.peak import wait_for
from fivefold.contracts.roles import Choice, Expander
from fivefold.engine.average import Lookahead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor

    from fivefold.contracts.records import Dataset
    from fivefold.contracts.rows import Rows
    from fivefold.engine.loop import Job
    from fivefold.nets.base import Net

P = ParamSpec("P")
T = TypeVar("T")

STEP = "step"
NET = ("forward", "loss", "backward")
DATA = ("take", "expansion")
OPTIMISER = "optimiser"  # every part of it begins with this word
LOOKAHEAD = f"{OPTIMISER} lookahead"
BOOKKEEPING = "bookkeeping"
WARM = 3  # steps that pay for set-up


@final
class Seams:
    """Stopwatches; the first steps are left out.

    Args:
        device: Waited for at every seam, so that its work counts where it was ordered.
        annotate: Mark every part for `torch.profiler`.

    Attributes:
        seconds: Part -> seconds over all steps that count.
        steps: Number of those steps.
    """

    def __init__(self, device: torch.device, *, annotate: bool = False) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.steps = -WARM
        self._device, self._annotate = device, annotate
        self._part, self._begun = "", 0.0
        self._marked: list[record_function] = []
        self._start = 0.0

    def begin(self, part: str) -> None:
        """A part begins; parts do not lie in each other."""
        wait_for(self._device)
        self._mark(part)
        self._part, self._begun = part, time.perf_counter()

    def end(self) -> None:
        """The part that was begun last ends."""
        wait_for(self._device)
        self.seconds[self._part] += time.perf_counter() - self._begun
        self._unmark()

    def step_ended(self) -> None:
        """A step ended, and the next one begins."""
        wait_for(self._device)
        now = time.perf_counter()
        self.steps += 1
        if self.steps <= 0:
            self.seconds.clear()
            self._start = now
        else:
            self.seconds[STEP] = now - self._start
        self._unmark_all()
        self._mark(STEP)

    def shares(self) -> dict[str, float]:
        """Part -> share of the step; they sum to one, bookkeeping being what is left."""
        whole = self.seconds[STEP]
        found = {part: spent / whole for part, spent in self.seconds.items() if part != STEP}
        return {**found, BOOKKEEPING: 1.0 - sum(found.values())}

    def timed(self, part: str, work: Callable[P, T]) -> Callable[P, T]:
        """`work` behind a stopwatch."""

        def watched(*args: P.args, **words: P.kwargs) -> T:
            self.begin(part)
            try:
                return work(*args, **words)
            finally:
                self.end()

        return watched

    @contextmanager
    def watching(self, net: Net, job: Job) -> Iterator[Job]:
        """The job to train with, while net and optimisers are watched."""
        with ExitStack() as stack:
            for hook in (
                net.register_forward_pre_hook(lambda *_: self.begin("forward")),
                net.register_forward_hook(lambda *_: self.end()),
                register_optimizer_step_pre_hook(self._before_optimiser),
                register_optimizer_step_post_hook(lambda *_: self.end()),
            ):
                stack.callback(hook.remove)
            for owner, name, part in (
                (net.head, "loss", "loss"),
                (torch.autograd, "backward", "backward"),
                (Lookahead, "after_step", LOOKAHEAD),
            ):
                watched = self.timed(part, getattr(owner, name))
                stack.enter_context(patch.object(owner, name, watched))
            stack.callback(self._unmark_all)
            yield replace(job, rows=_Rows(job.rows, self), expander=_Expander(job.expander, self))

    def _before_optimiser(self, optimiser: Optimizer, *_: Any) -> None:
        self.begin(f"{OPTIMISER} {type(optimiser).__name__}")

    def _mark(self, part: str) -> None:
        if self._annotate:
            mark = record_function(marked(part))
            mark.__enter__()
            self._marked.append(mark)

    def _unmark(self) -> None:
        if self._marked:
            self._marked.pop().__exit__(None, None, None)

    def _unmark_all(self) -> None:
        while self._marked:
            self._unmark()


def marked(part: str) -> str:
    """How the profiler knows a part."""
    return f"seam: {part}"


@final
class _Rows:
    """Rows of the cache, read behind a stopwatch."""

    def __init__(self, rows: Rows, seams: Seams) -> None:
        self._rows, self.take = rows, seams.timed("take", rows.take)

    def __len__(self) -> int:
        return len(self._rows)


@final
class _Expander(Expander):
    """An expander behind a stopwatch."""

    def __init__(self, expander: Expander, seams: Seams) -> None:
        self.record, self.policies = expander.record, expander.policies
        self._expand = seams.timed("expansion", expander)

    @classmethod
    def choose(cls, dataset: Dataset, *, seed: int, given: frozenset[str]) -> dict[str, Choice]:
        """Nothing: it stands before one that has chosen."""
        del dataset, seed, given
        return {}

    def __call__(self, *args: Any, **words: Any) -> tuple[Tensor, Tensor]:
        """As the expander itself."""
        return self._expand(*args, **words)
