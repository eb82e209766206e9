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
from collections import deque
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, final

from fivefold.plumbing.process import JsonProcess, ProcessLost
from fivefold.plumbing.stopper import deaf

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from fivefold.contracts.orders import Foreman, Order
    from fivefold.contracts.records import Recipe

TRIES = 2  # a worker may be lost for no fault of the net's; twice is no accident
POLL = 0.2  # seconds between two looks at whether to stop


@final
class Crew:
    """Worker processes that are started at once and get ready in the background.

    Args:
        module: What a worker runs; it answers `train` and `time` tasks.
        setup: What every worker needs to know.
        environments: One per worker: its share of the machine, as environment variables.
        folder: Where the workers' messages are kept.
    """

    def __init__(
        self,
        module: str,
        setup: dict[str, Any],
        environments: Sequence[dict[str, str]],
        folder: Path,
    ) -> None:
        self.slots = len(environments)
        folder.mkdir(parents=True, exist_ok=True)
        self._module, self._setup = module, setup
        self._environments = tuple(environments)
        self._logs = tuple(folder / f"worker-{i}.log" for i in range(self.slots))
        self._workers = [self._hire(i) for i in range(self.slots)]
        self._is_ready = [False] * self.slots
        self._closed = False

    def run(self, orders: Sequence[Order], foreman: Foreman) -> None:
        """Deal out orders; the calling thread alone talks to the foreman.

        Raises:
            OSError: The disk refuses what a worker writes.
        """
        waiting = deque(orders)
        again: deque[Order] = deque()  # begun already, by a worker that was lost
        tries: dict[str, int] = {}
        said: queue.SimpleQueue[tuple[int, Order, dict[str, Any]]] = queue.SimpleQueue()
        free, busy = set(range(self.slots)), set[int]()
        stopping = False
        while waiting or again or busy:
            while (waiting or again) and free:
                order = again.popleft() if again else foreman.begin(waiting.popleft())
                if order is not None:
                    slot = min(free)
                    free.remove(slot)
                    busy.add(slot)
                    self._begin(slot, order, said)
            if not stopping and foreman.stop():
                stopping = True
                for slot in busy:
                    self._workers[slot].terminate()
            try:
                slot, order, words = said.get(timeout=POLL)
            except queue.Empty:
                continue
            if "share" in words:
                foreman.tick(order, words["share"], words["note"])
                continue
            _raise_refusal(words)
            busy.remove(slot)
            free.add(slot)
            tries[order.title] = tries.get(order.title, 0) + 1
            if "failed" not in words:
                foreman.done(order)
            elif words.get("lost") and tries[order.title] < TRIES and not stopping:
                again.append(order)
            else:
                foreman.failed(order, words["failed"])

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

    def _begin(
        self, slot: int, order: Order, said: queue.SimpleQueue[tuple[int, Order, dict[str, Any]]]
    ) -> None:
        def follow() -> None:
            words: dict[str, Any] = {}
            try:
                for answer in self._ready(slot).ask({"do": "train", "order": asdict(order)}):
                    if "share" in answer:
                        said.put((slot, order, answer))
                    else:
                        words = answer
            except ProcessLost as lost:
                words = {"failed": f"its process {lost}", "lost": True}
                self._replace(slot)
            except Exception as cause:  # noqa: BLE001 - the foreman hears of it; nobody joins us
                words = {"failed": f"{type(cause).__name__}: {cause}"}
            said.put((slot, order, words))

        threading.Thread(target=follow, daemon=True).start()


def _raise_refusal(words: dict[str, Any]) -> None:
    """A disk that is full or shut is no fault of the net's, and no other would fare better."""
    if "refused" in words:
        raise OSError(0, *words["refused"])
