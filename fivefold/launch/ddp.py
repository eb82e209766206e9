"""One net at a time, trained by all processes of a group: data-parallel, one share of a batch each.

For nets that one device trains too slowly. The first process is the launcher; the others follow.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import torch
from joblib import cpu_count

from fivefold.contracts import saving
from fivefold.contracts.orders import Order
from fivefold.contracts.records import Recipe
from fivefold.plumbing.errors import OptionError, RunError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fivefold.contracts.orders import Foreman
    from fivefold.launch.group import Group
    from fivefold.launch.here import Work

    Opener = Callable[[Path, torch.device], Work]

LEAST_ROWS = 2  # of a batch, for every process: batch norms need two


@final
class Ddp:
    """Carries out orders with all processes of a group; lives in the first one.

    Args:
        group: All of them.
        work: What is done for an order; its peers are the group's.
        run: The run folder, which every machine sees.
        device: Kind of device.

    Raises:
        OptionError: There are more processes than GPUs.
        RunError: A process cannot open the run, or is gone.
    """

    slots, apart = 1, False

    def __init__(self, group: Group, work: Work, run: Path, device: torch.device) -> None:
        self._group, self._work = group, work
        where = group.where
        self.alone = 1.0 / (where.size if device.type == "cuda" else where.machines)
        group.use(device)
        _share_cores(where.local_size)
        group.tell({"do": "open", "run": str(run.resolve()), "device": device.type})
        if why := group.each(work.prepare):
            raise RunError(
                found=f"a process that cannot open the run: {why}",
                wanted="the run folder and the decoded cache at the same paths on every machine",
                hint="put --out and FIVEFOLD_CACHE on a disk that all machines share",
            )

    def get_ready(self) -> None:
        """All processes have opened the run by now."""

    def run(self, orders: Sequence[Order], foreman: Foreman) -> None:
        """One order after the other; one that fails does not keep the next from its turn.

        Raises:
            OSError: The disk refuses what is written (SafetensorError where that library met it).
            RunError: The same, from the foreman; or a process is gone.
        """
        for waiting in orders:
            order = foreman.begin(waiting)
            if order is None:
                continue

            def train(order: Order = order) -> None:
                def tick(share: float, note: str) -> None:
                    foreman.tick(order, share, note)

                self._work.train(order, tick, foreman.stop)

            why = self._all({"do": "train", "order": asdict(order)}, order.recipe, train)
            if why:
                foreman.failed(order, why)
            else:
                foreman.done(order)

    def rows_per_second(self, recipe: Recipe, *, seconds: float) -> float:
        """Training rows per second of all processes together; 0 where any of them fails."""
        found: list[float] = []

        def time_it() -> None:
            found.append(self._work.rows_per_second(recipe, seconds=seconds))

        task = {"do": "time", "recipe": asdict(recipe), "seconds": seconds}
        return 0.0 if self._all(task, recipe, time_it) else found[0]

    def close(self) -> None:
        """Let the other processes go; the cores of this machine are this one's."""
        self._group.leave()
        _share_cores(1)

    def _all(self, task: dict[str, Any], recipe: Recipe, action: Callable[[], None]) -> str:
        size = self._group.where.size
        if recipe.batch < LEAST_ROWS * size:
            raise OptionError(
                found=f"{size} processes for batches of {recipe.batch} rows",
                wanted=f"{LEAST_ROWS} rows or more for each process",
                hint=f"use {max(1, recipe.batch // LEAST_ROWS)} processes or fewer",
            )
        self._group.tell(task)
        return self._group.together(action)


def follow(group: Group, opener: Opener) -> None:
    """Do what the first process tells, until it lets go.

    Args:
        group: All processes.
        opener: Opens a run folder on a device, for training with the group's peers.

    Raises:
        RunError: A process is gone.
    """
    _share_cores(group.where.local_size)
    opened: list[Work] = []

    def open_run(task: dict[str, Any]) -> None:
        device = torch.device(task["device"])
        group.use(device)
        opened.append(opener(Path(task["run"]), device))

    def carry_out(task: dict[str, Any]) -> None:
        if task["do"] == "train":
            order = saving.read(Order, task["order"])
            opened[0].train(order, lambda *_: None, lambda: False)
        else:
            recipe = saving.read(Recipe, task["recipe"])
            opened[0].rows_per_second(recipe, seconds=task["seconds"])

    while (task := group.hear())["do"] != "leave":
        if task["do"] == "open":
            group.each(partial(open_run, task))
        else:
            group.together(partial(carry_out, task))
    group.leave()


def _share_cores(processes: int) -> None:
    """Torch's threads; torchrun gives each process one, however many cores there are."""
    torch.set_num_threads(max(1, cpu_count(only_physical_cores=True) // processes))
