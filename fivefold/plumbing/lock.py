"""Locks of the operating system: one ends with whoever holds it, so none is ever stale."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, final

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

if TYPE_CHECKING:
    from io import BufferedReader
    from pathlib import Path

WORDS = 200  # bytes that say who holds a lock
FAR = 1 << 30  # Windows keeps others from reading what is locked, so a byte far out is


class InUse(Exception):  # noqa: N818 - an event; whoever asked knows what it means
    """Somebody else holds the lock; the message is what they wrote into it."""


@final
class Lock:
    """A file that is locked until `release`, or until this process is gone, however it ended.

    Processes begun meanwhile do not inherit it. What is left of the file after a kill locks
    nothing; the next holder takes it over.

    Args:
        path: The file; made where it is not there.
        words: Who holds it, for those who find it locked.

    Attributes:
        trouble: Why this file system gives no lock, so that nothing is locked; empty where it did.

    Raises:
        InUse: Somebody else holds it.
    """

    def __init__(self, path: Path, words: str = "") -> None:
        self.path, self.trouble = path, ""
        self._handle: int | None = None
        try:
            self._handle = _taken(path)
        except OSError as cause:
            self.trouble = cause.strerror or str(cause)
            return
        with suppress(OSError):  # a full disk has room for a lock, though none for words
            os.ftruncate(self._handle, 0)
            os.lseek(self._handle, 0, os.SEEK_SET)
            os.write(self._handle, words.encode()[:WORDS])

    def release(self) -> None:
        """Let go of the lock and remove the file."""
        if self._handle is None:
            return
        handle, self._handle = self._handle, None
        if sys.platform == "win32":
            os.close(handle)
        with suppress(OSError):  # a disk that was shut meanwhile keeps a file that locks nothing
            self.path.unlink()
        if sys.platform != "win32":  # only now, so that nobody else's file is removed
            os.close(handle)


def abandoned(path: Path) -> bool | None:
    """Whether nobody holds the lock file `path`; None where that cannot be told."""
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        _exclusive(handle)
    except InUse:
        return False
    except OSError:
        return None
    else:
        return True
    finally:
        os.close(handle)


def share(file: BufferedReader) -> None:
    """Mark an open file as in use: while it is open, or mapped, `abandoned` says no.

    Windows does not remove files that are in use, and file systems without locks are left alone.
    """
    if sys.platform != "win32":
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_SH)  # waits while somebody asks whether it is abandoned


def _taken(path: Path) -> int:
    """A handle that holds the lock of the file that stands at `path`."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _exclusive(handle)
            # Its last holder may have removed the file between the two lines above.
            if os.path.samestat(os.fstat(handle), path.stat()):
                return handle
        except FileNotFoundError:
            pass
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _exclusive(handle: int) -> None:
    try:
        if sys.platform == "win32":
            os.lseek(handle, FAR, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError) as cause:
        raise InUse(_words(handle)) from cause


def _words(handle: int) -> str:
    os.lseek(handle, 0, os.SEEK_SET)
    return os.read(handle, WORDS).decode("utf-8", "replace")
