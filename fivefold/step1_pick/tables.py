"""Read a table with columns of text: CSV, TSV, JSON lines, Parquet."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fivefold.contracts.records import Guess
from fivefold.plumbing.errors import DataError
from fivefold.plumbing.files import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Cell = str | None
_DELIMITERS = ",\t;|"


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table of text cells.

    Attributes:
        name: Its file name, printable.
        columns: Column names.
        cells: Rows of cells, None where empty.
        guesses: What had to be guessed to read it.
    """

    name: str
    columns: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]
    guesses: tuple[Guess, ...] = ()

    def column(self, name: str) -> list[Cell]:
        """All cells of one column.

        Raises:
            DataError: There is no such column.
        """
        if name not in self.columns:
            raise DataError(
                found=f"columns {', '.join(map(printable, self.columns))} in {self.name}",
                wanted=f"a column {printable(name)!r}",
                hint="name one of the columns found with --label or --path",
            )
        place = self.columns.index(name)
        return [row[place] for row in self.cells]

    def headless(self) -> Table:
        """The same table read as one without a header line."""
        columns = tuple(f"column {i + 1}" for i in range(len(self.columns)))
        note = Guess(
            question=f"header of {self.name}",
            answer="none",
            why="its first line names a file",
            option="add a header line",
        )
        return Table(
            name=self.name,
            columns=columns,
            cells=(self.columns, *self.cells),
            guesses=(*self.guesses, note),
        )


def read_table(name: str, raw: bytes) -> Table:
    """Read a table from its bytes; the suffix of `name` says which kind it is.

    Raises:
        DataError: Damaged, ragged, without rows or with two columns of one name.
    """
    shown = printable(name)
    suffix = name.lower().rpartition(".")[2]
    if suffix == "parquet":
        table = _parquet(shown, raw)
    else:
        text, guesses = _decode(shown, raw)
        read = _json_lines if suffix in ("jsonl", "ndjson") else _csv
        columns, cells = read(shown, text)
        table = Table(name=shown, columns=columns, cells=cells, guesses=guesses)
    twice = sorted({column for column in table.columns if table.columns.count(column) > 1})
    if twice:
        raise DataError(
            found=f"{shown} with two columns called {printable(twice[0])!r}",
            wanted="column names that differ",
            hint="rename one of them in the first line",
        )
    if not table.cells:
        raise DataError(
            found=f"{shown} without a row below its header",
            wanted="a table with a row per file",
            hint="check that the right file was named",
        )
    return table


def _decode(shown: str, raw: bytes) -> tuple[str, tuple[Guess, ...]]:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding, why = "utf-16", "it begins with the UTF-16 mark"
    else:
        encoding, why = "utf-8-sig", ""
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as cause:
        line = raw[: cause.start].count(b"\n") + 1
        encoding, why = "latin-1", f"line {line} is not {encoding.removesuffix('-sig')}"
        text = raw.decode(encoding)
    if "\0" in text:
        raise DataError(
            found=f"{shown}, which holds zero bytes", wanted="a text table", hint="save it as UTF-8"
        )
    if not why:
        return text, ()
    note = Guess(
        question=f"encoding of {shown}", answer=encoding, why=why, option="save it as UTF-8"
    )
    return text, (note,)


def _csv(shown: str, text: str) -> tuple[tuple[str, ...], tuple[tuple[Cell, ...], ...]]:
    first = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines = _lines(shown, reader)
    _, columns = next(lines, (0, []))
    cells = []
    for line, row in lines:
        if len(row) != len(columns):
            raise DataError(
                found=f"{len(row)} cells in line {line} of {shown}",
                wanted=f"{len(columns)}, as in its first line",
                hint="mend that line; put cells that hold the separator in quotes",
            )
        cells.append(tuple(cell.strip() or None for cell in row))
    return tuple(column.strip() for column in columns), tuple(cells)


def _lines(shown: str, reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """(line number, row) of every line that is not blank."""
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as cause:
            raise DataError(
                found=f"line {reader.line_num} of {shown}, which cannot be read ({cause})",  # type: ignore[attr-defined]
                wanted="a CSV table",
                hint="mend that line, for example an open quote",
            ) from cause
        if any(cell.strip() for cell in row):
            yield reader.line_num, row  # type: ignore[attr-defined]


def _json_lines(shown: str, text: str) -> tuple[tuple[str, ...], tuple[tuple[Cell, ...], ...]]:
    records = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as cause:
            raise _not_an_object(shown, number, str(cause)) from cause
        if not isinstance(record, dict):
            raise _not_an_object(shown, number, type(record).__name__)
        records.append(record)
    columns = tuple(dict.fromkeys(key for record in records for key in record))
    return columns, tuple(tuple(_cell(r.get(c)) for c in columns) for r in records)


def _not_an_object(shown: str, line: int, what: str) -> DataError:
    return DataError(
        found=f"line {line} of {shown}, which is no JSON object ({what})",
        wanted='one object per line, for example {"path": "a.png", "label": "cat"}',
        hint="mend that line",
    )


def _parquet(shown: str, raw: bytes) -> Table:
    import pyarrow as pa  # noqa: PLC0415 - half a second that only Parquet needs
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        file = pq.ParquetFile(pa.BufferReader(raw))
        flat = [f.name for f in file.schema_arrow if not pa.types.is_nested(f.type)]
        data = file.read(columns=flat)
    except (pa.ArrowException, OSError) as cause:
        raise DataError(
            found=f"{shown}, which cannot be read ({str(cause).splitlines()[0]})",
            wanted="a whole Parquet file",
            hint="write or download it again",
        ) from cause
    columns = [[_cell(value) for value in column.to_pylist()] for column in data.columns]
    cells: Sequence[tuple[Cell, ...]] = list(zip(*columns, strict=True))
    return Table(name=shown, columns=tuple(data.column_names), cells=tuple(cells))


def _cell(value: object) -> Cell:
    """One value as text; a whole number stays whole, nothing and NaN are None."""
    if value is None or value != value or isinstance(value, dict | list):  # noqa: PLR0124 - NaN
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape").strip() or None
    return str(value).strip() or None
