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
def answering(handler: signal.Handlers) -> Iterator[None]:
    """While in here SIGINT and SIGTERM are met by `handler`; only in the main thread."""
    with _handled(handler, (signal.SIGINT, signal.SIGTERM)):
        yield


@contextmanager
def deaf(*numbers: int) -> Iterator[None]:
    """Processes begun in here do not hear these signals: who began them decides when they end.

    Ctrl-C goes to all processes of a terminal; what ends a batch job or a service, to all of that.
    """
    with _handled(signal.SIG_IGN, numbers):
        yield


@contextmanager
def _handled(
    handler: Callable[[int, FrameType | None], None] | signal.Handlers,
    numbers: tuple[int, ...] = (signal.SIGINT, signal.SIGTERM),
) -> Iterator[None]:
    """While in here these signals come to `handler`."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set signal handlers
        return
    before = [signal.signal(number, handler) for number in numbers]
    try:
        yield
    finally:
        for number, known in zip(numbers, before, strict=True):
            signal.signal(number, known)
