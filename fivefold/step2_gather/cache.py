"""The decoded cache: every item once, as a memory map that all members and later runs read.

A cache is a folder named by what it was made from. It is built under another name and moved into
place with its manifest, so a killed build leaves nothing that looks like a cache.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL
from numpy.typing import NDArray

from fivefold import __version__
from fivefold.contracts.rows import IntArray
from fivefold.plumbing.building import Building
from fivefold.plumbing.errors import RunError
from fivefold.plumbing.files import printable, read_json, size_words
from fivefold.step2_gather.crew import DiskFull
from fivefold.step2_gather.fill import MANIFEST, fill
from fivefold.step2_gather.item import CARDS, KEPT, ROWS, card_type, file_sizes

if TYPE_CHECKING:
    from collections.abc import Callable

    from fivefold.step2_gather.fill import Limits, Wanted

# Counts up whenever the same files would decode to another cache.
_FORMAT = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Decoded:
    """A whole cache.

    Attributes:
        file: The decoded rows; those of bad items are empty.
        shape: What the kind learned, with `item_shape` and `dtype`.
        kept: (n,) rows of the listing that there was room for; None for all.
        cards: (n,) what is known of each item, see `item.card_type`.
        bad: Row -> reason.
        hit: It stood there already.
        notes: What was left out for want of room, and what happened to older caches.
    """

    file: Path
    shape: dict[str, Any]
    kept: IntArray | None
    cards: NDArray[np.void]
    bad: dict[int, str]
    hit: bool
    notes: tuple[str, ...]


def open_or_build(
    wanted: Wanted, root: Path, limits: Limits, tick: Callable[[float], None] | None = None
) -> Decoded:
    """The cache of these items, from an earlier run if their sources did not change since.

    Args:
        wanted: The items.
        root: Folder of all caches.
        limits: Workers, time and size.
        tick: Told the share that is decoded.

    Raises:
        DataError: Not one item can be decoded, or too many crash the decoder.
        RunError: The disk is full, or the folder cannot be written.
    """
    folder = root / _key(wanted)
    if _whole(folder, limits):
        os.utime(folder / MANIFEST)  # the least recently used cache goes first
        return _read(folder, hit=True, notes=())
    try:
        with Building(root) as building:
            notes = fill(wanted, building.folder, limits, tick)
            if not _whole(folder, limits):  # another run may have been quicker
                shutil.rmtree(folder, ignore_errors=True)
                building.move_to(folder)
    except DiskFull as full:
        raise _no_space(root, str(full)) from full
    except OSError as cause:
        raise _no_space(root, (cause.strerror or str(cause)).lower()) from cause
    return _read(folder, hit=False, notes=notes)


def _read(folder: Path, *, hit: bool, notes: tuple[str, ...]) -> Decoded:
    manifest = read_json(folder / MANIFEST)
    return Decoded(
        file=folder / ROWS,
        shape=manifest["shape"],
        kept=np.fromfile(folder / KEPT, np.int64) if (folder / KEPT).exists() else None,
        cards=np.fromfile(folder / CARDS, card_type(manifest["shape"])),
        bad=dict(manifest["bad"]),
        hit=hit,
        notes=(*manifest["cramped"], *notes),
    )


def _whole(folder: Path, limits: Limits) -> bool:
    """Whether a cache stands there with files of the sizes its manifest asks for.

    One that a lower limit made smaller than the data asked for is not.
    """
    if not (folder / MANIFEST).exists():
        return False
    manifest = read_json(folder / MANIFEST)
    sizes = file_sizes(manifest["shape"], manifest["total"])
    if manifest["cramped"] and limits.size > manifest["limit"]:
        return False
    return all(
        (folder / name).exists() and (folder / name).stat().st_size == size
        for name, size in sizes.items()
    )


def _key(wanted: Wanted) -> str:
    made_by = (_FORMAT, __version__, PIL.__version__, wanted.place)
    stamps = [source.stamp() for source in wanted.sources]
    digest = hashlib.blake2b(repr((made_by, stamps)).encode(), digest_size=16)
    digest.update(wanted.origins.tobytes())
    digest.update(wanted.sample.astype(np.int64).tobytes())  # the shape is learned from these
    digest.update("\0".join(wanted.names).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _no_space(root: Path, reason: str) -> RunError:
    try:
        free = size_words(shutil.disk_usage(root).free)
    except OSError:
        free = "unknown"
    return RunError(
        found=f"{printable(str(root))}: {reason} ({free} free)",
        wanted="a folder that can hold the decoded cache",
        hint="free space there, or use another folder that can be written",
    )
