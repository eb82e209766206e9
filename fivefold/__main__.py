"""`python -m fivefold` is the command line, and `fivefold` is the same."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType


def main() -> None:
    """Run the command line; Ctrl-C is one line also while it is read from disk."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else nobody wants it heard
        signal.signal(signal.SIGINT, _quit)
    from fivefold.cli import main as run

    run()


def _quit(number: int, frame: FrameType | None) -> None:
    """Nothing is begun yet; an exception here would be met by whoever is being imported."""
    del frame
    os.write(2, f"{signal.Signals(number).name}: stopped\n".encode())
    os._exit(128 + number)


if __name__ == "__main__":
    main()
