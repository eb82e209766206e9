"""Room for a new cache: old ones go, least recently used first, and the disk must have space."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

from fivefold.plumbing.building import remove_killed
from fivefold.plumbing.errors import RunError
from fivefold.plumbing.files import printable, size_words
from fivefold.plumbing.lock import abandoned
from fivefold.step2_gather.item import ROWS

if TYPE_CHECKING:
    from pathlib import Path

# A cache that was opened within a day may be in use by a run or wanted by a resumed one.
_KEPT_SECONDS = 86_400.0
# Space that is left to the rest of the run: nets, report, the system.
_SPARE = 256 << 20


def make_room(root: Path, needed: int, limit: int) -> tuple[str, ...]:
    """Remove killed builds, then old caches until all with the new one stay below `limit`.

    Args:
        root: Folder of all caches.
        needed: Bytes of the new cache.
        limit: Bytes for all together; a cache in use, or used within a day, stays whatever its
            size. The first goes by locks: a clock that jumps takes no cache from a run.

    Returns:
        What was removed, in words.
    """
    now = time.time()
    remove_killed(root)
    caches = sorted((m.stat().st_mtime, m.parent) for m in root.glob("*/manifest.json"))
    sizes = {folder: sum(f.stat().st_size for f in folder.iterdir()) for _, folder in caches}
    total, dropped = sum(sizes.values()) + needed, 0
    for used, folder in caches:
        if total <= limit or now - used < _KEPT_SECONDS:
            break
        if abandoned(folder / ROWS) is False:
            continue
        shutil.rmtree(folder, ignore_errors=True)
        total -= sizes[folder]
        dropped += 1
    if not dropped:
        return ()
    return (
        f"removed {dropped} old decoded cache{'s' * (dropped > 1)}, least recently used first, "
        f"to keep all below {size_words(limit)}",
    )


def need_space(root: Path, needed: int) -> None:
    """Make sure that the disk has room for a new cache.

    Raises:
        RunError: It has not.
    """
    free = shutil.disk_usage(root).free
    if free < needed + _SPARE:
        raise RunError(
            found=f"{size_words(free)} free on the disk of {printable(str(root))}",
            wanted=f"{size_words(needed + _SPARE)} for the decoded cache",
            hint="free space there; the folder itself holds older caches that may be deleted",
        )
