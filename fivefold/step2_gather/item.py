"""One item on its way into the cache: opened, brought into shape, hashed, written at its place.

The cache holds two files: `rows.bin` with the decoded items and `cards.bin` with what is known
about each. Axes: H W C a picture.
"""

from __future__ import annotations

import hashlib
import math
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from io import FileIO
    from pathlib import Path
    from types import TracebackType

    from fivefold.contracts.roles import InputKind

ROWS = "rows.bin"
CARDS = "cards.bin"
KEPT = "kept.bin"  # which rows of the listing there was room for; absent where there was for all
# Side of the thumbnail that near duplicates are found by.
THUMB = 16
UNDONE, GOOD, BAD = 0, 1, 2


def is_picture(shape: dict[str, Any]) -> bool:
    """Whether items of this cached shape can be looked at: uint8 (H, W, 1 or 3)."""
    sides = shape["item_shape"]
    return len(sides) == 3 and sides[2] in (1, 3) and shape["dtype"] == "uint8"


def is_vector(shape: dict[str, Any]) -> bool:
    """Whether items of this cached shape are a table's columns or a vector: numbers (D,)."""
    return len(shape["item_shape"]) == 1 and shape["dtype"] == "float32"


def card_type(shape: dict[str, Any]) -> np.dtype[np.void]:
    """The record kept of each item.

    Fields: `state` (UNDONE, GOOD or BAD), `content` hash of the raw bytes, `pixels` hash of the
    cached item, `key` hash of what the kind says it shares with near duplicates (0 for nothing),
    `size` of the item as opened (0 where it has no such axis), `thumb`
    (THUMB, THUMB, C) for pictures, empty for others.
    """
    channels = shape["item_shape"][2] if is_picture(shape) else 0
    return np.dtype(
        [
            ("state", np.uint8),
            ("content", np.uint8, (16,)),
            ("pixels", np.uint8, (16,)),
            ("key", np.uint8, (16,)),
            ("size", np.int32, (3,)),
            ("thumb", np.uint8, (THUMB, THUMB, channels)),
        ]
    )


def file_sizes(shape: dict[str, Any], total: int) -> dict[str, int]:
    """Bytes of the cache files of `total` items, by file name."""
    return {
        ROWS: total * math.prod(shape["item_shape"]) * np.dtype(shape["dtype"]).itemsize,
        CARDS: total * card_type(shape).itemsize,
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """A usable item.

    Attributes:
        fitted: In the cached shape.
        sides: Its shape as it is stored outside.
        key: What its kind says it shares with near duplicates.
    """

    fitted: NDArray[np.generic]
    sides: tuple[int, ...]
    key: bytes | None


@final
class ItemWriter:
    """Writes items and their cards into the cache files of `folder`, which are there already.

    Args:
        kind: Brings items into shape.
        shape: What `kind.learn` chose.
        folder: The cache under construction.
    """

    def __init__(self, kind: InputKind, shape: dict[str, Any], folder: Path) -> None:
        self._kind = kind
        self._shape = shape
        self._card = card_type(shape)
        self._bytes = file_sizes(shape, 1)[ROWS]
        # Plain writes, not a memory map: on a full disk a map ends the process, a write says so.
        self._rows = (folder / ROWS).open("rb+", buffering=0)
        self._cards = (folder / CARDS).open("rb+", buffering=0)

    def __enter__(self) -> ItemWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._rows.close()
        self._cards.close()

    def opened(self, raw: bytes) -> Opened:
        """What there is to write of a raw item.

        Raises:
            BadItem: It cannot be opened, or brought into the cached shape.
        """
        return self._fitted(*self._kind.open_for(raw, self._shape))

    def taken(self, item: NDArray[np.generic]) -> Opened:
        """What there is to write of an item that is open already.

        Raises:
            BadItem: It cannot be brought into the cached shape.
        """
        return self._fitted(item, item.shape)

    def _fitted(self, item: NDArray[np.generic], sides: tuple[int, ...]) -> Opened:
        fitted = np.ascontiguousarray(self._kind.fit(item, self._shape), self._shape["dtype"])
        fitted = fitted.reshape(self._shape["item_shape"])
        return Opened(fitted=fitted, sides=sides, key=self._kind.key(item))

    def good(self, row: int, raw: bytes, item: Opened) -> None:
        """Write a usable item and its card.

        Args:
            row: Its place in the cache.
            raw: The bytes it came from.
            item: What they hold.

        Raises:
            OSError: The disk is full.
        """
        card = np.zeros((), self._card)
        decoded = item.fitted.tobytes()
        card["state"] = GOOD
        card["content"] = _hash(raw)
        card["pixels"] = card["content"] if raw == decoded else _hash(decoded)
        if item.key is not None:
            card["key"] = _hash(item.key)
        sides = item.sides[:3]
        card["size"][: len(sides)] = sides
        if card["thumb"].size:
            card["thumb"] = thumbnail(item.fitted)
        # The item first: where a card stands, its item is whole.
        _write(self._rows, row * self._bytes, decoded)
        _write(self._cards, row * self._card.itemsize, card.tobytes())

    def bad(self, row: int, raw: bytes) -> None:
        """Write the card of an item that cannot be used; its bytes still count as content."""
        card = np.zeros((), self._card)
        card["state"] = BAD
        card["content"] = _hash(raw)
        _write(self._cards, row * self._card.itemsize, card.tobytes())


def thumbnail(picture: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Average a picture (H, W, C) into (THUMB, THUMB, C)."""
    channels = picture.shape[2]
    plain = picture[..., 0] if channels == 1 else picture
    small = Image.fromarray(plain).resize((THUMB, THUMB), Image.Resampling.BOX)
    return np.asarray(small).reshape(THUMB, THUMB, channels)


def _hash(data: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(hashlib.blake2b(data, digest_size=16).digest(), np.uint8)


def _write(file: FileIO, place: int, data: bytes) -> None:
    handle = file.fileno()
    if (written := os.pwrite(handle, data, place)) != len(data):
        # A full disk takes the head of a write in silence; the rest raises the error.
        os.pwrite(handle, data[written:], place + written)
