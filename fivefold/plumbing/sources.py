"""Where raw items lie: a folder or arrays in memory; an archive is next door. One way to read all.

Names are paths relative to the source with `/` between folders; names that are not UTF-8 carry
surrogate escapes and are shown through `files.printable` only.
"""

from __future__ import annotations

import hashlib
import os
import stat
from io import BytesIO
from typing import TYPE_CHECKING, final

from fivefold.plumbing.archives import ArchiveSource, is_archive
from fivefold.plumbing.errors import BadItem, DataError
from fivefold.plumbing.files import hidden, printable, size_words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy as np

ITEM_LIMIT = 1 << 30
TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
_SPECIAL = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@final
class FolderSource:
    """Files below a folder.

    Args:
        root: The folder.
        names: The files to offer, for example those a table names; all below `root` if left out.
        limit: Largest file in bytes that is read.

    Attributes:
        folders: Every folder below the root, hidden ones left out.
        unreadable: (name, reason) of folders that could not be entered.

    Raises:
        DataError: The root cannot be listed.
    """

    def __init__(
        self, root: Path, names: Sequence[str] | None = None, *, limit: int = ITEM_LIMIT
    ) -> None:
        self.root = root
        self.limit = limit
        self.folders: tuple[str, ...] = ()
        self.unreadable: tuple[tuple[str, str], ...] = ()
        self._names = self._scan() if names is None else tuple(names)

    def names(self) -> tuple[str, ...]:
        """All file names; special files and broken links are among them and fail in `read`."""
        return self._names

    def read(self, name: str) -> bytes:
        """The bytes of one file.

        Raises:
            BadItem: It is missing, empty, special, too large or may not be read.
        """
        return self._bytes(name, None)

    def head(self, name: str, size: int = 512) -> bytes:
        """The first `size` bytes of one file; raises as `read` does."""
        return self._bytes(name, size)

    def stamp(self) -> str:
        """A quick hash of the root and of all names, sizes and times."""
        digest = hashlib.blake2b(os.fsencode(self.root.absolute()), digest_size=16)
        for name in self._names:
            try:
                facts = os.stat(self._path(name))  # noqa: PTH116 - 60,000 Path objects cost a second
                line = f"\0{facts.st_size}\0{facts.st_mtime_ns}\0"
            except (OSError, ValueError):
                line = "\0gone\0"
            digest.update(os.fsencode(name) + line.encode())
        return digest.hexdigest()

    def _path(self, name: str) -> str:
        return os.path.join(self.root, name)  # noqa: PTH118 - keeps absolute and odd names as they are

    def _bytes(self, name: str, size: int | None) -> bytes:
        path = self._path(name)
        try:
            facts = os.stat(path)  # noqa: PTH116 - as above
            if not stat.S_ISREG(facts.st_mode):
                what = next((w for test, w in _SPECIAL if test(facts.st_mode)), "a special file")
                raise BadItem(f"is {what}, not a file")
            if facts.st_size == 0:
                raise BadItem("is empty (0 bytes)")
            if facts.st_size > self.limit:
                raise BadItem(
                    f"is {size_words(facts.st_size)}, above the limit of {size_words(self.limit)}"
                )
            with open(path, "rb") as handle:  # noqa: PTH123 - as above
                return handle.read(-1 if size is None else size)
        except (OSError, ValueError) as cause:
            raise BadItem(_reason(cause, path)) from cause

    def _scan(self) -> tuple[str, ...]:
        try:
            top = os.stat(self.root)  # noqa: PTH116 - as above
            os.scandir(self.root).close()
        except (OSError, ValueError) as cause:
            raise DataError(
                found=f"the folder {printable(str(self.root))}, which {_reason(cause)}",
                wanted="a folder that can be listed",
                hint="check the path and its permissions",
            ) from cause
        walk = _Walk(str(self.root), {(top.st_dev, top.st_ino)})
        walk.go()
        self.folders = tuple(sorted(walk.folders))
        self.unreadable = tuple(sorted(walk.unreadable))
        return tuple(sorted(walk.files))


