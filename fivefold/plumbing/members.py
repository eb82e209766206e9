"""Members of a .zip or .tar archive, one after the other; nothing is written by their names."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import os
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, cast

from fivefold.plumbing.errors import BadItem, DataError
from fivefold.plumbing.files import hidden, printable, size_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CHUNK = 1 << 20
# A single header above this is an attack: the longest path of any system is a few thousand bytes.
_HEADER_LIMIT = 1 << 24
DAMAGE = (
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    ValueError,
    struct.error,
)
_PACKERS: tuple[tuple[bytes, Callable[[Any], Any]], ...] = (
    (b"\x1f\x8b", gzip.open),
    (b"BZh", bz2.open),
    (b"\xfd7zXZ\0", lzma.open),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How far an archive may go.

    Attributes:
        total: Bytes unpacked in all.
        ratio: Bytes unpacked per byte of the archive, once more than `ratio_from` are unpacked.
        ratio_from: See `ratio`.
        members: Number of members.
        item: Bytes of one member.
    """

    total: int = 64 << 30
    ratio: int = 1000
    ratio_from: int = 100 << 20
    members: int = 5_000_000
    item: int = 1 << 30


class Meter:
    """Counts what is unpacked of one archive and stops it at the limits."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.shown = printable(path.name)
        self.packed = max(path.stat().st_size, 1)
        self.limits = limits
        self.unpacked = 0
        self.members = 0

    def spend(self, count: int) -> None:
        """Count `count` more bytes.

        Raises:
            DataError: The archive goes beyond its limits.
        """
        self.unpacked += count
        if self.unpacked > self.limits.total:
            self._stop(f"more than {size_words(self.limits.total)}")
        above = self.unpacked > self.limits.ratio_from
        if above and self.unpacked > self.limits.ratio * self.packed:
            self._stop(f"more than {self.limits.ratio} times its own size")

    def meet(self) -> None:
        """Count one more member; raises as `spend` does."""
        self.members += 1
        if self.members > self.limits.members:
            self._stop(f"more than {self.limits.members:,} members")

    def _stop(self, what: str) -> None:
        raise DataError(
            found=f"{self.shown}, which unpacks to {what}",
            wanted="an archive within the limits on size, ratio and number of members",
            hint="unpack it yourself if you trust it, and name the folder",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One member.

    Attributes:
        name: Its path in the archive, `/` between folders.
        share: Share of the archive that is read.
        refused: Why it is not used; empty when it is.
        chunks: Gives its bytes; raises BadItem where it is damaged.
    """

    name: str
    share: float = 0.0
    refused: str = ""
    chunks: Callable[[], Iterator[bytes]] | None = None


def members(path: Path, meter: Meter) -> Iterator[Member]:
    """Every member of an archive that is not a folder or hidden, in the order it lies there.

    Raises:
        DataError: It is no archive at all, or beyond the limits.
    """
    with path.open("rb") as raw:
        head = raw.read(8)
        raw.seek(0)
        if head.startswith(b"PK"):
            yield from _zip_members(raw, meter)
        else:
            opener = next((opener for magic, opener in _PACKERS if head.startswith(magic)), None)
            yield from _tar_members(raw, opener(raw) if opener else raw, meter)


def refusal(name: str) -> str:
    """Why a member with this name is refused; empty when it may be used."""
    if name.startswith("/") or re.match(r"[A-Za-z]:[\\/]", name):
        return "has an absolute path in the archive"
    if ".." in name.split("/"):
        return "has a path that leads out of the archive"
    return ""


# ------------------------------------------------------------------------------------------- zip


def _zip_members(raw: IO[bytes], meter: Meter) -> Iterator[Member]:
    try:
        archive = zipfile.ZipFile(raw)
    except DAMAGE as cause:
        raise _no_archive(meter, cause) from cause
    with archive:
        infos = sorted(archive.infolist(), key=lambda info: info.header_offset)
        for number, info in enumerate(infos):
            name = _zip_name(info)
            if info.is_dir() or name.endswith("/") or hidden(_inside(name)):
                continue
            meter.meet()
            share = number / len(infos)
            refused = refusal(name) or _zip_refusal(info, meter)
            yield Member(
                name=name, share=share, refused=refused, chunks=_zip_chunks(archive, info, meter)
            )


