"""One decoding worker as the parent sees it."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, final

from fivefold.plumbing.process import JsonProcess

if TYPE_CHECKING:
    from pathlib import Path


@final
class Worker(JsonProcess):
    """One decoding process; the reason of its loss is worded for the quarantine.

    Args:
        place: `module:Class` of the input kind.
        item_seconds: Time limit of one item.
        log: File for what the process writes to standard error.

    Raises:
        RunError: It does not start.
    """

    def __init__(self, place: str, item_seconds: float, log: Path) -> None:
        self._seconds = item_seconds
        setup = {"place": place, "item_seconds": item_seconds}
        super().__init__("fivefold.step2_gather.worker", setup, log)
        self.ready(
            wanted=f"one that runs {sys.executable} and imports {place}",
            hint="install fivefold anew, with the extra that this kind of input needs",
        )

    def why(self, code: int) -> str:
        """Why an item cost the worker: the reason that stands in the quarantine."""
        if code == 1 and "Timeout (" in self.messages():
            return f"takes longer than {self._seconds:g} s to decode"
        if code == -signal.SIGKILL:
            return "made the system kill the decoder, most likely for lack of memory"
        if code < 0:
            return f"crashes the decoder ({signal.Signals(-code).name})"
        words = self.last_words()
        return f"ends the decoder (exit code {code}{': ' + words if words else ''})"
