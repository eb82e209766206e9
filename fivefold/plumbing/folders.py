"""Files below a folder as a source of raw items."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, final

from fivefold.plumbing.errors import BadItem, DataError
from fivefold.plumbing.files import hidden, printable, size_words

if TYPE_CHECKING:
    from collections.abc import Sequence

ITEM_LIMIT = 1 << 30
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
            raise BadItem(reason_of(cause, path)) from cause

    def _scan(self) -> tuple[str, ...]:
        try:
            top = os.stat(self.root)  # noqa: PTH116 - as above
            os.scandir(self.root).close()
        except (OSError, ValueError) as cause:
            raise DataError(
                found=f"the folder {printable(str(self.root))}, which {reason_of(cause)}",
                wanted="a folder that can be listed",
                hint="check the path and its permissions",
            ) from cause
        walk = _Walk(str(self.root), {(top.st_dev, top.st_ino)})
        walk.go()
        self.folders = tuple(sorted(walk.folders))
        self.unreadable = tuple(sorted(walk.unreadable))
        return tuple(sorted(walk.files))


def read_file(path: str) -> bytes:
    """The bytes of one file, wherever it lies; refused as `FolderSource.read` does.

    Raises:
        BadItem: It is missing, empty, special, too large or may not be read.
    """
    return FolderSource(Path(), (), limit=ITEM_LIMIT).read(path)


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
            self.unreadable.append((folder, f"is a folder that {reason_of(cause)}"))

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


def is_folder(path: Path) -> bool:
    """Whether data are a folder, and no single file.

    Raises:
        DataError: They are not there, or may not be looked at.
    """
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError) as cause:
        raise DataError(
            found=f"{printable(str(path))}, which {reason_of(cause)}",
            wanted="a folder, an archive or a table",
            hint="check the path",
        ) from cause


def reason_of(cause: OSError | ValueError, path: str = "") -> str:
    """What went wrong with a file, as the end of a sentence about it."""
    if isinstance(cause, FileNotFoundError):
        return "is a link to nothing" if os.path.islink(path) else "is not there"  # noqa: PTH114
    if isinstance(cause, PermissionError):
        return "may not be read (no permission)"
    if isinstance(cause, OSError):
        return f"cannot be read ({(cause.strerror or 'input/output error').lower()})"
    return f"cannot be read ({cause})"
