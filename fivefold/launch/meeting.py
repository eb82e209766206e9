"""Where the processes of a group meet: a table of words that torchrun, or the first process, keeps.

The first process may decode files for an hour before it needs the others, or never need them.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import final

from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous

AS_LONG_AS_IT_TAKES = timedelta(days=30)


@final
class Meeting:
    """What the first process tells the others outside training; `win` may be called repeatedly."""

    def __init__(self) -> None:
        self._all: Store = next(rendezvous("env://", timeout=AS_LONG_AS_IT_TAKES))[0]
        self._wins = 0

    def store(self) -> Store:
        """The words of the present `win`."""
        return PrefixStore(f"fivefold/{self._wins}", self._all)

    def call(self) -> None:
        """Call the others to train."""
        self.store().set("call", "train")

    def called(self) -> bool:
        """Wait until the first process calls, or ends without."""
        return _wait(self.store(), "call") == "train"

    def end(self, run: str) -> None:
        """Tell the others that `win` ended, and where its run is; empty after an error."""
        words = self.store()
        words.set("end", run)
        if not words.check(["call"]):
            words.set("call", "nothing to train")
        self._wins += 1

    def ended(self) -> str:
        """Wait until `win` came to its end in the first process; gives what that told of it."""
        run = _wait(self.store(), "end")
        self._wins += 1
        return run


@cache
def meeting() -> Meeting:
    """The one of this process."""
    return Meeting()


def _wait(words: Store, key: str) -> str:
    words.wait([key], AS_LONG_AS_IT_TAKES)
    return words.get(key).decode()
