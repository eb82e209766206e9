"""Rows of Parquet and Arrow files as raw items: read forward in batches, never as a whole.

Axes: N rows of all files together.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Protocol, final

import numpy as np

from fivefold.plumbing.errors import BadItem, DataError
from fivefold.plumbing.files import printable, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SUFFIXES = (".parquet", ".arrow", ".feather")
# Of files that are held as text, as tables are: some 70 bytes a cell, 1.4 GB.
MOST_CELLS = 20_000_000
# Bytes of the batch that is held; a single row may be larger.
_BATCH_BYTES = 2 << 20


class _File(Protocol):
    """One file of rows."""

    rows: int
    cells: int
    schema: Any

    def batches(self, row: int, columns: Sequence[str]) -> Iterator[tuple[int, Any]]:
        """Record batches from the one that holds `row` on, each with the row it begins at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column as its file declares it.

    Attributes:
        name: Its name; what lies in a struct has a dot: `image.bytes`.
        type: `bytes`, `text`, `number`, `numbers` (lists of them) or `other`.
        classes: Names that its numbers count into, where the file states them.
    """

    name: str
    type: str
    classes: tuple[str, ...] = ()


@final
class ColumnRows:
    """Rows of column files, one cell or one JSON object each.

    Args:
        paths: Files of one schema.

    Attributes:
        names: Names of the files.
        columns: What the files declare.
        cells: In all rows, unpacked; of Parquet with those in lists.

    Raises:
        DataError: A file is damaged, or its columns are not those of the first.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = tuple(paths)
        self._files = [_opened(path) for path in self.paths]
        self.columns = _columns(self._files[0].schema)
        for path, file in zip(self.paths, self._files, strict=True):
            if [c.name for c in _columns(file.schema)] != [c.name for c in self.columns]:
                raise DataError(
                    found=f"{printable(path.name)} with other columns than "
                    f"{printable(self.paths[0].name)}",
                    wanted="files that are parts of one table",
                    hint="name one of them as DATA",
                )
        self._starts = [0, *accumulate(file.rows for file in self._files)]
        self.cells = sum(file.cells for file in self._files)
        self.names = within(self.paths)
        self._numbers = {name: number for number, name in enumerate(self.names)}

    def __len__(self) -> int:
        return self._starts[-1]

    def name(self, row: int) -> str:
        """`train-0001.parquet:12`, where rows are counted from 1."""
        number = self.number(row)
        return f"{self.names[number]}:{row - self._starts[number] + 1}"

    def number(self, row: int) -> int:
        """Number of the file in which a row lies."""
        return bisect_right(self._starts, row) - 1

    def row(self, name: str) -> int:
        """The row behind a name.

        Raises:
            BadItem: There is none.
        """
        file, _, line = name.rpartition(":")
        number = self._numbers.get(file)
        if number is not None and line.isdigit():
            row = self._starts[number] + int(line) - 1
            if self._starts[number] <= row < self._starts[number + 1]:
                return row
        raise BadItem("is no row of the data")

    def batches(self, row: int, columns: Sequence[str]) -> Iterator[tuple[int, Any]]:
        """Record batches from the one that holds `row` to the last, each with its first row."""
        first = bisect_right(self._starts, row) - 1
        for number in range(first, len(self._files)):
            start = self._starts[number]
            for at, batch in self._files[number].batches(max(row - start, 0), columns):
                yield start + at, batch

    def column(self, name: str) -> Iterator[Any]:
        """All cells of one column, as Python has them."""
        if len(self):
            for _, batch in self.batches(0, [name]):
                yield from _of(batch, name).to_pylist()

    def sample(self, names: Sequence[str], most: int) -> tuple[range, dict[str, list[Any]]]:
        """Rows spread evenly over all, at most so many, and their cells in some columns."""
        rows = range(0, len(self), max(-(-len(self) // most), 1))
        found: dict[str, list[Any]] = {name: [] for name in names}
        for start, batch in self.batches(0, names) if rows and names else ():
            first = -start % rows.step
            for name in names:
                cells = _of(batch, name)
                found[name] += [cells[i].as_py() for i in range(first, len(batch), rows.step)]
        return rows, found

    def stamp(self) -> str:
        """A hash of paths, sizes and times."""
        digest = hashlib.blake2b(digest_size=16)
        for path in self.paths:
            facts = path.stat()
            digest.update(os.fsencode(path.resolve()))
            digest.update(f"\0{facts.st_size}\0{facts.st_mtime_ns}\0".encode())
        return digest.hexdigest()


@final
class ColumnSource:
    """Cells of one column, or whole rows, as the raw items of a source.

    Args:
        rows: The files.
        field: The column; None reads a row as a JSON object of the columns that follow.
        columns: Columns of that object.
    """

    def __init__(
        self, rows: ColumnRows, field: str | None = None, columns: Sequence[str] = ()
    ) -> None:
        self.rows = rows
        self.field = field
        self.columns = (field,) if field is not None else tuple(columns)
        self.unreadable: tuple[tuple[str, str], ...] = ()
        self._names = tuple(rows.name(row) for row in range(len(rows)))
        self._forward: Iterator[tuple[int, Any]] = iter(())
        self._held: tuple[int, Any] = (0, ())

    def names(self) -> tuple[str, ...]:
        """`train-0001.parquet:12`, in the order of the rows."""
        return self._names

    def read(self, name: str) -> bytes:
        """The raw bytes of one row; quick where rows are asked for in order.

        Raises:
            BadItem: There is no such row, its cell is empty, or its batch is damaged.
        """
        row = self.rows.row(name)
        start, batch = self._held
        # A batch or two ahead is sooner read than sought.
        if not start <= row < start + 3 * len(batch):
            self._forward = self.rows.batches(row, self.columns)
        try:
            while not start <= row < start + len(batch):
                start, batch = self._held = next(self._forward)
        except StopIteration:
            raise BadItem("is no row of the data") from None
        except Exception as cause:  # a library for columns may raise anything on a damaged file
            self._held, self._forward = (0, ()), iter(())
            raise BadItem(f"is damaged ({printable(str(cause)).splitlines()[0]})") from cause
        cells = {name: _of(batch, name)[row - start].as_py() for name in self.columns}
        return raw_bytes(cells if self.field is None else cells[self.field])

    def head(self, name: str, size: int = 512) -> bytes:
        """The first `size` bytes of one row; raises as `read` does."""
        return self.read(name)[:size]

    def stamp(self) -> str:
        """Equal stamps mean unchanged files, read in the same way."""
        return f"{self.rows.stamp()}-{self.field}-{','.join(self.columns)}"


def raw_bytes(cell: object) -> bytes:
    """A cell as input kinds open it: bytes, UTF-8 of a text, .npy of numbers, JSON of a row.

    Raises:
        BadItem: There is nothing in it.
    """
    if cell is None or (isinstance(cell, bytes | str) and not cell):
        raise BadItem("is an empty cell")
    if isinstance(cell, bytes):
        return cell
    if isinstance(cell, str):
        return cell.encode("utf-8", "surrogatepass")
    if isinstance(cell, dict):
        return json.dumps({k: _plain(v) for k, v in cell.items()}, ensure_ascii=False).encode()
    file = io.BytesIO()
    try:
        np.save(file, np.asarray(cell, np.float32), allow_pickle=False)
    except (ValueError, TypeError) as cause:
        raise BadItem("is a cell of ragged lists or of things that are no numbers") from cause
    return file.getvalue()


def _plain(value: object) -> str | float | int | bool | None:
    """A value as JSON has it; nothing, NaN and infinity are null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int | bool) else str(value)


def _of(batch: Any, name: str) -> Any:  # noqa: ANN401 - pyarrow is not typed
    """A column of a batch; `image.bytes` lies in the struct `image`."""
    if name in batch.schema.names:
        return batch.column(name)
    outer, _, inner = name.rpartition(".")
    return batch.column(outer).field(inner)


@final
class _Parquet:
    """A Parquet file: a row group at a time, in batches of few bytes."""

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq  # noqa: PLC0415 - half a second that only column files need

        # Buffered: without it a whole column of a row group is read at once.
        self._file = pq.ParquetFile(path, buffer_size=1 << 18, pre_buffer=False)
        groups = [self._file.metadata.row_group(i) for i in range(self._file.num_row_groups)]
        self._starts = [0, *accumulate(group.num_rows for group in groups)]
        self._bytes = [group.total_byte_size for group in groups]
        self.rows = self._starts[-1]
        self.cells = cells_in(self._file.metadata)
        self.schema = self._file.schema_arrow

    def batches(self, row: int, columns: Sequence[str]) -> Iterator[tuple[int, Any]]:
        for group in range(bisect_right(self._starts, row) - 1, len(self._bytes)):
            at, end = self._starts[group], self._starts[group + 1]
            if at == end:
                continue
            size = int(np.clip(_BATCH_BYTES * (end - at) // max(self._bytes[group], 1), 1, 65_536))
            for batch in self._file.iter_batches(
                batch_size=size, row_groups=[group], columns=list(columns), use_threads=False
            ):
                if at + len(batch) > row:
                    yield at, batch
                at += len(batch)


@final
class _Arrow:
    """An Arrow file or stream, mapped: what is not looked at stays on the disk."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa  # noqa: PLC0415 - as above

        mapped = pa.memory_map(str(path))
        if mapped.read(6) == b"ARROW1":
            file = pa.ipc.open_file(mapped)
            self._batch = file.get_batch
            counts = [file.get_batch(i).num_rows for i in range(file.num_record_batches)]
            self.schema = file.schema
        else:
            mapped.seek(0)
            table = pa.ipc.open_stream(mapped).read_all()
            batches = table.to_batches()
            self._batch = batches.__getitem__
            counts = [batch.num_rows for batch in batches]
            self.schema = table.schema
        self._starts = [0, *accumulate(counts)]
        self.rows = self._starts[-1]
        self.cells = self.rows * len(self.schema)

    def batches(self, row: int, columns: Sequence[str]) -> Iterator[tuple[int, Any]]:
        del columns  # a mapped column costs nothing until it is read
        for number in range(max(bisect_right(self._starts, row) - 1, 0), len(self._starts) - 1):
            yield self._starts[number], self._batch(number)


def cells_in(metadata: Any) -> int:  # noqa: ANN401 - pyarrow is not typed
    """Cells of a Parquet file by its metadata, those in lists counted one by one."""
    groups = map(metadata.row_group, range(metadata.num_row_groups))
    return sum(one.column(i).num_values for one in groups for i in range(one.num_columns))


def _opened(path: Path) -> _File:
    import pyarrow as pa  # noqa: PLC0415 - as above

    try:
        return _Parquet(path) if path.suffix.lower() == ".parquet" else _Arrow(path)
    except (pa.ArrowException, OSError, ValueError) as cause:
        raise DataError(
            found=f"{printable(path.name)}, which cannot be read "
            f"({(printable(str(cause)) or 'damaged').splitlines()[0]})",
            wanted="a whole Parquet or Arrow file",
            hint="write or download it again",
        ) from cause


def _columns(schema: Any) -> tuple[Column, ...]:  # noqa: ANN401 - pyarrow is not typed
    import pyarrow as pa  # noqa: PLC0415 - as above

    stated = _stated(schema.metadata or {})
    found: list[Column] = []
    for field in schema:
        if pa.types.is_struct(field.type):
            inner = [(f"{field.name}.{one.name}", one.type) for one in field.type]
        else:
            inner = [(field.name, field.type)]
        found += [
            Column(name=name, type=_type(kind), classes=stated.get(name, ()))
            for name, kind in inner
        ]
    return tuple(found)


def _type(kind: Any) -> str:  # noqa: ANN401 - pyarrow is not typed
    import pyarrow as pa  # noqa: PLC0415 - as above

    types = pa.types
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        return "bytes"
    if types.is_string(kind) or types.is_large_string(kind) or types.is_dictionary(kind):
        return "text"
    if types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind):
        return "number"
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        inner = _type(kind.value_type)
        return "numbers" if inner in ("number", "numbers") else "other"
    return "other"


def _stated(metadata: dict[bytes, bytes]) -> dict[str, tuple[str, ...]]:
    """Class names by column, as the `datasets` library states them in a file's metadata."""
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        return {
            name: tuple(map(str, one["names"]))
            for name, one in features.items()
            if isinstance(one, dict) and one.get("_type") == "ClassLabel"
        }
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}
