"""What is done when training goes wrong: back to a good state, or a batch in smaller parts."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar, final

import torch

from fivefold.engine.memory import give_back

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

MOST_RETURNS = 3  # to a good state; a net that diverges once more has failed
LOWER = 0.3  # what every return multiplies the rate by, for the rest of training
# Times the first loss, or what a loss is without training where that is more: a first loss may be
# tiny, or below 0.
WILD = 100.0  # above it training has diverged, though that is a number yet
TOLERATED = 2.0  # above it a state may be on its way out, and is no good one
# Beside the two classes of error: what torch's allocator and the libraries below it say. The last
# two are said for other reasons too; such an error is met again at the size of 1, and raised.
_NO_MEMORY = (
    "can't allocate memory",
    "out of memory",
    "bad_alloc",
    "alloc_failed",
    "could not create a primitive",
    "could not execute a primitive",
)


class DivergedError(Exception):
    """Loss or weights grew without bound, however low the rate; the member has failed."""


class TooLargeError(Exception):
    """The net cannot be trained in the memory there is, not even row by row."""


@final
@dataclass(kw_only=True)
class Mishaps:
    """What went wrong in a training and what was done about it; part of its checkpoint.

    Attributes:
        batch: Rows per step of the optimisers.
        rows: Rows trained at a time; fewer than `batch` where memory was short.
        alone: Memory was short for changing several batches at once.
        returns: One sentence for each return to a good state.
        refused: Why an earlier checkpoint could not be used; empty where none was refused.
    """

    batch: int
    rows: int
    alone: bool = False
    returns: list[str] = field(default_factory=list)
    refused: str = ""

    @property
    def rate(self) -> float:
        """Share of the planned learning rate that is left."""
        return LOWER ** len(self.returns)

    def went_back(self, good: int) -> None:
        """Note a return to the good state of step `good`."""
        rate = LOWER ** (len(self.returns) + 1)
        self.returns.append(
            f"it diverged, went back to step {good}, and on at {rate:.2g} of the rate"
        )

    def notes(self) -> tuple[str, ...]:
        """All of it in sentences."""
        found = list(self.returns)
        if self.refused:
            found.insert(0, f"its checkpoint could not be used ({self.refused}): it began anew")
        if self.rows < self.batch:
            found.append(
                f"memory was short: batches of {self.batch} rows were trained {self.rows} at a time"
            )
        return tuple(found)


def halving(
    work: Callable[[int], T], size: int, spare: Callable[[], bool] = lambda: False
) -> tuple[int, T]:
    """Do `work(size)`, with half the size as often as memory is short.

    Args:
        work: May run out of memory on the CPU or the GPU, and be done anew.
        size: At least 1.
        spare: Gives up what was held for speed alone; False where nothing was. It comes first.

    Returns:
        The size at which it went well, and what came of it.
    """
    while True:
        try:
            return size, work(size)
        except (MemoryError, RuntimeError) as cause:
            if not out_of_memory(cause):
                raise
            spared = spare()
            if size == 1 and not spared:
                raise
        # Out here the error is gone, and with it the frames that hold on to half-done work.
        size = size if spared else (size + 1) // 2
        give_back()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


@contextmanager
def within_memory() -> Iterator[None]:
    """Around what has no smaller size.

    Raises:
        TooLargeError: Memory was short.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as cause:
        if not out_of_memory(cause):
            raise
        said = str(cause).partition("\n")[0] or type(cause).__name__
        raise TooLargeError(f"it does not fit into memory: {said}") from cause


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory was short; libraries below torch have no class for it."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(words in text for words in _NO_MEMORY)
