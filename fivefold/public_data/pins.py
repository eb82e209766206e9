"""Trust on first use: the checksum of a first download is kept, and later ones must match it."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, final

from filelock import FileLock

from fivefold.contracts.saving import read
from fivefold.plumbing.errors import DataError
from fivefold.plumbing.files import printable, read_json, write_json
from fivefold.plumbing.places import data_root

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Pin:
    """What a first download brought.

    Attributes:
        checksum: `sha256:...`.
        bytes: Its size.
        day: When, as `2026-01-31`.
    """

    checksum: str
    bytes: int
    day: str


@final
class Pins:
    """The checksums kept in the user's data folder, by address.

    Args:
        path: The file; `pins.json` in the data folder when left out.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or data_root() / "pins.json"

    def of(self, url: str) -> Pin | None:
        """The pin of an address; None before its first download.

        Raises:
            DataError: The file of pins cannot be read.
        """
        return self._all().get(url)

    def keep(self, url: str, checksum: str, size: int) -> Pin:
        """Pin an address; a pin that is there already stays.

        Raises:
            DataError: Another process has pinned something else meanwhile.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path.with_name("pins.lock")):
            pins = self._all()
            new = Pin(checksum=checksum, bytes=size, day=time.strftime("%Y-%m-%d"))
            pin = pins.setdefault(url, new)
            write_json(self.path, {address: asdict(each) for address, each in pins.items()})
        if pin.checksum != checksum:
            raise mismatch(url, checksum, pin, self.path)
        return pin

    def _all(self) -> dict[str, Pin]:
        if not self.path.exists():
            return {}
        try:
            return {url: read(Pin, facts) for url, facts in read_json(self.path).items()}
        except (ValueError, LookupError, TypeError, AttributeError) as cause:
            raise DataError(
                found=f"{printable(str(self.path))}: {cause}",
                wanted="the checksums of first downloads, as they were written",
                hint="mend it or move it away; then the next downloads are pinned anew",
            ) from cause


def mismatch(url: str, found: str, pin: Pin, path: Path) -> DataError:
    """What came is not what came the first time."""
    return DataError(
        found=f"{found} from {url}",
        wanted=f"{pin.checksum}, pinned by the first download on {pin.day}",
        hint=f"the publisher has changed the file, or it came damaged; if you trust the new one, "
        f"take its address out of {printable(str(path))}",
    )
