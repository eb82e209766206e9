"""Members of a .zip archive, one after the other; nothing is written by their names."""

from __future__ import annotations

import contextlib
import stat
import zipfile
from typing import IO, TYPE_CHECKING

from fivefold.plumbing.errors import BadItem, FivefoldError
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


def zip_members(raw: IO[bytes], meter: Meter) -> Iterator[Member]:
    """Every member that is not a folder or hidden, in the order it lies there.

    Raises:
        DataError: It is no zip archive, or beyond the limits.
    """
    try:
        archive = zipfile.ZipFile(raw)
    except FivefoldError:  # a limit was met: it is also a ValueError
        raise
    except DAMAGE as cause:
        raise no_archive(meter, cause) from cause
    with archive:
        infos = sorted(archive.infolist(), key=lambda info: info.header_offset)
        for number, info in enumerate(infos):
            name = _name(info)
            if info.is_dir() or name.endswith("/") or litter(name):
                continue
            meter.meet()
            share = number / len(infos)
            refused = refusal(name) or _refusal(info, meter)
            yield Member(
                name=name, share=share, refused=refused, chunks=_chunks(archive, info, meter)
            )


def _name(info: zipfile.ZipInfo) -> str:
    """The name with `/` between folders; UTF-8 where it is that and the archive does not say so."""
    name = info.filename
    if not info.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def _refusal(info: zipfile.ZipInfo, meter: Meter) -> str:
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "is a link or a special file in the archive"
    if info.flag_bits & 1:
        return "is encrypted"
    if info.file_size == 0:
        return "is empty (0 bytes)"
    return too_large(info.file_size, meter)


def _chunks(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, meter: Meter
) -> Callable[[], Iterator[bytes]]:
    def chunks() -> Iterator[bytes]:
        try:
            with archive.open(info) as handle:
                while chunk := handle.read(CHUNK):
                    meter.spend(len(chunk))
                    yield chunk
        except FivefoldError:  # a limit was met: it is also a ValueError
            raise
        except DAMAGE as cause:
            raise BadItem(f"is damaged in the archive ({words(cause)})") from cause

    return chunks
