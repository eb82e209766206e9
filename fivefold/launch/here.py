"""Members one after the other in this process, each on all cores or on the GPU."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol, final

from fivefold.plumbing.errors import RunError
from fivefold.plumbing.files import REFUSED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fivefold.contracts.orders import Foreman, Order
    from fivefold.contracts.records import Recipe


class Work(Protocol):
    """What is done for an order; step 4 hands it in."""

    def prepare(self) -> None:
        """What the first order would otherwise wait for."""

    def train(
        self, order: Order, tick: Callable[[float, str], None], stop: Callable[[], bool]
    ) -> None:
        """Train the net of an order and leave the result in the run folder."""

    def rows_per_second(self, recipe: Recipe, *, seconds: float) -> float:
        """Training rows per second of a net of `recipe`."""


@final
class Here:
    """Carries out orders in this process; prepares for them in the background at once.

    Args:
        work: What is done for an order.
    """

    slots, apart, alone = 1, False, 1.0

    def __init__(self, work: Work) -> None:
        self._work = work
        pool = ThreadPoolExecutor(1)
        self._prepared = pool.submit(work.prepare)
        pool.shutdown(wait=False)

    def get_ready(self) -> None:
        """Wait until it is."""
        self._prepared.result()

    def run(self, orders: Sequence[Order], foreman: Foreman) -> None:
        """One order after the other; one that fails does not keep the next from its turn.

        Raises:
            OSError: The disk refuses what is written (SafetensorError where that library met it).
            RunError: The same, from the foreman.
        """
        self.get_ready()
        for waiting in orders:
            order = foreman.begin(waiting)
            if order is None:
                continue

            def tick(share: float, note: str, order: Order = order) -> None:
                foreman.tick(order, share, note)

            try:
                self._work.train(order, tick, foreman.stop)
            except (*REFUSED, RunError):  # no fault of this net's: no other would fare better
                raise
            except Exception as cause:  # noqa: BLE001 - whatever one net dies of, the others go on
                foreman.failed(order, f"{type(cause).__name__}: {cause}")
            else:
                foreman.done(order)

    def rows_per_second(self, recipe: Recipe, *, seconds: float) -> float:
        """Training rows per second of one net on all cores; 0 where it cannot be timed.

        Raises:
            OSError: The disk refuses what is written.
            RunError: The run cannot go on.
        """
        try:
            return self._work.rows_per_second(recipe, seconds=seconds)
        except (*REFUSED, RunError):
            raise
        except Exception:  # noqa: BLE001 - if that net is trained yet, it fails and says of what
            return 0.0

    def close(self) -> None:
        """Nothing is held."""
