"""The forms of tables: separated values, JSON lines and lists, Parquet and Arrow.

Each reader gives names of columns (None without a header), rows of cells, the line of each row.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fivefold.plumbing.cells import MISSING, number
from fivefold.plumbing.column_rows import MOST_CELLS, cells_in
from fivefold.plumbing.errors import DataError
from fivefold.step1_pick.words import is_known

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Cell = str | None
Row = tuple[Cell, ...]
_DELIMITERS = "\t,;|"
_LOOKED_AT = 100
_LONGEST_CELL = 16 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """What a table file holds.

    Attributes:
        columns: Names of the columns; None where there is no header.
        cells: Rows of cells.
        lines: Line, or number, of each row.
        skipped: Lines before the table that are remarks.
    """

    columns: Row | None
    cells: tuple[Row, ...]
    lines: tuple[int, ...]
    skipped: int = 0


# ------------------------------------------------------------------ separated values


def separated(
    shown: str, text: str, *, delimiter: str | None = None, headed: bool | None = None
) -> Form:
    """Read CSV and its relatives; the separator and, where nobody knows, a header are seen.

    Raises:
        DataError: A line that cannot be read or has another number of cells.
    """
    text, skipped = _without_remarks(text)
    delimiter = delimiter or _delimiter(text)
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        found = list(_rows(shown, text, delimiter, skipped))
    finally:
        csv.field_size_limit(before)
    while headed is not False and _has_title(found):
        found, skipped = found[1:], skipped + 1
    if not found:
        return Form(columns=(), cells=(), lines=())
    width = len(found[0][1])
    for line, row in found:
        if len(row) != width:
            raise DataError(
                found=f"{len(row)} cells in line {line} of {shown}",
                wanted=f"{width}, as in its first line",
                hint="mend that line; put cells that hold the separator in quotes",
            )
    lines, cells = zip(*found, strict=True)
    if not (is_header(cells) if headed is None else headed):
        return Form(columns=None, cells=cells, lines=lines, skipped=skipped)
    columns = (cells[0][0].removeprefix("#").strip() if cells[0][0] else "", *cells[0][1:])
    return Form(columns=columns, cells=cells[1:], lines=lines[1:], skipped=skipped)


def _has_title(found: Sequence[tuple[int, Row]]) -> bool:
    """Whether a title stands over a table, filled up with separators."""
    return len(found) > 1 and len(found[0][1]) > 2 and sum(map(bool, found[0][1])) == 1


def _without_remarks(text: str) -> tuple[str, int]:
    """The text from its table on; lines before it that begin with `|`, `%`, `sep=` are remarks."""
    skipped = 0
    while text.startswith(("|", "%", "sep=")):
        line, end, rest = text.partition("\n")
        if not end or (line.startswith("|") and rest.startswith("|") and line.count("|") > 1):
            break
        text, skipped = rest, skipped + 1
    return text, skipped


def _delimiter(text: str) -> str:
    """The separator that cuts the first lines into equally many cells, and into most."""
    head = "\n".join(text[: 1 << 16].splitlines()[:_LOOKED_AT])
    widths = {}
    for delimiter in _DELIMITERS:
        try:
            reader = csv.reader(io.StringIO(head), delimiter=delimiter, skipinitialspace=True)
            counts = {len(row) for row in reader if any(cell.strip() for cell in row)}
        except csv.Error:
            continue
        widths[delimiter] = counts.pop() if len(counts) == 1 else 0
    best = max(widths, key=lambda one: widths[one], default=",")
    if widths.get(best, 0) > 1:
        return best
    first = text.lstrip("\r\n").partition("\n")[0]
    return max(",\t;|", key=first.count)


def _rows(shown: str, text: str, delimiter: str, skipped: int) -> Iterator[tuple[int, Row]]:
    """(line number, cells) of every line that is not blank."""
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True
    )
    empty: list[tuple[int, Row]] = []  # rows of empty cells; at the end they are no rows
    width = 0  # a lone empty cell, "", is a row where rows are of one cell
    while True:
        start = reader.line_num + 1 + skipped
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as cause:
            raise DataError(
                found=f"line {reader.line_num + skipped} of {shown}, "
                f"which cannot be read ({cause})",
                wanted="a CSV table",
                hint="mend that line, for example an open quote",
            ) from cause
        if any(cell.strip() for cell in row):
            yield from empty
            empty, width = [], width or len(row)
            yield start, tuple(cell.strip() or None for cell in row)
        elif len(row) > 1 or len(row) == width:
            empty.append((start, (None,) * len(row)))


def is_header(cells: Sequence[Row]) -> bool:
    """A line of names: no number among them, and none that its column holds again."""
    first = cells[0]
    if len(cells) == 1 or any(cell is not None and is_known(cell) for cell in first):
        return True
    if any(cell is not None and (_is_number(cell) or cell in MISSING) for cell in first):
        return False
    below = cells[1:]
    return not any(
        cell is not None and any(row[place] == cell for row in below)
        for place, cell in enumerate(first)
    )


def _is_number(cell: str) -> bool:
    """A number; one with its unit behind it may be the name of a column, as `75%` is."""
    return cell.removesuffix(".")[-1:].isdigit() and number(cell) is not None


# ------------------------------------------------------------------------------ JSON


def json_lines(shown: str, text: str) -> Form:
    """Read one JSON object per line.

    Raises:
        DataError: A line that is none.
    """
    records, lines = [], []
    for count, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as cause:
            raise _not_an_object(f"line {count} of {shown}", str(cause)) from cause
        if not isinstance(record, dict):
            raise _not_an_object(f"line {count} of {shown}", type(record).__name__)
        records.append(record)
        lines.append(count)
    return _of_records(records, lines)


def json_list(shown: str, text: str) -> Form:
    """Read one JSON list of objects; or lines of them, as many call `.json` too.

    Raises:
        DataError: It is neither.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as cause:
        if text.lstrip().startswith("{") and "\n{" in text:
            return json_lines(shown, text)
        raise _not_an_object(shown, str(cause)) from cause
    if isinstance(value, dict):
        lists = [v for v in value.values() if isinstance(v, list) and v and isinstance(v[0], dict)]
        value = lists[0] if len(lists) == 1 else [value]
    if not isinstance(value, list):
        raise _not_an_object(shown, type(value).__name__)
    for count, record in enumerate(value, start=1):
        if not isinstance(record, dict):
            raise _not_an_object(f"item {count} of {shown}", type(record).__name__)
    return _of_records(value, list(range(1, len(value) + 1)))


