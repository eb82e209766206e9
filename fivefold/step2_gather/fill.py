"""Filling a new cache: choose the shape, make sure of the space, decode every item into place."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fivefold.contracts.roles import DecodedSource, InputKind, Source
from fivefold.contracts.rows import IntArray
from fivefold.plumbing.errors import BadItem, DataError
from fivefold.plumbing.files import write_json
from fivefold.step2_gather.crew import Crew, Order
from fivefold.step2_gather.item import CARDS, ROWS, ItemWriter, file_sizes
from fivefold.step2_gather.room import make_room, need_space

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path


MANIFEST = "manifest.json"


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
    sample: Sequence[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How the cache may be built.

    Attributes:
        workers: Decoding processes; one per core if None.
        item_seconds: Time limit of one item.
        size: Bytes that all caches together should keep below.
    """

    workers: int | None = None
    item_seconds: float = 10.0
    size: int = 20 << 30


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
        shape, bad, notes = _copy(wanted, decoded, folder, limits)
    else:
        shape, bad, notes = _decode(wanted, folder, limits, tick)
    for name in (ROWS, CARDS):
        with (folder / name).open("rb+") as file:
            os.fsync(file.fileno())
    for log in folder.glob("worker-*.log"):
        log.unlink()
    manifest = {"shape": shape, "total": len(wanted.names), "bad": sorted(bad.items())}
    write_json(folder / MANIFEST, manifest)
    return notes


def _decode(
    wanted: Wanted, folder: Path, limits: Limits, tick: Callable[[float], None] | None
) -> tuple[dict[str, Any], dict[int, str], tuple[str, ...]]:
    rows = range(len(wanted.names))
    order = Order(
        place=wanted.place,
        read=lambda row: wanted.sources[wanted.origins[row]].read(wanted.names[row]),
        rows=rows,
        item_seconds=limits.item_seconds,
        folder=folder,
        workers=limits.workers or _workers(len(rows)),
    )
    with Crew(order) as crew:
        shape = _learned(crew, wanted, len(rows))
        notes = _lay_out(folder, shape, len(rows), limits)
        crew.decode(shape, tick)
    return shape, crew.bad, notes


def _learned(crew: Crew, wanted: Wanted, total: int) -> dict[str, Any]:
    """The cached shape; a sample without one good item says nothing, so the next is tried."""
    rows = [*_spread(wanted.sample), *sorted(set(range(total)) - set(wanted.sample))]
    most = wanted.kind.samples
    for start in range(0, total, most):
        shape = crew.learn(rows[start : start + most])
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
) -> tuple[dict[str, Any], dict[int, str], tuple[str, ...]]:
    """Bring items that are arrays already into the cache, without workers."""
    bad: dict[int, str] = {}
    origins = wanted.origins
    sample = _spread(wanted.sample)[: wanted.kind.samples]
    shape = wanted.kind.learn([sources[origins[row]].array(wanted.names[row]) for row in sample])
    notes = _lay_out(folder, shape, len(wanted.names), limits)
    with ItemWriter(wanted.kind, shape, folder) as writer:
        for row, name in enumerate(wanted.names):
            item = sources[origins[row]].array(name)
            try:
                writer.good(row, item.tobytes(), item.shape, writer.fit(item))
            except BadItem as reason:
                bad[row] = str(reason)
                writer.bad(row, item.tobytes())
    return shape, bad, notes


def _lay_out(folder: Path, shape: dict[str, Any], total: int, limits: Limits) -> tuple[str, ...]:
    """Make the two files at their full size, after making sure that they fit."""
    sizes = file_sizes(shape, total)
    needed = sum(sizes.values())
    notes = make_room(folder.parent, needed, limits.size)
    need_space(folder.parent, needed)
    for name, size in sizes.items():
        with (folder / name).open("wb") as file:
            file.truncate(size)
    return notes


def _spread(sample: Sequence[int]) -> list[int]:
    """A sample's rows in an order whose every head is spread over the listing."""
    return [int(row) for row in np.random.default_rng(0).permutation(np.asarray(sample))]


def _workers(items: int) -> int:
    """A process per core, but none that starts up for less than it decodes."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return max(1, min(cores, items // 64))


def commonest(reasons: Iterable[str]) -> str:
    """The three most frequent reasons, with counts, in words."""
    most = Counter(reasons).most_common(3)
    return "; ".join(f"{count:,} x {reason}" for reason, count in most)
