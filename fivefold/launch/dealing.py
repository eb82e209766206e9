"""Dealing out orders: the one loop of all launchers that train several nets at a time.

It keeps the sequence, asks the foreman when a hand is free, and gives an order whose worker was
lost to another hand, which goes on from the last checkpoint.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

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
    waiting = deque(orders)
    again: deque[Order] = deque()
    begun: dict[str, float] = {}
    losses: Counter[str] = Counter()
    stopping, why = False, ""
    while waiting or again or begun:
        while (waiting or again) and hands.free():
            order = again.popleft() if again else foreman.begin(waiting.popleft())
            if order is not None:
                begun[order.title] = time.monotonic()
                hands.begin(order)
                if stopping:
                    hands.stop()
        if not stopping and foreman.stop():
            stopping = True
            hands.stop()
        for order, words in hands.listen(POLL):
            if "share" in words:
                foreman.tick(order, words["share"], words["note"])
                continue
            took = time.monotonic() - begun.pop(order.title)
            losses[order.title] += bool(words.get("lost"))
            if "failed" not in words:
                foreman.done(order)
            elif words.get("lost") and losses[order.title] < hands.tries and not stopping:
                foreman.begun_again(order, words["failed"])
                # It ends when it would have ended: what was lost is not added to the run's time.
                again.append(replace(order, seconds=max(LEAST_SECONDS, order.seconds - took)))
            else:
                foreman.failed(order, words["failed"])
        if not begun and (why := hands.hopeless()):
            break
    for order in (*again, *waiting):
        foreman.failed(order, why)
