"""Folders in which something large is built; those of processes that were killed are removed."""

from __future__ import annotations

import shutil
import time
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, final

from fivefold.plumbing.lock import Lock, abandoned

if TYPE_CHECKING:
    from pathlib import Path

PREFIX = ".building-"
LOCK = "lock"
# Where nothing can be locked: one that nobody wrote to for so long was killed.
STILL_SECONDS = 600.0


@final
class Building:
    """A new folder below `root`, gone when the block ends unless it was moved to its place.

    Args:
        root: Where the folder is made.

    Attributes:
        folder: The folder.
    """

    def __init__(self, root: Path) -> None:
        self.folder = root / f"{PREFIX}{uuid.uuid4().hex[:12]}"
        self.folder.mkdir(parents=True)
        self._lock = Lock(self.folder / LOCK)

    def __enter__(self) -> Building:
        return self

    def __exit__(self, *error: object) -> None:
        self._lock.release()
        shutil.rmtree(self.folder, ignore_errors=True)

    def move_to(self, place: Path) -> None:
        """The folder is whole: give it its place, where nothing may stand."""
        self._lock.release()
        self.folder.rename(place)


def remove_killed(root: Path) -> None:
    """Remove folders below `root` whose builders are gone."""
    for folder in root.glob(f"{PREFIX}*"):
        gone = abandoned(folder / LOCK)
        if gone or (gone is None and _is_still(folder)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_still(folder: Path) -> bool:
    with suppress(OSError):  # its builder is at work, or somebody else removes it
        last = max(file.stat().st_mtime for file in (folder, *folder.iterdir()))
        return time.time() - last > STILL_SECONDS
    return False
