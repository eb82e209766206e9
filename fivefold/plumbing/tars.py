"""Members of a .tar archive, packed or not, one after the other; none is written by its name."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
from typing import IO, TYPE_CHECKING, Any, cast

from fivefold.plumbing.errors import BadItem, FivefoldError
from fivefold.plumbing.files import printable, size_words
from fivefold.plumbing.members import (
    CHUNK,
    DAMAGE,
    Member,
    Meter,
    litter,
    no_archive,
    refusal,
    too_large,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# A single header above this is an attack: the longest path of any system is a few thousand bytes.
_HEADER_LIMIT = 1 << 24
_PACKERS: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
}
PACKED = tuple(_PACKERS)


class _Forward:
    """A packed stream read forward only, counted; remembers the last block for the end mark."""

    def __init__(self, stream: IO[bytes], meter: Meter) -> None:
        self._stream = stream
        self._meter = meter
        self._at = 0
        self.last = b""

    def tell(self) -> int:
        return self._at

    def read(self, size: int) -> bytes:
        if size > _HEADER_LIMIT:
            raise tarfile.ReadError(f"a header of {size_words(size)}")
        self.last = self._stream.read(size)
        self._at += len(self.last)
        self._meter.spend(len(self.last))
        return self.last

    def seek(self, position: int) -> None:
        while self._at < position and self.read(min(CHUNK, position - self._at)):
            pass


def tar_members(raw: IO[bytes], meter: Meter) -> Iterator[Member]:
    """Every member that is not a folder or hidden, and at last what cut the archive off.

    Raises:
        DataError: It is no tar archive, or beyond the limits.
    """
    head = raw.read(8)
    raw.seek(0)
    opener = next((own for magic, own in _PACKERS.items() if head.startswith(magic)), None)
    unpacked = raw if opener is None else opener(raw)
    stream = _Forward(unpacked, meter)
    try:
        archive = tarfile.TarFile(fileobj=cast("IO[bytes]", stream), mode="r", errorlevel=2)
    except FivefoldError:  # a limit was met: it is also a ValueError
        raise
    except DAMAGE as cause:
        raise no_archive(meter, cause) from cause
    last = ""
    while True:
        try:
            info = archive.next()
        except FivefoldError:  # a limit was met: it is also a ValueError
            raise
        except DAMAGE as cause:
            yield _cut_off(meter, last, words(cause))
            return
        if info is None:
            # tarfile stops without a word at a damaged or missing header.
            if stream.last.strip(b"\0") or len(stream.last) != tarfile.BLOCKSIZE:
                yield _cut_off(meter, last, "the mark at its end is missing")
            return
        del cast("Any", archive).members[:]  # tarfile keeps every header for ever
        last = info.name
        if info.isdir() or litter(info.name):
            continue
        meter.meet()
        yield Member(
            name=info.name,
            share=raw.tell() / meter.packed,
            refused=refusal(info.name) or _refusal(info, meter),
            chunks=_chunks(stream, info),
        )


def _refusal(info: tarfile.TarInfo, meter: Meter) -> str:
    if not info.isreg() or info.issparse():
        return "is a link or a special file in the archive"
    if info.size == 0:
        return "is empty (0 bytes)"
    return too_large(info.size, meter)


def _chunks(stream: _Forward, info: tarfile.TarInfo) -> Callable[[], Iterator[bytes]]:
    def chunks() -> Iterator[bytes]:
        left = info.size
        try:
            stream.seek(info.offset_data)
            while left and (chunk := stream.read(min(CHUNK, left))):
                left -= len(chunk)
                yield chunk
        except FivefoldError:  # a limit was met: it is also a ValueError
            raise
        except DAMAGE as cause:
            raise BadItem(f"is damaged in the archive ({words(cause)})") from cause
        if left:
            raise BadItem("is cut off: the archive ends within it")

    return chunks


def _cut_off(meter: Meter, last: str, why: str) -> Member:
    after = f" after {printable(last)}" if last else ""
    return Member(name=meter.shown, refused=f"the archive is damaged or cut off{after} ({why})")