def _inside(name: str) -> str:
    """A name without `.` and `..`, which are not hidden files."""
    return "/".join(part for part in name.split("/") if part not in (".", ".."))


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The name with `/` between folders; UTF-8 where it is that and the archive does not say so."""
    name = info.filename
    if not info.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def _zip_refusal(info: zipfile.ZipInfo, meter: Meter) -> str:
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "is a link or a special file in the archive"
    if info.flag_bits & 1:
        return "is encrypted"
    if info.file_size == 0:
        return "is empty (0 bytes)"
    return _too_large(info.file_size, meter)


def _zip_chunks(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, meter: Meter
) -> Callable[[], Iterator[bytes]]:
    def chunks() -> Iterator[bytes]:
        try:
            with archive.open(info) as handle:
                while chunk := handle.read(CHUNK):
                    meter.spend(len(chunk))
                    yield chunk
        except DAMAGE as cause:
            raise BadItem(f"is damaged in the archive ({_words(cause)})") from cause

    return chunks


# ------------------------------------------------------------------------------------------- tar


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


def _tar_members(raw: IO[bytes], unpacked: IO[bytes], meter: Meter) -> Iterator[Member]:
    stream = _Forward(unpacked, meter)
    try:
        archive = tarfile.TarFile(fileobj=cast("IO[bytes]", stream), mode="r", errorlevel=2)
    except DAMAGE as cause:
        raise _no_archive(meter, cause) from cause
    last = ""
    while True:
        try:
            info = archive.next()
        except DAMAGE as cause:
            yield _cut_off(meter, last, _words(cause))
            return
        if info is None:
            # tarfile stops without a word at a damaged or missing header.
            if stream.last.strip(b"\0") or len(stream.last) != tarfile.BLOCKSIZE:
                yield _cut_off(meter, last, "the mark at its end is missing")
            return
        del cast("Any", archive).members[:]  # tarfile keeps every header for ever
        last = info.name
        if info.isdir() or hidden(_inside(info.name)):
            continue
        meter.meet()
        yield Member(
            name=info.name,
            share=raw.tell() / meter.packed,
            refused=refusal(info.name) or _tar_refusal(info, meter),
            chunks=_tar_chunks(stream, info),
        )


def _tar_refusal(info: tarfile.TarInfo, meter: Meter) -> str:
    if not info.isreg() or info.issparse():
        return "is a link or a special file in the archive"
    if info.size == 0:
        return "is empty (0 bytes)"
    return _too_large(info.size, meter)


def _tar_chunks(stream: _Forward, info: tarfile.TarInfo) -> Callable[[], Iterator[bytes]]:
    def chunks() -> Iterator[bytes]:
        left = info.size
        try:
            stream.seek(info.offset_data)
            while left and (chunk := stream.read(min(CHUNK, left))):
                left -= len(chunk)
                yield chunk
        except DAMAGE as cause:
            raise BadItem(f"is damaged in the archive ({_words(cause)})") from cause
        if left:
            raise BadItem("is cut off: the archive ends within it")

    return chunks


def _cut_off(meter: Meter, last: str, why: str) -> Member:
    after = f" after {printable(last)}" if last else ""
    return Member(name=meter.shown, refused=f"the archive is damaged or cut off{after} ({why})")


def _too_large(size: int, meter: Meter) -> str:
    limit = meter.limits.item
    if size <= limit:
        return ""
    return f"is {size_words(size)}, above the limit of {size_words(limit)}"


def _no_archive(meter: Meter, cause: BaseException) -> DataError:
    return DataError(
        found=f"{meter.shown}, which cannot be opened as an archive ({_words(cause)})",
        wanted="a whole .zip or .tar(.gz, .xz, .bz2) archive",
        hint="download or pack it again, or unpack it and name the folder",
    )


def _words(cause: BaseException) -> str:
    if isinstance(cause, EOFError):
        return "data end early"
    text = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
    return printable(text).lower() or type(cause).__name__


def is_archive(name: str, head: bytes) -> bool:
    """Whether a file is an archive we read, by its first bytes or, for a damaged one, its name."""
    office = name.lower().endswith((".xlsx", ".docx", ".pptx", ".npz", ".odt", ".ods"))
    magic = head.startswith((b"PK\x03\x04", b"PK\x05\x06", *(magic for magic, _ in _PACKERS)))
    suffixes = (".zip", ".tar", ".tgz", ".txz", ".tbz2", ".tar.gz", ".tar.xz", ".tar.bz2")
    named = os.fspath(name).lower().endswith(suffixes)
    return not office and (magic or head[257:262] == b"ustar" or named)
