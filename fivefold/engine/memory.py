"""Memory that is freed is kept for the next step.

The C library hands large tensors back to the system as soon as they are freed, and the system
clears every page before it gives them out anew: a fifth of a convnet's step (lab/LOG.md).
"""

from __future__ import annotations

import ctypes
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from collections.abc import Iterator

MMAP_MAX, MMAP_THRESHOLD, TRIM_THRESHOLD = -4, -3, -1  # of mallopt(3)
KEEPING = {MMAP_MAX: 0, TRIM_THRESHOLD: 2**31 - 1}
# What the library's own rule arrives at once a program has freed large blocks.
USUAL = {MMAP_MAX: 65_536, MMAP_THRESHOLD: 32 << 20, TRIM_THRESHOLD: 64 << 20}


@final
class _Memory:
    """The rules of this process's C library; of glibc alone, others keep their own."""

    def __init__(self) -> None:
        self._lock, self._users = threading.Lock(), 0
        self._library = ctypes.CDLL(None) if sys.platform == "linux" else None
        self._has_rules = hasattr(self._library, "mallopt")

    @contextmanager
    def kept(self) -> Iterator[None]:
        """What is freed meanwhile stays with the process until the last user leaves."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def _count(self, more: int) -> None:
        with self._lock:
            before, self._users = self._users, self._users + more
            if self._library is None or not self._has_rules or (before and self._users):
                return
            for rule, value in (KEEPING if self._users else USUAL).items():
                self._library.mallopt(rule, value)
            if not self._users:
                self._library.malloc_trim(0)


kept_memory = _Memory().kept
