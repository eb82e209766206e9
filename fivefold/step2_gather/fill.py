"""Filling a new cache: choose the shape, make sure of the space, decode every item into place."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fivefold.contracts.roles import DecodedSource, InputKind, Source
from fivefold.contracts.rows import IntArray
from fivefold.plumbing.errors import BadItem, DataError
from fivefold.plumbing.files import write_json
from fivefold.plumbing.places import cache_limit
from fivefold.step2_gather.crew import Crew, Order
from fivefold.step2_gather.item import CARDS, KEPT, ROWS, ItemWriter, file_sizes
from fivefold.step2_gather.room import Room, make_room, need_space, room_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path


MANIFEST = "manifest.json"
_SWEEPS = 4
# What is decoded while a process starts: many small items, or some megabytes.
_START_ITEMS, _START_BYTES = 64, 8 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What is to be decoded: item `names[i]` of `sources[origins[i]]` by the input kind.

    Attributes:
        word: Catalog word of the kind.
        place: Its `module:Class`.
        kind: The kind itself.
        names: (n) item names.
        sources: Where items lie.
        origins: (n,) number of the source of each item.
        sample: Rows that the cached shape may be learned from.
    """

    word: str
    place: str
    kind: InputKind
    names: Sequence[str]
    sources: Sequence[Source]
    origins: IntArray
    sample: IntArray

    def select(self, which: IntArray) -> Wanted:
        """Narrow to some of the items, whose shape is settled."""
        names = [self.names[row] for row in which]
        return replace(self, names=names, origins=self.origins[which], sample=which[:0])


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How the cache may be built.

    Attributes:
        workers: Decoding processes; one per core if None.
        item_seconds: Time limit of one item.
        size: Bytes that all caches together should keep below, and this one must.
    """

    workers: int | None = None
    item_seconds: float = 10.0
    size: int = field(default_factory=cache_limit)


def fill(
    wanted: Wanted, folder: Path, limits: Limits, tick: Callable[[float], None] | None
) -> tuple[str, ...]:
    """Build a whole cache in `folder`, its manifest last.

    Returns:
        What happened to older caches, in words.

    Raises:
        DataError: Not one item can be decoded, or too many crash the decoder.
        RunError: The disk has no room for the cache.
        DiskFull: The disk was full all the same.
        OSError: The disk is full or the folder cannot be written.
    """
    decoded = [source for source in wanted.sources if isinstance(source, DecodedSource)]
    if len(decoded) == len(wanted.sources):
        made = _copy(wanted, decoded, folder, limits)
    else:
        made = _decode(wanted, folder, limits, tick)
    for name in (ROWS, CARDS):
        with (folder / name).open("rb+") as file:
            os.fsync(file.fileno())
    for log in folder.glob("worker-*.log"):
        log.unlink()
    manifest = {
        "shape": made.room.shape,
        "total": len(wanted.names) if made.room.kept is None else len(made.room.kept),
        "bad": sorted(made.bad.items()),
        "cramped": made.room.notes,
        "limit": limits.size,
    }
    write_json(folder / MANIFEST, manifest)
    return made.notes


@dataclass(frozen=True, kw_only=True, slots=True)
class _Filled:
    """What came of filling: the room that was used, bad rows with reasons, notes on old caches."""

    room: Room
    bad: dict[int, str]
    notes: tuple[str, ...]


def _decode(
    wanted: Wanted, folder: Path, limits: Limits, tick: Callable[[float], None] | None
) -> _Filled:
    with Crew(_order(wanted, folder, limits)) as crew:
        shape = _learned(crew, wanted, len(wanted.names))
        room, notes = _lay_out(wanted, folder, shape, limits)
        rows = len(wanted.names) if room.kept is None else len(room.kept)
        workers = limits.workers or _workers(rows, crew.item_bytes)
        if room.kept is None:
            crew.decode(room.shape, workers, tick)
            return _Filled(room=room, bad=crew.bad, notes=notes)
    with Crew(_order(wanted.select(room.kept), folder, limits)) as crew:
        crew.decode(room.shape, workers, tick)
        return _Filled(room=room, bad=crew.bad, notes=notes)


def _order(wanted: Wanted, folder: Path, limits: Limits) -> Order:
    return Order(
        place=wanted.place,
        read=lambda row: wanted.sources[wanted.origins[row]].read(wanted.names[row]),
        rows=range(len(wanted.names)),
        item_seconds=limits.item_seconds,
        folder=folder,
    )


def _learned(crew: Crew, wanted: Wanted, total: int) -> dict[str, Any]:
    """The cached shape; a sample without one good item says nothing, so the next is tried."""
    others = np.setdiff1d(np.arange(total), wanted.sample)
    most = wanted.kind.samples
    for rows in (_spread(wanted.sample), others):  # apart: a small sample is not filled up
        for start in range(0, len(rows), most):
            shape = crew.learn(_in_sweeps(rows[start : start + most]))
            if shape is not None:
                return shape
    reasons = commonest({**crew.refused, **crew.bad}.values())
    raise DataError(
        found=f"{total:,} items of which not one can be used ({reasons})",
        wanted=f"items of the kind {wanted.word}",
        hint="check that these are the right data and that they open elsewhere",
    )


def _copy(
    wanted: Wanted, sources: Sequence[DecodedSource], folder: Path, limits: Limits
) -> _Filled:
    """Bring items that are arrays already into the cache, without workers."""
    bad: dict[int, str] = {}
    origins = wanted.origins
    sample = _spread(wanted.sample)[: wanted.kind.samples]
    shape = wanted.kind.learn([sources[origins[row]].array(wanted.names[row]) for row in sample])
    room, notes = _lay_out(wanted, folder, shape, limits)
    if room.kept is not None:
        wanted, origins = wanted.select(room.kept), origins[room.kept]
    with ItemWriter(wanted.kind, room.shape, folder) as writer:
        for row, name in enumerate(wanted.names):
            item = sources[origins[row]].array(name)
            try:
                writer.good(row, item.tobytes(), writer.taken(item))
            except BadItem as reason:
                bad[row] = str(reason)
                writer.bad(row, item.tobytes())
    return _Filled(room=room, bad=bad, notes=notes)


def _lay_out(
    wanted: Wanted, folder: Path, shape: dict[str, Any], limits: Limits
) -> tuple[Room, tuple[str, ...]]:
    """Make the two files at their full size, after making sure that they fit."""
    total = len(wanted.names)
    room = room_for(wanted.kind, shape, total, wanted.sample, limits.size)
    sizes = file_sizes(room.shape, total if room.kept is None else len(room.kept))
    needed = sum(sizes.values())
    notes = make_room(folder.parent, needed, limits.size)
    need_space(folder.parent, needed)
    for name, size in sizes.items():
        with (folder / name).open("wb") as file:
            file.truncate(size)
    if room.kept is not None:
        room.kept.tofile(folder / KEPT)
    return room, notes


def _spread(sample: IntArray) -> IntArray:
    """A sample's rows in an order whose every head is spread over the listing."""
    return np.random.default_rng(0).permutation(sample)


def _in_sweeps(rows: IntArray) -> list[int]:
    """The same in a few sweeps, each of ascending rows: files of rows are read forward only."""
    return [int(row) for sweep in np.array_split(rows, _SWEEPS) for row in np.sort(sweep)]


def _workers(items: int, item_bytes: float) -> int:
    """A process per core, but none that starts up for longer than it decodes."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    worth = max(items // _START_ITEMS, int(items * item_bytes) // _START_BYTES)
    return max(1, min(cores, items, worth))


def commonest(reasons: Iterable[str]) -> str:
    """The three most frequent reasons, with counts, in words."""
    most = Counter(reasons).most_common(3)
    return "; ".join(f"{count:,} x {reason}" for reason, count in most)
