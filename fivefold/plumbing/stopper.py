"""Ctrl-C and SIGTERM ask politely first: what there is becomes the answer."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


class Stopped(KeyboardInterrupt):
    """A signal that ends what is being done; caught where Ctrl-C is.

    Attributes:
        number: The signal.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(signal.Signals(number).name)


@final
class Stopper:
    """Says whether someone asked to stop; a second request stops at once."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self) -> bool:
        """Whether to stop."""
        return self.asked

    @contextmanager
    def listening(self, say: Callable[[str], None]) -> Iterator[None]:
        """While in here the first SIGINT or SIGTERM sets `asked` instead of raising."""

        def on_signal(number: int, frame: FrameType | None) -> None:
            del frame
            if self.asked:
                raise Stopped(number)
            self.asked = True
            name = signal.Signals(number).name
            say(f"{name}: ending with what there is (once more to stop at once)")

        with _handled(on_signal):
            yield


@contextmanager
def at_once() -> Iterator[None]:
    """While in here SIGTERM is an exception as Ctrl-C is, so that what was begun is put away."""

    def on_signal(number: int, frame: FrameType | None) -> None:
        del frame
        raise Stopped(number)

    with _handled(on_signal):
        yield


@contextmanager
def deaf() -> Iterator[None]:
    """Processes begun in here never hear Ctrl-C: whoever began them decides when they end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _handled(on_signal: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """While in here SIGINT and SIGTERM come to `on_signal`."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set signal handlers
        return
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, on_signal) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
