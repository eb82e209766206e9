"""One worker on a machine of a cluster: trains what it is ordered, one net at a time.

Ray makes an actor of it. Its methods are called from several threads: one begins an order,
another waits for news, a third may ask it to stop. A net is trained in a folder of the worker's
own, and whatever changes there for the order goes back as news.
"""

from __future__ import annotations

import queue
import shutil
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, final

from fivefold.contracts import saving
from fivefold.contracts.orders import Order
from fivefold.contracts.records import Recipe
from fivefold.launch.supplies import code, copy_of, proof, receive, standing
from fivefold.plumbing.changes import Changes
from fivefold.plumbing.files import REFUSED, refusal

if TYPE_CHECKING:
    from fivefold.launch.here import Work

PATIENCE = 5.0  # seconds after which no news are news too: somebody may wait for a sign of life
LOOK = 0.2  # seconds between two looks at what changed
RATIO = 50.0  # a checkpoint is sent again after so many times what sending the last one took


@final
class RayWorker:
    """Made empty, then `look`, `open`, and orders.

    Attributes:
        stopping: Set once it was asked to stop; every later net then ends at once too.
    """

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self._run = Path(tempfile.mkdtemp(prefix="fivefold-"))
        self._ended: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._told: dict[str, Any] = {}
        self._folder = self._run
        self._changes = Changes(self._run, "no order yet")
        self._sent_at, self._next_sending = 0.0, 0.0

    def look(self, rows: str, expected: str, key: str, size: int) -> dict[str, Any]:
        """What there is already: which fivefold, the decoded file itself, a copy of its rows."""
        import ray

        return {
            "node": ray.get_runtime_context().get_node_id(),
            "address": ray.util.get_node_ip_address(),
            "code": code(),
            "original": proof(Path(rows)) == expected,
            "copy": standing(key, size),
        }

    def open(
        self,
        opener: str,
        records: dict[str, bytes],
        share: dict[str, float],
        copy: str = "",
        sent: tuple[int, list[Any]] | None = None,
    ) -> bool:
        """Get ready to train.

        Args:
            opener: `module:function` that gives the `Work`, see `step4_train.away`.
            records: Small files by their place in the run folder.
            share: `cpus` and `gpus` of this worker.
            copy: Name of the copy of the rows to read; empty for the original.
            sent: Size of that copy and references to its chunks, where it is not there yet.

        Returns:
            Whether this worker wrote the copy; of several on a machine one does.
        """
        import ray

        wrote = sent is not None and receive(copy, sent[0], (ray.get(ref) for ref in sent[1]))
        for name, content in records.items():
            _put(self._run / name, content)
        place = copy_of(copy) if copy else None
        self._work: Work = resolve_name(opener)(self._run, place, **share)
        return wrote

    def begin(self, order: dict[str, Any], files: dict[str, bytes]) -> None:
        """Begin an order, from the files that an earlier worker left of it."""
        self._told = {}
        threading.Thread(target=self._train, args=(order, files), daemon=True).start()

    def news(self) -> dict[str, Any]:
        """What happened since the last call, as soon as something did.

        `files` are those of the order that changed. The last news have `done` with the names of
        all its files, or `failed` with the reason. Empty after a while without any.
        """
        if self._sent_at:  # the last files have arrived, or nobody would ask
            took = time.monotonic() - self._sent_at
            self._sent_at, self._next_sending = 0.0, time.monotonic() + RATIO * took
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                return self._last_news(self._ended.get(timeout=LOOK))
            except queue.Empty:
                news, self._told = self._told, {}
            if time.monotonic() > self._next_sending and (files := self._changed()):
                self._sent_at = time.monotonic()
                news = {**news, "files": files}
            if news:
                return news
        return {}

    def rows_per_second(self, recipe: dict[str, Any], seconds: float) -> float:
        """Training rows per second of a net of a recipe."""
        return self._work.rows_per_second(saving.read(Recipe, recipe), seconds=seconds)

    def stop(self) -> None:
        """End the net in training with what there is."""
        self.stopping.set()

    def close(self) -> None:
        """Leave nothing behind but the rows, which a next run may want."""
        shutil.rmtree(self._run, ignore_errors=True)

    def _train(self, words: dict[str, Any], files: dict[str, bytes]) -> None:
        def tick(share: float, note: str) -> None:
            self._told = {"share": share, "note": note}

        try:
            order = saving.read(Order, words)
            folder = self._run / "train" / order.member
            for name, content in files.items():
                _put(folder / name, content)
            changes = Changes(folder, f"{order.fold}.*")
            changes.look()
            self._folder, self._changes = folder, changes
            self._work.train(order, tick, self.stopping.is_set)
            self._ended.put({"done": sorted(f.name for f in folder.glob(f"{order.fold}.*"))})
        except REFUSED as cause:  # no fault of the net's: another machine may have room
            why, _ = refusal(cause)
            self._ended.put({"failed": f"its worker's disk refused ({why})", "lost": True})
        except Exception as cause:  # noqa: BLE001 - whatever one net dies of, the others go on
            self._ended.put({"failed": f"{type(cause).__name__}: {cause}"})

    def _last_news(self, ended: dict[str, Any]) -> dict[str, Any]:
        """The end of an order, with what was not told or sent yet."""
        told, self._told = self._told, {}
        if "failed" in ended:
            return {**told, **ended}
        return {**told, **ended, "files": self._changed()}

    def _changed(self) -> dict[str, bytes]:
        """Files of the order that changed since they were sent."""
        found: dict[str, bytes] = {}
        for name in self._changes.look():
            with suppress(FileNotFoundError):  # a checkpoint goes when its net is done
                found[name] = (self._folder / name).read_bytes()
        return found


def _put(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
