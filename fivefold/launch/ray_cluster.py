"""Members over a cluster: Ray finds each a machine with room, moves the bytes, tells of losses.

A worker is an actor that asks for its share of cores and GPUs and trains one net at a time. The
run folder stays on this machine: checkpoints and results come back as they appear, so that a net
whose worker or machine is lost goes on elsewhere, and a later `--resume` needs nobody's disk.
"""

from __future__ import annotations

import queue
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING, Any, Literal, final

from fivefold.launch.capacity import Machine, request
from fivefold.launch.dealing import POLL, deal
from fivefold.launch.ray_hand import Goods, HandLost, RayHand
from fivefold.launch.ray_link import linked
from fivefold.plumbing.errors import OptionError, RunError
from fivefold.plumbing.files import atomic, size_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from fivefold.contracts.orders import Foreman, Order
    from fivefold.contracts.records import Recipe
    from fivefold.launch.ray_hand import Arrival
    from fivefold.launch.supplies import Supplies
    from fivefold.launch.where import Where

START_SECONDS = 120.0  # without any worker that is ready; a cluster may have to add machines
COMPANY_SECONDS = 30.0  # that those who are ready wait for the others before they are timed
LEAVE_SECONDS = 3.0  # for workers to put their folders away at the end
MOST_LOSSES = 3  # of workers in one seat, before it is given up


@dataclass(eq=False)
class _Seat:
    """A place for one worker; whoever is lost is replaced.

    Attributes:
        hand: The worker.
        state: `starting`, `free`, `busy`, or `broken` for good.
        losses: Workers that were lost here one after the other.
    """

    hand: RayHand
    state: Literal["starting", "free", "busy", "broken"] = "starting"
    losses: int = 0


