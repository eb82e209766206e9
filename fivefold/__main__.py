"""`python -m fivefold` is the command line, and `fivefold` is the same."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType


def main() -> None:
    """Run the command line; Ctrl-C is one line also while it is read from disk."""
    usual = signal.default_int_handler
    heard = signal.getsignal(signal.SIGINT) is usual  # not so behind nohup
    heard = heard and threading.current_thread() is threading.main_thread()
    if heard:
        signal.signal(signal.SIGINT, _quit)
    from fivefold.cli import main as run

    if heard:
        signal.signal(signal.SIGINT, usual)
    run()


def _quit(number: int, frame: FrameType | None) -> None:
    """Nothing is begun yet; an exception here would be met by whoever is being imported."""
    del frame
    os.write(2, f"{signal.Signals(number).name}: stopped\n".encode())
    os._exit(128 + number)


if __name__ == "__main__":
    main()
