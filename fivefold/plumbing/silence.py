"""Progress that nobody looks at."""

from __future__ import annotations

from typing import final


@final
class Silence:
    """The Progress of the Python API unless another is given: nothing is printed."""

    def step(self, name: str) -> None:
        """A step begins."""

    def say(self, text: str) -> None:
        """One line."""

    def bar(self, name: str, share: float, note: str = "") -> None:
        """Work in progress."""
