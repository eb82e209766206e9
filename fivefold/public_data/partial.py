"""What has come of a file so far, and of which version of it."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, BinaryIO, final

from fivefold.contracts.saving import read
from fivefold.plumbing.files import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

SYNC_EVERY = 16 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """Which version of a file the bytes are of.

    Attributes:
        url: Where they come from.
        validator: The server's ETag or date of change; None where it gives neither.
        total: Bytes of the whole file; None where the server does not say.
    """

    url: str
    validator: str | None
    total: int | None


@final
class Partial:
    """The first bytes of a file, and notes beside them.

    Only bytes that reached the disk are counted: after a power cut a file may have its length
    without its contents, and where no checksum is published nothing else would notice.

    Args:
        path: Where the bytes are kept; the notes are `path` + `.json`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.version: Version | None = None
        self.have = 0
        self._notes = path.with_name(f"{path.name}.json")
        self._recall()

    def begin(self, version: Version) -> None:
        """Start from nothing."""
        self.drop()
        self.path.write_bytes(b"")
        self.version = version

    def append(self, chunks: Iterable[bytes]) -> Iterator[int]:
        """Add bytes and yield how many there are now; whatever ends it, they are kept."""
        with self.path.open("rb+") as handle:
            handle.truncate(self.have)
            handle.seek(self.have)
            try:
                for chunk in chunks:
                    handle.write(chunk)
                    self.have += len(chunk)
                    if self.have // SYNC_EVERY > (self.have - len(chunk)) // SYNC_EVERY:
                        self._sync(handle)
                    yield self.have
            finally:
                self._sync(handle)

    def hand_over(self, place: Path) -> None:
        """Move the file, now whole, to `place`."""
        self.path.replace(place)
        self.drop()

    def drop(self) -> None:
        """Forget it all."""
        self._notes.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)
        self.version, self.have = None, 0

    def _sync(self, handle: BinaryIO) -> None:
        handle.flush()
        os.fsync(handle.fileno())
        if self.version is not None:
            write_json(self._notes, {**asdict(self.version), "have": self.have})

    def _recall(self) -> None:
        try:
            facts = read_json(self._notes)
            have = min(int(facts.pop("have")), self.path.stat().st_size)
            self.version, self.have = read(Version, facts), have
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            self.drop()
