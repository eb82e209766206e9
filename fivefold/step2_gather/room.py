"""Room for a new cache: it keeps to its limit, old ones go, and the disk must have space."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fivefold.contracts.rows import IntArray
from fivefold.plumbing.archives import remove_unpacked, unpacked
from fivefold.plumbing.building import remove_killed
from fivefold.plumbing.errors import RunError
from fivefold.plumbing.files import printable, size_words
from fivefold.plumbing.lock import abandoned
from fivefold.step2_gather.item import CARDS, ROWS, file_sizes

if TYPE_CHECKING:
    from pathlib import Path

    from fivefold.contracts.roles import InputKind

# A cache that was opened within a day may be in use by a run or wanted by a resumed one.
_KEPT_SECONDS = 86_400.0
# Space that is left to the rest of the run: nets, report, the system.
_SPARE = 256 << 20
# Of the rows that may be left out so many must stay.
_LEAST_ROWS = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """What of the data the cache has room for.

    Attributes:
        shape: The cached shape.
        kept: (m,) rows that are cached, in order; None for all.
        notes: What was made smaller or left out for want of room, in words.
    """

    shape: dict[str, Any]
    kept: IntArray | None
    notes: tuple[str, ...]


def room_for(
    kind: InputKind, shape: dict[str, Any], total: int, spare: IntArray, limit: int
) -> Room:
    """Fit a cache into its limit: with smaller items where the kind can, else with fewer rows.

    All rows smaller teach more than a few at full size; rows of given test and validation parts
    are never left out.

    Args:
        kind: Knows how items can be smaller.
        shape: What it chose.
        total: Rows in all.
        spare: (n,) rows that may be left out.
        limit: Bytes of the cache.

    Raises:
        RunError: Not even the rows that must stay have room.
    """
    sizes, notes = file_sizes(shape, total), []
    needed = sum(sizes.values())
    if needed <= limit:
        return Room(shape=shape, kept=None, notes=())
    hint = f"{size_words(needed)} would be needed, {size_words(limit)} are allowed"
    more = "FIVEFOLD_CACHE_LIMIT=40G would allow more"
    smaller = kind.smaller(shape, max(limit - sizes[CARDS], 1) / sizes[ROWS])
    if smaller is not None:
        before, after = ("x".join(map(str, one["item_shape"])) for one in (shape, smaller))
        shape = smaller
        notes.append(f"items are cached as {after} instead of {before}: {hint}; {more}")
    fit = limit // sum(file_sizes(shape, 1).values())
    kept: IntArray | None = None
    if fit < total:
        left = total - fit
        if left > len(spare) - _LEAST_ROWS:
            raise RunError(
                found=f"{total:,} rows for a decoded cache of {size_words(limit)} at most",
                wanted=f"{size_words(needed)} for all of them",
                hint="set FIVEFOLD_CACHE_LIMIT to more, for example 40G",
            )
        out = np.zeros(total, bool)
        out[np.random.default_rng(0).permutation(spare)[:left]] = True
        kept = np.flatnonzero(~out)
        notes.append(f"{left:,} of {total:,} rows are left out, drawn by chance: {hint}; {more}")
    return Room(shape=shape, kept=kept, notes=tuple(notes))


def make_room(root: Path, needed: int, limit: int) -> tuple[str, ...]:
    """Remove killed builds, then what is old until all with the new cache stay below `limit`.

    Unpacked archives count as caches do.

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
    caches = [(m.stat().st_mtime, m.parent) for m in root.glob("*/manifest.json")]
    sizes = {folder: sum(f.stat().st_size for f in folder.iterdir()) for _, folder in caches}
    archives = unpacked(root)
    sizes |= {blob: blob.stat().st_size for _, blob in archives}
    total, dropped = sum(sizes.values()) + needed, 0
    for used, place in sorted([*caches, *archives]):
        if total <= limit or now - used < _KEPT_SECONDS:
            break
        if place.is_file():
            remove_unpacked(place)
        elif abandoned(place / ROWS) is False:
            continue
        else:
            shutil.rmtree(place, ignore_errors=True)
        total -= sizes[place]
        dropped += 1
    if not dropped:
        return ()
    return (
        f"removed {dropped} old cache{'s' * (dropped > 1)} of decoded or unpacked data, least "
        f"recently used first, to keep all below {size_words(limit)}",
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
