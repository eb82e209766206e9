"""Dealing out orders: the one loop of all launchers that train several nets at a time.

It keeps the sequence, asks the foreman when a hand is free, and gives an order whose worker was
lost to another hand, which goes on from the last checkpoint.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fivefold.contracts.orders import Foreman, Order

POLL = 0.2  # seconds between two looks at whether to stop
LEAST_SECONDS = 1.0  # of an order that is begun again: enough to answer with what there is


class Hands(Protocol):
    """Workers as the loop sees them.

    Attributes:
        tries: How often an order may lose its worker before it counts as failed.
    """

    tries: int

    def free(self) -> bool:
        """Whether one of them could begin an order now."""

    def begin(self, order: Order) -> None:
        """One that is free begins an order."""

    def listen(self, seconds: float) -> Iterable[tuple[Order, dict[str, Any]]]:
        """What busy hands said, waiting for at most about `seconds`.

        Each saying is `share` and `note` (progress), `done`, or `failed` with the reason, and
        `lost` where it was the worker's end and not the net's.
        """

    def stop(self) -> None:
        """Ask all that are busy to end with what there is."""

    def hopeless(self) -> str:
        """Why none of them will ever be free; empty while there is hope."""


def deal(orders: Sequence[Order], foreman: Foreman, hands: Hands) -> None:
    """Carry out orders; the calling thread alone talks to the foreman.

    Args:
        orders: In the sequence in which they are begun.
        foreman: Says how long each may take, and hears what became of it.
        hands: Who carries them out.
    """
    _Deal(orders, foreman, hands).run()


@final
class _Deal:
    """The loop with its state at hand."""

    def __init__(self, orders: Sequence[Order], foreman: Foreman, hands: Hands) -> None:
        self.foreman, self.hands = foreman, hands
        self.waiting = deque(orders)
        # Begun already, by a worker that was lost; and when.
        self.again: deque[tuple[Order, float]] = deque()
        self.begun: dict[str, float] = {}  # when; of those in work
        self.losses: Counter[str] = Counter()
        self.stopping = False

    def run(self) -> None:
        """Until every order is done, or failed."""
        while self.waiting or self.again or self.begun:
            self._begin_some()
            if not self.stopping and self.foreman.stop():
                self.stopping = True
                self.hands.stop()
            for order, words in self.hands.listen(POLL):
                if "share" in words:
                    self.foreman.tick(order, words["share"], words["note"])
                else:
                    self._end(order, words)
            if not self.begun and (why := self.hands.hopeless()):
                for order in (*(order for order, _ in self.again), *self.waiting):
                    self.foreman.failed(order, why)
                return

    def _begin_some(self) -> None:
        while (self.waiting or self.again) and self.hands.free():
            order = self._next()
            if order is not None:
                self.begun[order.title] = time.monotonic()
                self.hands.begin(order)
                if self.stopping:
                    self.hands.stop()

    def _next(self) -> Order | None:
        if not self.again:
            return self.foreman.begin(self.waiting.popleft())
        order, begun = self.again.popleft()
        # It ends when it would have ended: neither what was lost nor the wait for another hand is
        # added to the run's time.
        left = order.seconds - (time.monotonic() - begun)
        return replace(order, seconds=max(LEAST_SECONDS, left))

    def _end(self, order: Order, words: dict[str, Any]) -> None:
        begun = self.begun.pop(order.title)
        self.losses[order.title] += "lost" in words
        if "failed" not in words:
            self.foreman.done(order)
        elif "lost" in words and self.losses[order.title] < self.hands.tries and not self.stopping:
            self.foreman.begun_again(order, words["failed"])
            self.again.append((order, begun))
        else:
            self.foreman.failed(order, words["failed"])
