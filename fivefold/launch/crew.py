"""Members side by side on one machine: one worker process per core or per GPU.

Small nets leave most of a machine idle: their kernels are too short to be split over cores. One
net per core keeps all cores busy, and a worker that the system kills takes one net along, which
is begun again from its checkpoint.
"""

from __future__ import annotations

import queue
import signal
import sys
import threading
from contextlib import ExitStack, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, final

from fivefold.launch.dealing import deal
from fivefold.plumbing.process import JsonProcess, ProcessLost
from fivefold.plumbing.stopper import deaf

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from fivefold.contracts.orders import Foreman, Order
    from fivefold.contracts.records import Recipe


@final
class Crew:
    """Worker processes that are started at once and get ready in the background.

    Args:
        module: What a worker runs; it answers `train` and `time` tasks.
        setup: What every worker needs to know.
        environments: One per worker: its share of the machine, as environment variables.
        folder: Where the workers' messages are kept.
    """

    apart = False
    tries = 2  # a worker may be lost for no fault of the net's; twice is no accident

    def __init__(
        self,
        module: str,
        setup: dict[str, Any],
        environments: Sequence[dict[str, str]],
        folder: Path,
    ) -> None:
        self.slots, self.alone = len(environments), 1.0
        folder.mkdir(parents=True, exist_ok=True)
        self._module, self._setup = module, setup
        self._environments = tuple(environments)
        self._logs = tuple(folder / f"worker-{i}.log" for i in range(self.slots))
        self._workers = [self._hire(i) for i in range(self.slots)]
        self._is_ready = [False] * self.slots
        self._closed = False
        self._busy: set[int] = set()
        self._said: queue.SimpleQueue[tuple[int, Order, dict[str, Any]]] = queue.SimpleQueue()

    def run(self, orders: Sequence[Order], foreman: Foreman) -> None:
        """Deal out orders; the calling thread alone talks to the foreman.

        Raises:
            OSError: The disk refuses what a worker writes.
        """
        deal(orders, foreman, self)

    def free(self) -> bool:
        """Whether a worker has nothing to do."""
        return len(self._busy) < self.slots

    def begin(self, order: Order) -> None:
        """Give an order to a worker; a thread listens to it."""
        slot = min(set(range(self.slots)) - self._busy)
        self._busy.add(slot)
        threading.Thread(target=self._follow, args=(slot, order), daemon=True).start()

    def listen(self, seconds: float) -> Iterator[tuple[Order, dict[str, Any]]]:
        """The next saying of a worker, if there is one within `seconds`."""
        with suppress(queue.Empty):
            slot, order, words = self._said.get(timeout=seconds)
            _raise_refusal(words)
            if "share" not in words:
                self._busy.remove(slot)
            yield order, words

    def stop(self) -> None:
        """Ask the workers to end their nets."""
        for slot in self._busy:
            self._workers[slot].terminate()

    def hopeless(self) -> str:
        """A worker that is gone is replaced: there is always hope."""
        return ""

    def rows_per_second(self, recipe: Recipe, *, seconds: float) -> float:
        """Training rows per second of all workers together, each with a net of its own."""
        found = [0.0] * self.slots

        def time_one(slot: int) -> None:
            try:
                worker = self._ready(slot)
                task = {"do": "time", "recipe": asdict(recipe), "seconds": seconds}
                for answer in worker.ask(task):
                    found[slot] = float(answer.get("rows_per_second", 0.0))
            except ProcessLost:
                self._replace(slot)

        threads = [threading.Thread(target=time_one, args=(i,)) for i in range(self.slots)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(found) if all(found) else 0.0

    def close(self) -> None:
        """End all workers, and hire no others for those that are lost by it."""
        self._closed = True
        with ExitStack() as stack:
            for worker in self._workers:
                stack.callback(worker.close)

    def _hire(self, slot: int) -> JsonProcess:
        with deaf(signal.SIGINT):  # the foreman decides what it means; SIGTERM is how it tells
            return JsonProcess(
                self._module,
                self._setup,
                self._logs[slot],
                environment=self._environments[slot],
            )

    def _ready(self, slot: int) -> JsonProcess:
        worker = self._workers[slot]
        if not self._is_ready[slot]:
            worker.ready(
                wanted=f"one that runs {sys.executable} and imports {self._module}",
                hint="see the run folder's worker logs",
            )
            self._is_ready[slot] = True
        return worker

    def _replace(self, slot: int) -> None:
        self._workers[slot].close()
        if self._closed:
            return
        self._workers[slot], self._is_ready[slot] = self._hire(slot), False

    def _follow(self, slot: int, order: Order) -> None:
        words: dict[str, Any] = {"done": True}
        try:
            for answer in self._ready(slot).ask({"do": "train", "order": asdict(order)}):
                if "share" in answer:
                    self._said.put((slot, order, answer))
                else:
                    words = answer
        except ProcessLost as lost:
            words = {"failed": f"its process {lost}", "lost": True}
            self._replace(slot)
        except Exception as cause:  # noqa: BLE001 - the foreman hears of it; nobody joins us
            words = {"failed": f"{type(cause).__name__}: {cause}"}
        self._said.put((slot, order, words))


def _raise_refusal(words: dict[str, Any]) -> None:
    """A disk that is full or shut is no fault of the net's, and no other would fare better."""
    if "refused" in words:
        raise OSError(0, *words["refused"])
