"""Single files that are compressed: `.gz`, `.bz2`, `.xz`; a compressed tar is an archive."""

from __future__ import annotations

import bz2
import lzma
import zlib
from typing import TYPE_CHECKING, Protocol

from fivefold.plumbing.errors import BadItem
from fivefold.plumbing.files import size_words

if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK = 1 << 22


class _Unpacker(Protocol):
    """What the decompressors of the standard library have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


_UNPACKERS: dict[str, Callable[[], _Unpacker]] = {
    ".gz": lambda: zlib.decompressobj(wbits=31),
    ".bz2": bz2.BZ2Decompressor,
    ".xz": lzma.LZMADecompressor,
}


def bare_name(name: str) -> str:
    """The name without the suffix of its compression: `train.csv` of `train.csv.gz`."""
    suffix = next((s for s in _UNPACKERS if name.lower().endswith(s)), "")
    return name[: len(name) - len(suffix)]


def unpacked(name: str, raw: bytes, *, limit: int = 1 << 30) -> bytes:
    """The content of a file that may be compressed, told by its suffix.

    Raises:
        BadItem: It is damaged, cut off, or unpacks to more than `limit` bytes.
    """
    suffix = name.lower()[len(bare_name(name)) :]
    if not suffix:
        return raw
    parts: list[bytes] = []
    total = 0
    try:
        while raw:
            unpacker = _UNPACKERS[suffix]()
            while not unpacker.eof:
                piece = unpacker.decompress(raw, _CHUNK)
                raw = getattr(unpacker, "unconsumed_tail", b"")
                total += len(piece)
                if total > limit:
                    raise BadItem(f"unpacks to more than {size_words(limit)}")
                if not piece and not raw and not unpacker.eof:
                    raise BadItem("is cut off (compressed data end early)")
                parts.append(piece)
            raw = unpacker.unused_data.lstrip(b"\0")
    except (zlib.error, lzma.LZMAError, OSError) as cause:
        raise BadItem(f"cannot be unpacked ({cause})") from cause
    return b"".join(parts)
