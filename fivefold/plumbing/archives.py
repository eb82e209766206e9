"""An archive as a source: one pass spools its members into one blob, so no name becomes a path."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from dataclasses import replace
from typing import IO, TYPE_CHECKING, final

from fivefold.plumbing.building import Building, remove_killed
from fivefold.plumbing.errors import BadItem, DataError, RunError
from fivefold.plumbing.files import printable, read_json, size_words, write_json
from fivefold.plumbing.members import Limits, Meter
from fivefold.plumbing.tars import PACKED, tar_members
from fivefold.plumbing.zips import zip_members

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fivefold.plumbing.members import Member

# Left free on the disk for the cache, the run and everyone else.
_SPARE = 1 << 30
_FORM = 1


def is_archive(name: str, head: bytes) -> bool:
    """Whether a file is an archive we read, by its first bytes or, for a damaged one, its name."""
    office = name.lower().endswith((".xlsx", ".docx", ".pptx", ".npz", ".odt", ".ods"))
    magic = head.startswith((b"PK\x03\x04", b"PK\x05\x06", *PACKED))
    suffixes = (".zip", ".tar", ".tgz", ".txz", ".tbz2", ".tar.gz", ".tar.xz", ".tar.bz2")
    named = name.lower().endswith(suffixes)
    return not office and (magic or head[257:262] == b"ustar" or named)


def unpacked(scratch: Path) -> list[tuple[float, Path]]:
    """When each archive in a scratch folder was last used (seconds since 1970), and its blob."""
    blobs = ((index, index.with_suffix(".blob")) for index in scratch.glob("archive-*.json"))
    return [(index.stat().st_mtime, blob) for index, blob in blobs if blob.exists()]


def remove_unpacked(blob: Path) -> None:
    """Remove one of them; its archive is unpacked anew when it is read again."""
    blob.with_suffix(".json").unlink(missing_ok=True)
    blob.unlink(missing_ok=True)


@final
class ArchiveSource:
    """The members of a .zip or .tar(.gz, .xz, .bz2) archive.

    The blob of an unchanged archive (same path, size, time) is used again.

    Args:
        path: The archive.
        scratch: Folder for the blob and its index.
        limits: How far the archive may go.
        tick: Told the share that is unpacked.

    Attributes:
        folders: Always empty: folders of an archive count only through their files.
        unreadable: (name, reason) of members that cannot be used.

    Raises:
        DataError: It is no archive, is beyond the limits, or has no usable member.
        RunError: The disk has no room for the blob.
    """

    def __init__(
        self,
        path: Path,
        scratch: Path,
        *,
        limits: Limits | None = None,
        tick: Callable[[float], None] | None = None,
    ) -> None:
        self.path = path
        self.folders: tuple[str, ...] = ()
        self._stamp = _stamp(path)
        self._blob = scratch / f"archive-{self._stamp}.blob"
        index_file = scratch / f"archive-{self._stamp}.json"
        index = read_json(index_file) if index_file.exists() and self._blob.exists() else {}
        if index.get("form") == _FORM:
            os.utime(index_file)  # the least recently used goes first
        else:
            index = self._spool(limits or Limits(), tick)
            write_json(index_file, index)
        self._places: dict[str, tuple[int, int]] = dict(
            zip(index["names"], zip(index["starts"], index["sizes"], strict=True), strict=True)
        )
        self.unreadable = tuple((name, reason) for name, reason in index["unreadable"])
        self._names = tuple(sorted(self._places))
        if not self._places:
            raise self._nothing()

    def names(self) -> tuple[str, ...]:
        """All usable members, sorted."""
        return self._names

    def read(self, name: str) -> bytes:
        """The bytes of one member.

        Raises:
            BadItem: There is no such member.
        """
        return self._bytes(name, None)

    def head(self, name: str, size: int = 512) -> bytes:
        """The first `size` bytes of one member; raises as `read` does."""
        return self._bytes(name, size)

    def stamp(self) -> str:
        """A hash of the archive's path, size and time."""
        return self._stamp

    def _bytes(self, name: str, size: int | None) -> bytes:
        if name not in self._places:
            raise BadItem("is not in the archive")
        start, length = self._places[name]
        wanted = length if size is None else min(size, length)
        # Opened per read: threads, forks and pickles need no care, and it costs 3 us.
        blob = os.open(self._blob, os.O_RDONLY)
        try:
            raw = os.pread(blob, wanted, start)
        finally:
            os.close(blob)
        if len(raw) != wanted:
            raise BadItem("is cut off in the unpacked copy of the archive")
        return raw

    def _spool(self, limits: Limits, tick: Callable[[float], None] | None) -> dict[str, object]:
        self._blob.parent.mkdir(parents=True, exist_ok=True)
        remove_killed(self._blob.parent)
        room = shutil.disk_usage(self._blob.parent).free - _SPARE
        if room <= 0:
            raise self._full(room)
        meter = Meter(self.path, replace(limits, total=min(limits.total, room)))
        spool = _Spool(meter, tick)
        try:
            with Building(self._blob.parent) as building:
                with (building.folder / "blob").open("wb") as blob:
                    spool.fill(self.path, blob)
                    os.fsync(blob.fileno())
                (building.folder / "blob").replace(self._blob)
        except DataError as cause:
            # The limit was the disk's, not the archive's.
            raise (self._full(room) if meter.unpacked > room else cause) from cause
        except OSError as cause:
            if cause.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise self._full(room) from cause
        return spool.index()

    def _full(self, room: int) -> RunError:
        return RunError(
            found=f"{size_words(max(room, 0))} of room in {printable(str(self._blob.parent))}",
            wanted=f"room for all of {printable(self.path.name)} unpacked, and 1 GiB to spare",
            hint="free some space, or set FIVEFOLD_CACHE to a folder on another disk",
        )

    def _nothing(self) -> DataError:
        first = "".join(f"; first: {printable(n)} {why}" for n, why in self.unreadable[:1])
        return DataError(
            found=f"no usable file in {printable(self.path.name)} "
            f"({len(self.unreadable)} refused{first})",
            wanted="an archive of files",
            hint="download or pack it again",
        )