class _Walk:
    """One walk below `root`; a folder reached a second time, through a link, is not entered.

    Real folders go first, so that a link never takes a folder away from its own place.
    """

    def __init__(self, root: str, seen: set[tuple[int, int]]) -> None:
        self.root = root
        self.seen = seen
        self.files: list[str] = []
        self.folders: list[str] = []
        self.unreadable: list[tuple[str, str]] = []
        self._real: list[str] = [""]
        self._linked: list[str] = []

    def go(self) -> None:
        while self._real or self._linked:
            folder = self._real.pop() if self._real else self._enter_link(self._linked.pop())
            if folder is not None:
                self._list(folder)

    def _enter_link(self, name: str) -> str | None:
        facts = os.stat(f"{self.root}/{name}")  # noqa: PTH116 - as above
        if (facts.st_dev, facts.st_ino) in self.seen:
            self.unreadable.append((name, "is a link to a folder that is listed already"))
            return None
        self._found(name, facts)
        return name

    def _found(self, name: str, facts: os.stat_result) -> None:
        self.seen.add((facts.st_dev, facts.st_ino))
        self.folders.append(name)

    def _list(self, folder: str) -> None:
        prefix = f"{folder}/" if folder else ""
        try:
            with os.scandir(f"{self.root}/{folder}") as entries:
                for entry in entries:
                    if not hidden(entry.name):
                        self._take(entry, prefix + entry.name)
        except OSError as cause:
            self.unreadable.append((folder, f"is a folder that {_reason(cause)}"))

    def _take(self, entry: os.DirEntry[str], name: str) -> None:
        try:
            folder = entry.is_dir()
        except OSError:  # a link to itself: `read` says so
            folder = False
        if not folder:
            self.files.append(name)
        elif entry.is_symlink():
            self._linked.append(name)
        else:
            self._found(name, entry.stat())
            self._real.append(name)


@final
class ArraySource:
    """Items that are decoded already: pictures (N, H, W, C) in uint8 or vectors (N, D) in float32.

    Args:
        items: The items, one per index of the first axis.
    """

    def __init__(self, items: np.ndarray) -> None:
        self.items = items
        self.unreadable: tuple[tuple[str, str], ...] = ()
        self._names = tuple(f"row-{i:06d}" for i in range(len(items)))
        self._index = {name: i for i, name in enumerate(self._names)}

    def names(self) -> tuple[str, ...]:
        """`row-000000` and so on."""
        return self._names

    def array(self, name: str) -> np.ndarray:
        """The item behind a name."""
        return self.items[self._index[name]]

    def read(self, name: str) -> bytes:
        """One item as a .npy file, without pickle."""
        import numpy as np  # noqa: PLC0415 - a tenth of a second that only arrays need

        file = BytesIO()
        np.save(file, self.array(name), allow_pickle=False)
        return file.getvalue()

    def stamp(self) -> str:
        """A hash of shape, type and content."""
        facts = f"{self.items.shape}{self.items.dtype}".encode()
        digest = hashlib.blake2b(facts, digest_size=16)
        for item in self.items:
            digest.update(item.tobytes())
        return digest.hexdigest()


def open_source(
    path: Path, scratch: Path, *, tick: Callable[[float], None] | None = None
) -> FolderSource | ArchiveSource:
    """Open a folder, an archive, or the folder in which a table lies.

    Args:
        path: What the user named.
        scratch: Folder for what an archive unpacks to.
        tick: Told the share of an archive that is unpacked.

    Raises:
        DataError: There is nothing at `path`, or nothing of use.
    """
    shown = printable(str(path))
    try:
        facts = path.stat()
    except (OSError, ValueError) as cause:
        raise DataError(
            found=f"{shown}, which {_reason(cause)}",
            wanted="a folder, an archive or a table",
            hint="check the path",
        ) from cause
    if stat.S_ISDIR(facts.st_mode):
        return FolderSource(path)
    try:
        head = FolderSource(path.parent, (path.name,)).head(path.name)
    except BadItem as cause:
        raise DataError(
            found=f"{shown}, which {cause}",
            wanted="a folder, an archive or a table",
            hint="name the folder that holds the pictures",
        ) from cause
    if path.suffix.lower() in TABLES:
        return FolderSource(path.parent, (path.name,))
    if is_archive(path.name, head):
        return ArchiveSource(path, scratch, tick=tick)
    raise DataError(
        found=f"the single file {shown}",
        wanted=f"a folder, a .zip or .tar(.gz, .xz, .bz2) archive or a table ({', '.join(TABLES)})",
        hint="name the folder that holds the files; unpack .7z and .rar, save sheets as .csv first",
    )


def _reason(cause: OSError | ValueError, path: str = "") -> str:
    """What went wrong with a file, as the end of a sentence about it."""
    if isinstance(cause, FileNotFoundError):
        return "is a link to nothing" if os.path.islink(path) else "is not there"  # noqa: PTH114
    if isinstance(cause, PermissionError):
        return "may not be read (no permission)"
    if isinstance(cause, OSError):
        return f"cannot be read ({(cause.strerror or 'input/output error').lower()})"
    return f"cannot be read ({cause})"
