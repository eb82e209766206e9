"""Where raw items lie: a folder, an archive, rows of a file, arrays in memory. One way to read all.

Names are paths relative to the source with `/` between folders; names that are not UTF-8 carry
surrogate escapes and are shown through `files.printable` only.
"""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import TYPE_CHECKING, final

from fivefold.plumbing.archives import ArchiveSource, is_archive
from fivefold.plumbing.errors import BadItem, DataError
from fivefold.plumbing.files import printable
from fivefold.plumbing.folders import ITEM_LIMIT, FolderSource, is_folder
from fivefold.plumbing.packed import bare_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy as np

__all__ = [
    "ITEM_LIMIT",
    "ROWS",
    "TABLES",
    "TAGGED",
    "ArraySource",
    "FolderSource",
    "RowSource",
    "open_source",
]

TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".arrow", ".feather")
TAGGED = (".conllu", ".conll", ".conll2003", ".iob", ".iob2", ".bio", ".bioes", ".col")
# Files that may hold many items, a row each.
ROWS = (*TABLES, *TAGGED, ".json", ".ts", ".txt", ".data", ".dat", ".lines")


@final
class ArraySource:
    """Items that are decoded already: pictures (N, H, W, C) in uint8, numbers (N, ...) in float32.

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


@final
class RowSource:
    """Rows of tables, lines, sentences: each row is an item by itself.

    Args:
        names: Name of each row, for example `train.csv:12`, where line 12 is where it begins.
        row: Gives the raw bytes of a row by its number, as the row's input kind opens them.
        stamp: Hash of the files and of how their rows are read.
    """

    def __init__(self, names: Sequence[str], row: Callable[[int], bytes], stamp: str) -> None:
        self.unreadable: tuple[tuple[str, str], ...] = ()
        self._names = tuple(names)
        self._row = row
        self._stamp = stamp
        self._index = {name: i for i, name in enumerate(self._names)}

    def names(self) -> tuple[str, ...]:
        """The names, in the order of the rows."""
        return self._names

    def read(self, name: str) -> bytes:
        """The raw bytes of one row.

        Raises:
            BadItem: There is no such row, or what it names cannot be read.
        """
        if name not in self._index:
            raise BadItem("is no row of the data")
        return self._row(self._index[name])

    def head(self, name: str, size: int = 512) -> bytes:
        """The first `size` bytes of one row; raises as `read` does."""
        return self.read(name)[:size]

    def stamp(self) -> str:
        """Equal stamps mean unchanged files, read in the same way."""
        return self._stamp


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
    if is_folder(path):
        return FolderSource(path)
    shown = printable(str(path))
    try:
        head = FolderSource(path.parent, (path.name,)).head(path.name)
    except BadItem as cause:
        raise DataError(
            found=f"{shown}, which {cause}",
            wanted="a folder, an archive or a table",
            hint="name the folder that holds the pictures",
        ) from cause
    if bare_name(path.name).lower().endswith(ROWS):
        return FolderSource(path.parent, (path.name,))
    if is_archive(path.name, head):
        return ArchiveSource(path, scratch, tick=tick)
    raise DataError(
        found=f"the single file {shown}",
        wanted=f"a folder, a .zip or .tar(.gz, .xz, .bz2) archive or a table ({', '.join(TABLES)})",
        hint="name the folder that holds the files; unpack .7z and .rar, save sheets as .csv first",
    )