class _Spool:
    """Copies members into a blob and notes where each lies."""

    def __init__(self, meter: Meter, tick: Callable[[float], None] | None) -> None:
        self._meter = meter
        self._tick = tick
        self._places: dict[str, tuple[int, int]] = {}
        self._unreadable: list[tuple[str, str]] = []

    def fill(self, path: Path, blob: IO[bytes]) -> None:
        with path.open("rb") as raw:
            zipped = raw.read(2) == b"PK"
            raw.seek(0)
            reader = zip_members if zipped else tar_members
            for number, member in enumerate(reader(raw, self._meter)):
                self._take(number, member, blob)

    def _take(self, number: int, member: Member, blob: IO[bytes]) -> None:
        if self._tick and number % 256 == 0:
            self._tick(member.share)
        name = member.name.removeprefix("./")
        try:
            self._copy(name, member, blob)
        except BadItem as cause:
            self._unreadable.append((name, str(cause)))

    def _copy(self, name: str, member: Member, blob: IO[bytes]) -> None:
        if member.refused or member.chunks is None:
            raise BadItem(member.refused)
        start = blob.tell()
        try:
            for chunk in member.chunks():
                blob.write(chunk)
        except BadItem:
            blob.seek(start)
            blob.truncate()
            raise
        if name in self._places:
            self._unreadable.append((name, "stands twice in the archive; the later one is used"))
        self._places[name] = (start, blob.tell() - start)

    def index(self) -> dict[str, object]:
        """The index as JSON values."""
        return {
            "form": _FORM,
            "names": list(self._places),
            "starts": [start for start, _ in self._places.values()],
            "sizes": [size for _, size in self._places.values()],
            "unreadable": self._unreadable,
        }


def _stamp(path: Path) -> str:
    facts = path.stat()
    text = os.fsencode(path.resolve()) + f"\0{facts.st_size}\0{facts.st_mtime_ns}".encode()
    return hashlib.blake2b(text, digest_size=12).hexdigest()
