"""What the members of any archive have in common: limits, refusals, reasons."""

from __future__ import annotations

import lzma
import re
import struct
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fivefold.plumbing.errors import DataError
from fivefold.plumbing.files import hidden, printable, size_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CHUNK = 1 << 20
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


def refusal(name: str) -> str:
    """Why a member with this name is refused; empty when it may be used."""
    if name.startswith("/") or re.match(r"[A-Za-z]:[\\/]", name):
        return "has an absolute path in the archive"
    if ".." in name.split("/"):
        return "has a path that leads out of the archive"
    return ""


def litter(name: str) -> bool:
    """Whether a member is hidden; `.` and `..` in its path do not make it so."""
    return hidden("/".join(part for part in name.split("/") if part not in (".", "..")))


def too_large(size: int, meter: Meter) -> str:
    """Why a member of `size` bytes is refused; empty when it may be used."""
    limit = meter.limits.item
    if size <= limit:
        return ""
    return f"is {size_words(size)}, above the limit of {size_words(limit)}"


def no_archive(meter: Meter, cause: BaseException) -> DataError:
    """The error of a file that cannot be opened as an archive."""
    return DataError(
        found=f"{meter.shown}, which cannot be opened as an archive ({words(cause)})",
        wanted="a whole .zip or .tar(.gz, .xz, .bz2) archive",
        hint="download or pack it again, or unpack it and name the folder",
    )


def words(cause: BaseException) -> str:
    """What a library said, for the end of a reason."""
    if isinstance(cause, EOFError):
        return "data end early"
    text = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
    return printable(text).lower() or type(cause).__name__
