"""Members side by side on one machine: worker processes, one per core or a few per GPU.

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
from typing import TYPE_CHECKING, Any, Literal, final

from fivefold.launch.dealing import deal
from fivefold.plumbing.errors import RunError
from fivefold.plumbing.process import JsonProcess, ProcessLost
from fivefold.plumbing.stopper import deaf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from fivefold.contracts.orders import Foreman, Order
    from fivefold.contracts.records import Recipe

MOST_STARTS = 3  # of workers in one slot that come to nothing, before it is given up


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
        self._states: list[Literal["starting", "free", "busy", "broken"]]
        self._states = ["starting"] * self.slots
        self._failed_starts, self._why = [0] * self.slots, ""
        self._said: queue.SimpleQueue[tuple[int, Order | None, dict[str, Any]]]
        self._said = queue.SimpleQueue()
        self._workers = [self._hire(i) for i in range(self.slots)]
        for slot in range(self.slots):
            self._in_background(self._prepare, slot)

    def get_ready(self) -> None:
        """Wait until every worker is there, or has failed to start often enough."""
        while "starting" in self._states:
            slot, _, words = self._said.get()
            self._arrive(slot, words)

    def run(self, orders: Sequence[Order], foreman: Foreman) -> None:
        """Deal out orders; the calling thread alone talks to the foreman.

        Raises:
            OSError: The disk refuses what a worker writes.
        """
        deal(orders, foreman, self)

    def free(self) -> bool:
        """Whether a worker has nothing to do."""
        return "free" in self._states

    def begin(self, order: Order) -> None:
        """Give an order to a worker; a thread listens to it."""
        slot = self._states.index("free")
        self._states[slot] = "busy"
        self._in_background(self._follow, slot, order)

    def listen(self, seconds: float) -> Iterator[tuple[Order, dict[str, Any]]]:
        """The next saying of a worker, if there is one within `seconds`."""
        with suppress(queue.Empty):
            slot, order, words = self._said.get(timeout=seconds)
            if order is None:
                self._arrive(slot, words)
                return
            _raise_refusal(words)
            if "lost" in words:
                self._replace(slot)
            elif "share" not in words:
                self._states[slot] = "free"
            yield order, words

    def stop(self) -> None:
        """Ask the workers to end their nets."""
        for worker, state in zip(self._workers, self._states, strict=True):
            if state == "busy":
                worker.terminate()

    def hopeless(self) -> str:
        """Why there is no worker and will be none: those of no slot start."""
        return self._why if set(self._states) == {"broken"} else ""

    def rows_per_second(self, recipe: Recipe, *, seconds: float) -> float:
        """Training rows per second of all workers together, each with a net of its own.

        0 where one of them fails at it, or none starts.
        """
        self.get_ready()
        slots = [slot for slot, state in enumerate(self._states) if state == "free"]
        self.slots = max(1, len(slots))
        found, lost = dict.fromkeys(slots, 0.0), list[int]()

        def time_one(slot: int) -> None:
            task = {"do": "time", "recipe": asdict(recipe), "seconds": seconds}
            try:
                for answer in self._workers[slot].ask(task):
                    found[slot] = float(answer.get("rows_per_second", 0.0))
            except ProcessLost:
                lost.append(slot)

        threads = [self._in_background(time_one, slot) for slot in slots]
        for thread in threads:
            thread.join()
        for slot in lost:
            self._replace(slot)
        return sum(found.values()) if all(found.values()) else 0.0

    def close(self) -> None:
        """End all workers."""
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

    def _prepare(self, slot: int) -> None:
        try:
            self._workers[slot].ready(
                wanted=f"one that runs {sys.executable} and imports {self._module}",
                hint="see the run folder's worker logs",
            )
        except RunError as error:
            self._said.put((slot, None, {"failed": error.found}))
        else:
            self._said.put((slot, None, {"ready": True}))

    def _arrive(self, slot: int, words: dict[str, Any]) -> None:
        """A worker is ready, or did not start."""
        if "failed" not in words:
            self._states[slot], self._failed_starts[slot] = "free", 0
            return
        self._failed_starts[slot] += 1
        if self._failed_starts[slot] < MOST_STARTS:
            self._replace(slot)
        else:
            self._states[slot], self._why = "broken", words["failed"]

    def _replace(self, slot: int) -> None:
        """Hire another worker; in the calling thread, for in others `deaf` can do nothing."""
        self._workers[slot].close()
        self._workers[slot], self._states[slot] = self._hire(slot), "starting"
        self._in_background(self._prepare, slot)

    def _follow(self, slot: int, order: Order) -> None:
        words: dict[str, Any] = {"done": True}
        try:
            for answer in self._workers[slot].ask({"do": "train", "order": asdict(order)}):
                if "share" in answer:
                    self._said.put((slot, order, answer))
                else:
                    words = answer
        except ProcessLost as lost:
            words = {"failed": f"its process {lost}", "lost": True}
        except Exception as cause:  # noqa: BLE001 - the foreman hears of it; nobody joins us
            words = {"failed": f"{type(cause).__name__}: {cause}"}
        self._said.put((slot, order, words))

    @staticmethod
    def _in_background(work: Callable[..., None], *words: object) -> threading.Thread:
        thread = threading.Thread(target=work, args=words, daemon=True)
        thread.start()
        return thread


def _raise_refusal(words: dict[str, Any]) -> None:
    """A disk that is full or shut is no fault of the net's, and no other would fare better.

    By its number Python makes of the error what the worker met: FileNotFoundError, for example.
    """
    if "refused" in words:
        raise OSError(words["errno"], *words["refused"])
