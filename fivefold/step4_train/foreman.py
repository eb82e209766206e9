"""Who orders the nets of a plan: shares out what is left of the time, notes what was lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING, final

from fivefold.plumbing.clock import Clock

if TYPE_CHECKING:
    from pathlib import Path

    from fivefold.contracts.orders import Order
    from fivefold.contracts.records import Plan

LEAST_SECONDS = 1.0  # a net that would get less is not begun


@dataclass(frozen=True, kw_only=True)
class Share:
    """The time that step 4 may use.

    Attributes:
        clock: The budget of the whole command.
        reserve: Seconds that later steps need.
    """

    clock: Clock
    reserve: float

    def left(self) -> float:
        """Seconds left for training."""
        return self.clock.left() - self.reserve


@dataclass(frozen=True, kw_only=True)
class Audience:
    """Who is told how far the nets are, and says when to end.

    Attributes:
        bar: Called with (net, share done, note).
        stop: Whether to end with what there is.
    """

    bar: Callable[[str, float, str], None] = lambda *_: None
    stop: Callable[[], bool] = lambda: False


@final
class PlanForeman:
    """Gives every net of a plan its part of what is left when it begins.

    Args:
        plan: How many nets there are, and what each needs beside its training.
        slots: Nets that run side by side.
        folder: Where the nets stand; one that was begun is always gone on with.
        share: The time there is.
        audience: Who looks on.

    Attributes:
        lost: What was not trained, failed or was begun again, in words.
    """

    def __init__(
        self, plan: Plan, slots: int, folder: Path, share: Share, audience: Audience
    ) -> None:
        self.lost: list[str] = []
        self._folder, self._share, self._audience = folder, share, audience
        lines = [line for line in plan.lines for _ in range(line.nets)]
        nets, odd = len(lines), len(lines) % slots
        self._planned = [max(LEAST_SECONDS, line.seconds / line.nets) for line in lines]
        if odd == 1:
            self._planned[-1] *= plan.alone
        parts = [self._planned[begin : begin + slots] for begin in range(0, nets, slots)]
        self._rounds, self._slots = [fmean(part) for part in parts], slots
        self._single = nets - 1 if odd == 1 and slots > 1 else None
        self._held, self._for_vault = plan.held_seconds, nets * plan.vault_seconds
        self._views, self._begun = plan.views, 0

    def begin(self, order: Order) -> Order | None:
        """The order with its seconds; None where there is no time, or somebody wants to stop."""
        number, self._begun = self._begun, self._begun + 1
        left = self._share.left() - self._for_vault
        rounds = self._rounds[number // self._slots :]
        seconds = min(left, left * self._planned[number] / sum(rounds)) - self._held
        begun = any((self._folder / order.member).glob(f"{order.fold}.*"))
        if not begun and (self.stop() or (order.steps is None and seconds < LEAST_SECONDS)):
            reason = "the run was interrupted" if self.stop() else "no time was left"
            self.lost.append(f"net {order.title} was not trained: {reason}")
            return None
        return replace(order, seconds=seconds, views=self._views, alone=number == self._single)

    def tick(self, order: Order, share: float, note: str) -> None:
        """Tell the audience."""
        self._audience.bar(order.title, share, note)

    def stop(self) -> bool:
        """Ask the audience."""
        return self._audience.stop()

    def begun_again(self, order: Order, why: str) -> None:
        """Note it."""
        self.lost.append(f"net {order.title} went on from its last checkpoint: {why}")

    def done(self, order: Order) -> None:
        """Its result stands in the folder, where it is read together with the others."""

    def failed(self, order: Order, why: str) -> None:
        """Note it; the others go on."""
        self.lost.append(f"net {order.title} failed: {why}")
