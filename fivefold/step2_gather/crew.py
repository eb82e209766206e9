"""The parent's side of the decoding workers: deals out work, survives their crashes.

Processes rather than threads: on two cores threads decoded 60,000 small JPEG files 1.1 times as
fast as one core, processes 1.9 times, and only a process can be ended when a decoder hangs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np

from fivefold.plumbing.errors import BadItem, DataError
from fivefold.plumbing.process import ProcessLost
from fivefold.step2_gather.item import CARDS, UNDONE, card_type
from fivefold.step2_gather.process import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

# One task: enough small files to make its round trip cheap, few enough large ones to share out.
_TASK_ITEMS = 256
_TASK_BYTES = 8 << 20
# Raw bytes of the sample that the cached shape is chosen from.
_SAMPLE_BYTES = 64 << 20
# Each lost worker costs its time limit; with more than this the data need a look, not patience.
_MOST_LOST = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What a crew works on.

    Attributes:
        place: `module:Class` of the input kind.
        read: Bytes of the item at a row; raises BadItem.
        rows: The rows to decode.
        item_seconds: Time limit of one item.
        folder: The cache under construction; workers' messages are kept there meanwhile.
    """

    place: str
    read: Callable[[int], bytes]
    rows: Sequence[int]
    item_seconds: float
    folder: Path


class DiskFull(Exception):  # noqa: N818 - turned into a RunError with sizes by the cache
    """A worker could not write its rows."""


@final
class Crew:
    """Workers that decode the rows of an order; an item that costs a worker is set apart.

    Attributes:
        bad: Row -> reason, of every item that cannot be used.
        refused: Row -> reason, of sampled items that did not open; `decode` meets them again.
        item_bytes: Of a raw item of the sample, on average.
    """

    def __init__(self, order: Order) -> None:
        self.bad: dict[int, str] = {}
        self.refused: dict[int, str] = {}
        self.item_bytes = 0.0
        self._order = order
        self._lost = 0
        self._hired = 0
        self._finished = 0
        self._stopped = False
        self._staff: list[Worker] = []
        self._free: list[Worker] = []
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._left: Iterator[int] = iter(order.rows)

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self._staff:
            worker.close()

    def learn(self, sample: Sequence[int]) -> dict[str, Any] | None:
        """The cached shape that the kind chooses from these rows; None where none can be opened.

        Raises:
            RunError: No worker starts.
            DataError: Too many items crash or hang the decoder.
        """
        rows, blobs = self._read(iter(sample), len(sample), _SAMPLE_BYTES)
        self.item_bytes = sum(map(len, blobs)) / max(1, len(blobs))
        while rows:
            worker = self._hire()
            shape: dict[str, Any] | None = None
            position = -1
            try:
                for answer in worker.ask({"do": "learn"}, blobs):
                    if "shape" in answer:
                        shape = answer["shape"]
                        continue
                    position = answer["opened"]
                    if answer["reason"] is not None:
                        self.refused[rows[position]] = answer["reason"]
            except ProcessLost as lost:
                self._set_apart(rows[position + 1], str(lost))
                del rows[position + 1], blobs[position + 1]
            else:
                self._free.append(worker)
                return shape
        return None

    def decode(
        self, shape: dict[str, Any], workers: int, tick: Callable[[float], None] | None
    ) -> None:
        """Decode every row into the cache files.

        Args:
            shape: The cached shape.
            workers: Number of processes.
            tick: Told the share that is done.

        Raises:
            RunError: No worker starts.
            DataError: Too many items crash or hang the decoder.
            DiskFull: A worker could not write.
        """
        task = {"do": "decode", "shape": shape, "folder": str(self._order.folder)}
        total = max(len(self._order.rows), 1)
        with ThreadPoolExecutor(workers) as pool:
            try:
                pending: set[Future[None]] = {
                    pool.submit(self._serve, task) for _ in range(workers)
                }
                while pending:
                    done, pending = wait(pending, timeout=0.25, return_when=FIRST_EXCEPTION)
                    for future in done:
                        future.result()
                    if pending and tick is not None:
                        tick(self._finished / total)
            finally:
                self._stop()
        if tick is not None:
            tick(1.0)

    def _serve(self, task: dict[str, Any]) -> None:
        """One thread, one worker after the other, until no rows are left."""
        worker = self._hire()
        while not self._stopped:
            rows, blobs = self._read(self._left, _TASK_ITEMS, _TASK_BYTES)
            if not rows:
                return
            count = len(rows)
            while rows and not self._stopped:
                try:
                    self._decode(worker, {**task, "rows": rows}, blobs)
                    rows = []
                except ProcessLost as lost:
                    rows, blobs = self._after_loss(task["shape"], rows, blobs, str(lost))
                    worker = self._hire()
            with self._lock:
                self._finished += count

    def _decode(self, worker: Worker, task: dict[str, Any], blobs: list[bytes]) -> None:
        for answer in worker.ask(task, blobs):
            if "disk" in answer:
                raise DiskFull(answer["disk"])
            self.bad[answer["row"]] = answer["reason"]

    def _after_loss(
        self, shape: dict[str, Any], rows: list[int], blobs: list[bytes], reason: str
    ) -> tuple[list[int], list[bytes]]:
        """Blame the first item without a card and give back those behind it."""
        if self._stopped:
            return [], []
        states = np.memmap(self._order.folder / CARDS, card_type(shape), mode="r")["state"][rows]
        undone = np.flatnonzero(states == UNDONE)
        if not undone.size:
            return [], []
        first = int(undone[0])
        self._set_apart(rows[first], reason)
        return rows[first + 1 :], blobs[first + 1 :]

    def _set_apart(self, row: int, reason: str) -> None:
        with self._lock:
            self.bad[row] = reason
            self._lost += 1
            if self._lost > _MOST_LOST:
                raise DataError(
                    found=f"more than {_MOST_LOST} items that crash or hang the decoder "
                    f"(the last one {reason})",
                    wanted="items that open, or fail, in seconds",
                    hint="look at the files, and take those of this kind out",
                )

    def _read(self, rows: Iterator[int], most: int, bound: int) -> tuple[list[int], list[bytes]]:
        """Read the next task's items; those that cannot be read are set apart here."""
        taken: list[int] = []
        blobs: list[bytes] = []
        held = 0
        # One reader at a time: an archive has one place to read from.
        with self._reading:
            for row in rows:
                if row not in self.bad:
                    try:
                        blobs.append(self._order.read(row))
                    except BadItem as bad:
                        self.bad[row] = str(bad)
                        continue
                    taken.append(row)
                    held += len(blobs[-1])
                if len(taken) >= most or held >= bound:
                    break
        return taken, blobs

    def _hire(self) -> Worker:
        """A worker that is free, or a new one."""
        with self._lock:
            if self._free:
                return self._free.pop()
            self._hired += 1
            log = self._order.folder / f"worker-{self._hired}.log"
        worker = Worker(self._order.place, self._order.item_seconds, log)
        with self._lock:
            self._staff.append(worker)
        return worker

    def _stop(self) -> None:
        """Make every thread end: the answer it waits for does not come."""
        self._stopped = True
        with self._lock:
            for worker in self._staff:
                worker.kill()
