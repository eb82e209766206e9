"""How nets are ordered from whoever trains them: this process, others beside it, a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from fivefold.contracts.records import Recipe

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """One net to be trained. Its result stands in the run folder when the order is done.

    Attributes:
        member: The member it belongs to.
        fold: Rows of this fold are held out and answered for.
        recipe: How it is trained, before the fold's own seed.
        seconds: Wall-clock of the training; set when it begins.
        steps: Fixed number of steps instead; None goes by the clock.
        most: Steps at which it ends before its seconds are over.
        views: Most passes per answer that test-time views may take.
        alone: No other net runs beside it, so it may use the whole machine.
    """

    member: str
    fold: int
    recipe: Recipe
    seconds: float = 0.0
    steps: int | None = None
    most: int | None = None
    views: int = 6
    alone: bool = False

    @property
    def title(self) -> str:
        """`member/fold`, as in reports."""
        return f"{self.member}/{self.fold}"


class Foreman(Protocol):
    """Who orders: says how long each net may take, and hears what became of it."""

    def begin(self, order: Order) -> Order | None:
        """The order as it is to be carried out now; None where it is not worth beginning."""

    def tick(self, order: Order, share: float, note: str) -> None:
        """An order is done to `share` (0 to 1)."""

    def stop(self) -> bool:
        """Whether to end with what there is; asked several times a second."""

    def begun_again(self, order: Order, why: str) -> None:
        """An order lost its worker; another one goes on from the last checkpoint."""

    def done(self, order: Order) -> None:
        """The result of an order stands in the run folder."""

    def failed(self, order: Order, why: str) -> None:
        """An order came to nothing."""


class Launcher(Protocol):
    """Where members run.

    Attributes:
        slots: Nets that are trained side by side.
        apart: They do not share this machine: one that is alone there is no faster for it.
        alone: Part of their speed that the first process has by itself, when they are trained.
    """

    slots: int
    apart: bool
    alone: float

    def get_ready(self) -> None:
        """Wait until those are ready whose getting ready would slow down others on this machine."""

    def run(self, orders: Sequence[Order], foreman: Foreman) -> None:
        """Carry out orders in their sequence, `slots` at a time; returns when all have ended."""

    def rows_per_second(self, recipe: Recipe, *, seconds: float) -> float:
        """Training rows per second of all slots together, each training a net of `recipe`."""

    def close(self) -> None:
        """Let go of processes and machines."""
