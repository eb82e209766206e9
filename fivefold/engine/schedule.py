"""One-cycle learning rate over progress, which follows the clock or a step count."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Limit:
    """How long a net trains: seconds of wall-clock, or a fixed number of steps.

    Attributes:
        seconds: Wall-clock seconds; ignored where `steps` is given.
        steps: Fixed number of steps (repeatable to the bit on a CPU).
        most: Steps at which it ends though there are seconds left; None for no such end.
        begun: Progress already made by an earlier sitting.
    """

    seconds: float = 60.0
    steps: int | None = None
    most: int | None = None
    begun: float = 0.0
    _start: float = field(default_factory=time.monotonic)

    def restart(self) -> None:
        """Count from now."""
        self._start = time.monotonic()

    def elapsed(self) -> float:
        """Seconds since `restart`."""
        return time.monotonic() - self._start

    def progress(self, step: int) -> float:
        """Progress in [0, 1] before step number `step`."""
        if self.steps is not None:
            return min(1.0, step / self.steps)
        timed = self.begun + (1.0 - self.begun) * self.elapsed() / max(self.seconds, 1e-3)
        counted = step / self.most if self.most else 0.0
        return min(1.0, max(timed, counted))


def rate(progress: float, *, rise: float) -> float:
    """Share of the peak rate at `progress`: linear rise, then linear fall (Smith 2018).

    Args:
        progress: In [0, 1].
        rise: Share of training in which the rate rises from a fifth to its peak.
    """
    if progress < rise:
        return 0.2 + 0.8 * progress / rise
    return (1.0 - progress) / (1.0 - rise)
