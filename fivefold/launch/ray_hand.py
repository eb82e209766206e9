"""This machine's side of one worker on a cluster: calls that wait, and losses with a reason."""

from __future__ import annotations

import re
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, final

import numpy as np

from fivefold.launch.ray_worker import RayWorker
from fivefold.launch.supplies import code, proof
from fivefold.plumbing.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fivefold.contracts.orders import Order
    from fivefold.contracts.records import Recipe
    from fivefold.launch.capacity import Request
    from fivefold.launch.supplies import Supplies

CALLS = 4  # at a time in one worker: to begin an order, its news, a wish to stop, the end
RowsFrom = Literal["original", "copy", "sent"]


class HandLost(Exception):  # noqa: N818 - an event, told with its reason
    """A worker, its machine or the way to it is gone; the message says which."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """A worker that is ready.

    Attributes:
        node: Ray's name of its machine.
        address: Network address of that machine.
        rows: It reads the decoded file at its own path, a copy from before, or what was sent.
    """

    node: str
    address: str
    rows: RowsFrom


@final
class Goods:
    """The supplies of a run, and their rows in the object store from when the first needs them.

    Args:
        ray: The connected library.
        supplies: What a worker needs.
    """

    def __init__(self, ray: Any, supplies: Supplies) -> None:  # noqa: ANN401 - a module
        self.supplies, self.proof, self.code = supplies, proof(supplies.rows), code()
        self._ray, self._references = ray, list[Any]()
        self._lock = threading.Lock()

    def references(self) -> list[Any]:
        """References to the chunks of the rows; each machine fetches each chunk once."""
        with self._lock:  # several workers get ready at a time
            if not self._references:
                chunks = self.supplies.chunks()
                self._references = [self._ray.put(np.frombuffer(c, np.uint8)) for c in chunks]
            return self._references

    def clear(self) -> None:
        """Let the object store forget the rows until somebody needs them again."""
        self._references = []


@final
class RayHand:
    """One worker: asked for at once, there when `prepare` returns.

    Args:
        ray: The connected library.
        share: What it asks for.
        goods: What it needs.
    """

    def __init__(self, ray: Any, share: Request, goods: Goods) -> None:  # noqa: ANN401 - a module
        self._ray, self._share, self._goods = ray, share, goods
        self.address = "a machine"
        self._actor = (
            ray.remote(RayWorker)
            .options(
                num_cpus=share.cpus,
                num_gpus=share.gpus,
                max_concurrency=CALLS,
                scheduling_strategy="SPREAD",
            )
            .remote()
        )

    def prepare(self) -> Arrival:
        """Wait for the worker and give it what it needs.

        Raises:
            HandLost: It is gone.
            RunError: It cannot be used: another fivefold, no room on its disk ...
        """
        supplies = self._goods.supplies
        facts = (str(supplies.rows), self._goods.proof, supplies.key, supplies.size)
        seen = self._get(self._actor.look.remote(*facts))
        self.address = seen["address"]
        if seen["code"] != self._goods.code:
            raise RunError(
                found=f"another fivefold on {self.address} than here",
                wanted="the same code on every machine of the cluster",
                hint="install the same version there",
            )
        rows: RowsFrom = "original" if seen["original"] else "copy" if seen["copy"] else "sent"
        sent = (supplies.size, self._goods.references()) if rows == "sent" else None
        share = {"cpus": self._share.cpus, "gpus": self._share.gpus}
        copy = "" if rows == "original" else supplies.key
        opening = self._actor.open.remote(supplies.opener, supplies.records, share, copy, sent)
        if not self._get(opening) and rows == "sent":
            rows = "copy"  # a neighbour was quicker
        return Arrival(node=seen["node"], address=self.address, rows=rows)

    def train(self, order: Order, files: dict[str, bytes]) -> Iterator[dict[str, Any]]:
        """Begin an order and yield its news, see `RayWorker.news`, until its end.

        Raises:
            HandLost: The worker is gone.
        """
        self._get(self._actor.begin.remote(asdict(order), files))
        while True:
            news = self._get(self._actor.news.remote())
            yield news
            if "done" in news or "failed" in news:
                return

    def timing(self, recipe: Recipe, seconds: float) -> Any:  # noqa: ANN401 - of Ray
        """Begin to time a recipe; `rows_per_second` waits for the outcome."""
        return self._actor.rows_per_second.remote(asdict(recipe), seconds)

    def rows_per_second(self, timing: Any) -> float:  # noqa: ANN401 - of Ray
        """Training rows per second, as `timing` found.

        Raises:
            HandLost: The worker is gone.
        """
        return float(self._get(timing))

    def stop(self) -> None:
        """Ask it to end its net with what there is; nobody waits for that."""
        self._actor.stop.remote()

    def leave(self, seconds: float) -> None:
        """Let it put its folder away, for at most so long, and end it."""
        with suppress(Exception):  # one that is gone has nothing to put away
            self._ray.wait([self._actor.close.remote()], timeout=seconds)
        self.kill()

    def kill(self) -> None:
        """End it, whatever it does."""
        with suppress(Exception):  # so has the cluster
            self._ray.kill(self._actor)

    def _get(self, reference: Any) -> Any:  # noqa: ANN401 - whatever a method gives
        errors = self._ray.exceptions
        try:
            return self._ray.get(reference)
        except errors.RayTaskError as cause:
            raise RunError(
                found=f"a worker on {self.address} that fails: {reason(str(cause))}",
                wanted="one that can train",
                hint="see to that machine, or leave it out of the cluster",
            ) from cause
        except (errors.RayError, ConnectionError) as cause:
            raise HandLost(f"on {self.address} was lost ({reason(str(cause))})") from cause


def reason(message: str) -> str:
    """The line of an error of Ray that tells what went wrong, without the advice around it."""
    lines = [line.strip() for line in message.strip().splitlines()] or ["for no reason"]
    told = [line for line in lines if re.match(r"[A-Za-z_.]*(Error|Exception)\b.*:", line)]
    return (told or lines)[-1 if told else 0].split(". ")[0].rstrip(".")
