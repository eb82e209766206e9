"""The budget: wall-clock for the whole command, report included."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, final

from fivefold.plumbing.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(
    r"(\d+(?:\.\d+)?)\s*(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)?(?![a-z])"
)


def seconds(budget: str | float) -> float:
    """Read a time such as `90`, `90s`, `10m`, `1h30m`, `10min`, `2 hours` as seconds.

    Raises:
        OptionError: The text is not a time, or not above zero.
    """
    text = str(budget).strip().lower()
    parts = _PART.findall(text)
    rest = _PART.sub("", text).strip()
    total = sum(float(number) * _UNITS[(unit or "s")[0]] for number, unit in parts)
    alone = len(parts) == 1 or all(unit for _, unit in parts)  # in 1h30 the 30 may be anything
    if rest or not parts or not alone or total <= 0:
        raise OptionError(
            found=f"budget {budget!r}",
            wanted="a time above zero such as 90s, 10m or 1h30m",
            hint="try --budget 10m",
        )
    return total


class Clock:
    """Counts a budget down on the monotonic clock, across resumed sittings.

    Args:
        budget: Seconds for the whole command.
        used: Seconds that earlier sittings of the same run took.
        start: The `time.monotonic()` at which this sitting began; now when left out.
    """

    def __init__(self, budget: float, *, used: float = 0.0, start: float | None = None) -> None:
        self.budget = budget
        self._start = (time.monotonic() if start is None else start) - used

    def used(self) -> float:
        """Seconds used so far."""
        return time.monotonic() - self._start

    def left(self) -> float:
        """Seconds left; below zero when overrun."""
        return self.budget - self.used()


@final
class StoppableClock(Clock):
    """A clock whose time is up as soon as someone asks to stop."""

    def __init__(self, budget: float, stop: Callable[[], bool]) -> None:
        super().__init__(budget)
        self._stop = stop

    def used(self) -> float:
        """Seconds used so far; the whole budget at least once a stop was asked for."""
        used = super().used()
        return max(used, self.budget) if self._stop() else used
