"""Rows of the decoded cache: the only door to decoded data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivefold.plumbing.lock import share
from fivefold.plumbing.parts import Part

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float32]
Features = Any  # (N, F) float32, an array or scipy's CSR: contracts do without scipy
Targets = NDArray[Any]  # int64 or float32; the shape is their kind's


@lru_cache(maxsize=16)
def _map(file: Path, dtype: str, shape: tuple[int, ...], stamp: int) -> NDArray[np.generic]:
    del stamp  # part of the key: a cache that was written anew is mapped anew
    with file.open("rb") as handle:
        share(handle)  # as long as the map lives, nobody clears the cache away
        return np.memmap(handle, dtype=dtype, mode="r", shape=shape)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """A selection of rows of one decoded cache file.

    Attributes:
        file: The memory-mapped file: `total` items of `item_shape`, one after the other.
        dtype: `uint8` for pictures (H, W, C), `float32` for arrays (D,).
        item_shape: Shape of one item.
        total: Number of items in the file.
        index: (n,) which items of the file this selection holds.
    """

    file: Path
    dtype: str
    item_shape: tuple[int, ...]
    total: int
    index: IntArray

    def __len__(self) -> int:
        return len(self.index)

    def take(self, which: IntArray | slice) -> NDArray[np.generic]:
        """Copy out the items at positions `which` of this selection: (m, *item_shape)."""
        shape = (self.total, *self.item_shape)
        items = _map(self.file, self.dtype, shape, self.file.stat().st_mtime_ns)
        return np.asarray(items[self.index[which]])

    def select(self, which: IntArray | NDArray[np.bool_]) -> Rows:
        """Narrow the selection to positions `which`."""
        return Rows(
            file=self.file,
            dtype=self.dtype,
            item_shape=self.item_shape,
            total=self.total,
            index=self.index[which],
        )


@dataclass(frozen=True, slots=True)
class Held:
    """Items held in memory that are read like `Rows`: (n, *item_shape)."""

    items: NDArray[np.generic]

    def __len__(self) -> int:
        return len(self.items)

    def take(self, which: IntArray | slice) -> NDArray[np.generic]:
        """The items at positions `which`."""
        return self.items[which]

    def select(self, which: IntArray) -> Held:
        """Narrow to positions `which`."""
        return Held(self.items[which])


@dataclass(frozen=True, slots=True)
class PartRows:
    """The items of one part of rows of several inputs, read like `Rows`: (n, *item_shape).

    Attributes:
        whole: The rows.
        part: Which part of them.
    """

    whole: Items
    part: Part

    @property
    def dtype(self) -> str:
        """Of the part's items."""
        return str(self.part.shape["dtype"])

    @property
    def item_shape(self) -> tuple[int, ...]:
        """Of one item of the part."""
        return self.part.item_shape

    def __len__(self) -> int:
        return len(self.whole)

    def take(self, which: IntArray | slice) -> NDArray[np.generic]:
        """The items at positions `which`."""
        return self.part.items(self.whole.take(which))

    def select(self, which: IntArray) -> PartRows:
        """Narrow to positions `which`."""
        return PartRows(self.whole.select(which), self.part)


Items = Rows | Held | PartRows


def answered(answers: FloatArray) -> NDArray[np.bool_]:
    """(N,) which rows of answers (N, ...) hold one: the others are NaN."""
    return ~np.isnan(answers.reshape(len(answers), -1)[:, 0])