@final
class RayCluster:
    """Workers on the machines of a cluster: asked for at once, ready in the background.

    Args:
        where: Which cluster, and what each net asks for.
        supplies: What a worker needs.
        folder: The folder of members; a net leaves `member/fold.*` in it.
        nets: How many nets there may be to train; more workers would be idle.
        say: Told in a line who trains and what was moved.

    Raises:
        OptionError: No machine has room for one net.
        RunError: There is no cluster.
    """

    apart = True
    alone = 1.0
    tries = 3  # machines of a cluster come and go

    def __init__(
        self,
        where: Where,
        supplies: Supplies,
        folder: Path,
        *,
        nets: int,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._ray, self._ours = linked(where.address or "")
        self._folder, self._say = folder, say
        self._said: queue.SimpleQueue[tuple[_Seat, Order | None, dict[str, Any]]]
        self._said = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._arrivals: dict[str, list[Arrival]] = {}
        self._told, self._why, self._waits_since = False, "", time.monotonic()
        try:
            self._share = request(self._machines(), nets, where)
        except OptionError:
            self._disconnect()
            raise
        self.slots = self._share.slots
        self._goods = Goods(self._ray, supplies)
        self._seats = [_Seat(self._hand()) for _ in range(self.slots)]
        for seat in self._seats:
            self._in_background(self._prepare, seat)

    def get_ready(self) -> None:
        """Its machines are others."""

    def run(self, orders: Sequence[Order], foreman: Foreman) -> None:
        """Deal out orders to whoever is ready; the calling thread alone talks to the foreman."""
        deal(orders, foreman, self)
        self._tell()

    def rows_per_second(self, recipe: Recipe, *, seconds: float) -> float:
        """Training rows per second of all workers together, each with a net of its own.

        0 where the net is too large for one of their machines: it may be trained on any of them.

        Raises:
            RunError: No worker gets ready.
        """
        ready = self._ready()
        self.slots = len(ready)
        timings = [(seat, seat.hand.timing(recipe, seconds)) for seat in ready]
        found: list[float] = []
        for seat, timing in timings:
            try:
                found.append(seat.hand.rows_per_second(timing))
            except HandLost:
                self._replace(seat)
            except RunError as failed:
                if 0.0 not in found:  # once, however many machines are alike
                    self._say(failed.found)
                found.append(0.0)
        return self.slots * fmean(found) if found and all(found) else 0.0

    def close(self) -> None:
        """End all workers; the cluster goes on, unless it was begun here."""
        until = time.monotonic() + LEAVE_SECONDS
        for seat in self._seats:
            seat.hand.leave(max(0.0, until - time.monotonic()))
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        self._disconnect()

    def free(self) -> bool:
        """Whether a worker has nothing to do."""
        return any(seat.state == "free" for seat in self._seats)

    def begin(self, order: Order) -> None:
        """Give an order to a worker, with what an earlier one left of it."""
        seat = next(seat for seat in self._seats if seat.state == "free")
        seat.state = "busy"
        self._in_background(self._follow, seat, replace(order, alone=False))

    def listen(self, seconds: float) -> Iterator[tuple[Order, dict[str, Any]]]:
        """The next saying of a worker, if there is one within `seconds`; its files are kept."""
        with suppress(queue.Empty):
            seat, order, words = self._said.get(timeout=seconds)
            if order is None:
                self._arrive(seat, words)
                return
            if "files" in words:
                self._keep(order, words)
            if "share" in words:
                yield order, {"share": words.pop("share"), "note": words.pop("note")}
            if "lost" in words:
                self._replace(seat)
            elif "done" in words or "failed" in words:
                seat.state = "free"
            else:
                return
            yield order, words

    def stop(self) -> None:
        """Ask the workers to end their nets."""
        for seat in self._seats:
            if seat.state == "busy":
                seat.hand.stop()

    def hopeless(self) -> str:
        """Why no worker will come: all are broken, or none was ready for a long time."""
        states = {seat.state for seat in self._seats}
        if states & {"free", "busy"}:
            self._waits_since = time.monotonic()
        elif states == {"broken"}:
            return self._why
        elif time.monotonic() - self._waits_since > START_SECONDS:
            return self._why or f"no worker of the cluster was ready for {START_SECONDS:.0f} s"
        return ""

    def _ready(self) -> list[_Seat]:
        """Those who are ready, once all are or waiting for the others does not pay."""
        begin, ready = time.monotonic(), [seat for seat in self._seats if seat.state == "free"]
        while any(seat.state == "starting" for seat in self._seats):
            if ready and time.monotonic() - begin > COMPANY_SECONDS:
                break
            with suppress(queue.Empty):
                seat, _, words = self._said.get(timeout=POLL)
                self._arrive(seat, words)
            ready = [seat for seat in self._seats if seat.state == "free"]
            if self.hopeless():
                break
        if not ready:
            raise RunError(
                found=f"a cluster without a worker: {self.hopeless()}",
                wanted="one on which fivefold is installed and machines have room",
                hint="see ray status, and the logs of Ray on the machine in question",
            )
        self._tell()
        return ready

    def _arrive(self, seat: _Seat, words: dict[str, Any]) -> None:
        """A worker is ready, or was lost before, or cannot be used."""
        if "arrival" in words:
            seat.state, seat.losses = "free", 0
            arrival: Arrival = words["arrival"]
            self._arrivals.setdefault(arrival.node, []).append(arrival)
            if not any(seat.state == "starting" for seat in self._seats):
                self._goods.clear()
                self._tell()
        elif "lost" in words:
            self._why = words["failed"]
            self._replace(seat)
        else:
            self._why, seat.state = words["failed"], "broken"
            self._say(f"ray: {words['failed']}")

    def _replace(self, seat: _Seat) -> None:
        seat.hand.kill()
        seat.losses += 1
        if seat.losses > MOST_LOSSES:
            seat.state = "broken"
            return
        seat.hand, seat.state = self._hand(), "starting"
        self._waits_since = time.monotonic()  # the new one has its time to get ready too
        self._in_background(self._prepare, seat)

    def _prepare(self, seat: _Seat) -> None:
        self._said.put((seat, None, {"arrival": seat.hand.prepare()}))

    def _follow(self, seat: _Seat, order: Order) -> None:
        folder = self._folder / order.member
        files = {file.name: file.read_bytes() for file in folder.glob(f"{order.fold}.*")}
        for news in seat.hand.train(order, files):
            self._said.put((seat, order, news))

    def _in_background(self, work: Callable[..., None], seat: _Seat, *order: Order) -> None:
        """Wait for a worker in a thread of its own; its end is a saying too."""

        def waiting() -> None:
            words: dict[str, Any]
            try:
                work(seat, *order)
            except HandLost as lost:
                words = {"failed": f"{'its' if order else 'a'} worker {lost}", "lost": True}
            except RunError as error:
                words = {"failed": error.found}
            except Exception as cause:  # noqa: BLE001 - the foreman hears of it; nobody joins us
                words = {"failed": f"{type(cause).__name__}: {cause}"}
            else:
                return
            self._said.put((seat, next(iter(order), None), words))

        self._threads.append(threading.Thread(target=waiting, daemon=True))
        self._threads[-1].start()

    def _keep(self, order: Order, words: dict[str, Any]) -> None:
        """Write what came of an order into the run folder; of one that is done, nothing else stays.

        A record's JSON file comes last, here as in the folder where it was made.
        """
        folder = self._folder / order.member
        for name, content in words["files"].items():
            with atomic(folder / name) as temporary:
                temporary.write_bytes(content)
        if "done" in words:
            for file in folder.glob(f"{order.fold}.*"):
                if file.name not in words["done"]:
                    file.unlink()

    def _tell(self) -> None:
        """Say once who trains, and what was moved to whom."""
        if self._told or not self._arrivals:
            return
        self._told = True
        share, arrivals = self._share, [one for some in self._arrivals.values() for one in some]
        gpus = f" and {_count(share.gpus, 'GPU')}" if share.gpus else ""
        self._say(
            f"ray: {_count(len(arrivals), 'worker')} on {_count(len(self._arrivals), 'machine')}, "
            f"{_count(share.cpus, 'core')}{gpus} each; {self._moved()}"
        )

    def _moved(self) -> str:
        """Where the machines have the rows from, in words."""
        first = [
            next((one.rows for one in some if one.rows == "sent"), some[0].rows)
            for some in self._arrivals.values()
        ]
        size = size_words(self._goods.supplies.size)
        words = {
            "original": "read at their own path on {}",
            "sent": f"{size} sent to {{}}",
            "copy": "there from before on {}",
        }
        return "rows: " + ", ".join(
            text.format(first.count(rows)) for rows, text in words.items() if rows in first
        )

    def _machines(self) -> list[Machine]:
        alive = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        return [Machine(cpus=node.get("CPU", 0.0), gpus=node.get("GPU", 0.0)) for node in alive]

    def _hand(self) -> RayHand:
        return RayHand(self._ray, self._share, self._goods)

    def _disconnect(self) -> None:
        if self._ours:
            self._ray.shutdown()


def _count(number: float, thing: str) -> str:
    return f"{number:g} {thing}{'s' * (number != 1)}"