def _of_records(records: list[dict[str, object]], lines: list[int]) -> Form:
    columns = tuple(dict.fromkeys(str(key) for record in records for key in record))
    cells = tuple(tuple(cell_of(r.get(c)) for c in columns) for r in records)
    return Form(columns=columns, cells=cells, lines=tuple(lines))


def _not_an_object(where: str, what: str) -> DataError:
    return DataError(
        found=f"{where}, which is no JSON object ({what})",
        wanted='one object per line, for example {"path": "a.png", "label": "cat"}',
        hint="mend that line",
    )


# ------------------------------------------------------------------- Parquet and Arrow


def columnar(shown: str, raw: bytes) -> Form:
    """Read Parquet, Feather or Arrow; lists become JSON, other nested columns are left out.

    Raises:
        DataError: It is damaged, or unpacks to more than MOST_CELLS.
    """
    import pyarrow as pa  # noqa: PLC0415 - half a second that only these need

    try:
        data = _parquet(shown, raw) if shown.lower().endswith(".parquet") else _arrow(shown, raw)
    except DataError:
        raise
    except (pa.ArrowException, OSError, ValueError) as cause:
        raise DataError(
            found=f"{shown}, which cannot be read ({(str(cause) or 'damaged').splitlines()[0]})",
            wanted="a whole Parquet or Arrow file",
            hint="write or download it again",
        ) from cause
    kept = [i for i, field in enumerate(data.schema) if _readable(field.type)]
    columns = [[cell_of(value) for value in data.column(i).to_pylist()] for i in kept]
    cells = tuple(zip(*columns, strict=True))
    names = tuple(data.column_names[i] for i in kept)
    return Form(columns=names, cells=cells, lines=tuple(range(1, len(cells) + 1)))


def _parquet(shown: str, raw: bytes) -> Any:  # noqa: ANN401 - pyarrow is not typed
    """The table in a Parquet file, which says how much it is before anything is unpacked."""
    import pyarrow as pa  # noqa: PLC0415 - as above
    import pyarrow.parquet as pq  # noqa: PLC0415

    file = pq.ParquetFile(pa.BufferReader(raw))
    _check_cells(shown, cells_in(file.metadata))
    return file.read(columns=[f.name for f in file.schema_arrow if _readable(f.type)])


def _arrow(shown: str, raw: bytes) -> Any:  # noqa: ANN401 - as above
    """The table in an Arrow or Feather file or stream, unpacked batch by batch."""
    import pyarrow as pa  # noqa: PLC0415 - as above
    import pyarrow.feather as pf  # noqa: PLC0415

    buffer = pa.BufferReader(raw)
    if raw.startswith(b"FEA1"):
        table = pf.read_table(buffer)
        return pa.Table.from_batches(_few(shown, table.to_batches()), table.schema)
    if not raw.startswith(b"ARROW1"):
        stream = pa.ipc.open_stream(buffer)
        return pa.Table.from_batches(_few(shown, stream), stream.schema)
    file = pa.ipc.open_file(buffer)
    batches = map(file.get_batch, range(file.num_record_batches))
    return pa.Table.from_batches(_few(shown, batches), file.schema)


def _few(shown: str, batches: Iterable[Any]) -> list[Any]:
    """Batches of rows, while they are not too many."""
    found, cells = [], 0
    for batch in batches:
        cells += sum(map(_values, batch.columns))
        _check_cells(shown, cells)
        found.append(batch)
    return found


def _values(column: Any) -> int:  # noqa: ANN401 - as above
    """How many cells a column of a batch has, those in lists counted one by one."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    lists = pa.types.is_list(column.type) or pa.types.is_large_list(column.type)
    return len(column.flatten()) if lists else len(column)


def _check_cells(shown: str, cells: int) -> None:
    if cells > MOST_CELLS:
        raise DataError(
            found=f"{shown}, which unpacks to {cells:,} cells or more",
            wanted=f"{MOST_CELLS:,} at most where a table is read as a whole",
            hint="split it into files of fewer rows, or leave out columns that say nothing",
        )


def _readable(kind: object) -> bool:
    import pyarrow as pa  # noqa: PLC0415 - as above

    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return not pa.types.is_nested(kind.value_type)  # type: ignore[attr-defined]
    return not pa.types.is_nested(kind)


def cell_of(value: object) -> Cell:
    """One value as text; a whole number stays whole, nothing and NaN are None, lists are JSON."""
    if value is None or value != value or isinstance(value, dict):  # noqa: PLR0124 - NaN
        return None
    if isinstance(value, list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape").strip() or None
    return str(value).strip() or None
