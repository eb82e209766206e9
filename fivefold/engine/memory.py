"""Memory that is freed is kept for the next step.

The C library hands large tensors back to the system as soon as they are freed, and the system
clears every page before it gives them out anew: a fifth of a convnet's step (lab/LOG.md).
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from collections.abc import Iterator

MMAP_MAX, MMAP_THRESHOLD, TRIM_THRESHOLD = -4, -3, -1  # of mallopt(3)
KEEPING = {MMAP_MAX: 0, TRIM_THRESHOLD: -1}  # no block for itself, nothing handed back
# Nothing tells what the rules were before; these are the largest values of the library's own rule,
# which follows the blocks that a program frees.
USUAL = {MMAP_MAX: 65_536, MMAP_THRESHOLD: 32 << 20, TRIM_THRESHOLD: 64 << 20}
# Who has set one of them has rules of their own, which stay.
SET_BY_USER = (
    "GLIBC_TUNABLES",
    "MALLOC_MMAP_MAX_",
    "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_TRIM_THRESHOLD_",
)


@final
class _Memory:
    """The rules of this process's C library; of glibc alone, others keep their own."""

    def __init__(self) -> None:
        self._lock, self._users = threading.Lock(), 0
        library = ctypes.CDLL(None) if sys.platform == "linux" else None
        has_rules = hasattr(library, "mallopt") and hasattr(library, "malloc_trim")
        is_free = not any(name in os.environ for name in SET_BY_USER)
        self._library = library if has_rules and is_free else None

    @contextmanager
    def kept(self) -> Iterator[None]:
        """What is freed meanwhile stays with the process until the last user leaves."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def give_back(self) -> None:
        """Hand what is free back to the system now."""
        if self._library is not None:
            self._library.malloc_trim(0)

    def _count(self, more: int) -> None:
        with self._lock:
            before, self._users = self._users, self._users + more
            if self._library is None or (before and self._users):
                return
            for rule, value in (KEEPING if self._users else USUAL).items():
                self._library.mallopt(rule, value)
            if not self._users:
                self.give_back()


_memory = _Memory()
kept_memory, give_back = _memory.kept, _memory.give_back
