"""What is handed to a step from outside: who answers for it, and who is told how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from fivefold.contracts.rows import FloatArray, Items


class Predictor(Protocol):
    """What can answer for decoded rows: the bundle, as it is handed over."""

    def part_probabilities(
        self, rows: Items, *, tick: Callable[[float], None] | None = None
    ) -> dict[str, FloatArray]:
        """Answers of every part in use, by `member/fold`; `tick(share)` on the way."""

    def pool(self, parts: dict[str, FloatArray]) -> FloatArray:
        """The ensemble's calibrated answers from those of its parts."""


class Progress(Protocol):
    """Where long work reports to; the CLI draws it, the Python API may leave it silent."""

    def step(self, name: str) -> None:
        """A step of the pipeline begins."""

    def say(self, text: str) -> None:
        """One line for the user."""

    def bar(self, name: str, share: float, note: str = "") -> None:
        """Work `name` is done to `share` (0 to 1)."""
