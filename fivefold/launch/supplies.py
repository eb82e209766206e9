"""What moves to a machine of a cluster: small records always, decoded rows once, if at all.

Where a machine sees the decoded file at the same path (a shared disk, or the same machine), its
rows are read there. Elsewhere the open rows are sent in chunks, written to one file per machine
and kept for a day, so that a second run moves nothing.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fivefold.plumbing.files import atomic
from fivefold.plumbing.lock import InUse, Lock, abandoned
from fivefold.plumbing.places import cache_root

if TYPE_CHECKING:
    from collections.abc import Iterable

CHUNK = 32 << 20  # bytes of rows that are sent at a time
KEPT_SECONDS = 86_400.0  # a copy that nobody opened for so long is removed when another one comes
POLL = 0.1  # seconds between two looks at whether a neighbour is done
_BLOCKS, _BLOCK = 64, 4096  # of a file, from which is told whether it is the same


@dataclass(frozen=True, kw_only=True, slots=True)
class Supplies:
    """What a net needs beside its order.

    Attributes:
        opener: `module:function` that opens what was sent, see `launch.ray_worker`.
        records: Small files by their place in the run folder.
        rows: Where the decoded rows lie on this machine.
        key: Name of a copy of the open rows: equal keys mean equal bytes.
        size: Bytes of such a copy.
        chunks: Reads them, about `CHUNK` bytes at a time.
    """

    opener: str
    records: dict[str, bytes]
    rows: Path
    key: str
    size: int
    chunks: Callable[[], Iterator[bytes]]


def code() -> str:
    """A hash of the code of fivefold: nets made by another one are other nets."""
    digest = hashlib.blake2b(digest_size=16)
    package = Path(__file__).parents[1]
    for file in sorted(package.rglob("*.py")):
        digest.update(f"{file.relative_to(package).as_posix()}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def proof(file: Path) -> str:
    """A hash of the size and of blocks all over a file; empty where there is none.

    Caches are written once and named by what they hold, so this is to tell a file of the same
    name on another disk from the one that is meant.
    """
    try:
        size = file.stat().st_size
        digest = hashlib.blake2b(str(size).encode(), digest_size=16)
        with file.open("rb") as handle:
            for block in range(_BLOCKS):
                handle.seek(block * max(0, size - _BLOCK) // (_BLOCKS - 1))
                digest.update(handle.read(_BLOCK))
    except OSError:
        return ""
    return digest.hexdigest()


def copy_of(key: str) -> Path:
    """Where this machine keeps its copy of the rows `key`."""
    return cache_root() / "cluster" / key


def standing(key: str, size: int) -> bool:
    """Whether a whole copy stands on this machine; it then counts as used."""
    copy = copy_of(key)
    whole = copy.exists() and copy.stat().st_size == size
    if whole:
        os.utime(copy)
    return whole


def receive(key: str, size: int, chunks: Iterable[bytes]) -> bool:
    """Write a copy of the rows unless a neighbour on this machine just did; whether it was we."""
    copy = copy_of(key)
    copy.parent.mkdir(parents=True, exist_ok=True)
    with _alone(copy.parent / "lock"):
        if standing(key, size):
            return False
        _clear_old(copy.parent)
        with atomic(copy) as temporary, temporary.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
    return True


def _clear_old(folder: Path) -> None:
    """Remove old copies; one that is read has a lock, whatever a clock that jumps says of it."""
    for file in folder.iterdir():
        old = file.name != "lock" and time.time() - file.stat().st_mtime > KEPT_SECONDS
        if old and abandoned(file) is not False:
            file.unlink()


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Among all processes of this machine; a lock whose holder is gone is free."""
    while True:
        try:
            held = Lock(lock)
            break
        except InUse:
            time.sleep(POLL)
    try:
        yield
    finally:
        held.release()
