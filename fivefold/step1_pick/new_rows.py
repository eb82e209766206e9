"""Rows of a table file that is to be answered for: whatever columns it has, labelled or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fivefold.plumbing.errors import DataError
from fivefold.plumbing.files import printable
from fivefold.plumbing.frames import is_frame, is_row, rows_of
from fivefold.plumbing.sources import TABLES
from fivefold.step1_pick.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a file: its name for people, and column -> cell."""

    name: str
    cells: Mapping[str, Any]


def each_item(items: Any, *, rows: bool) -> Sequence[Any]:  # noqa: ANN401 - see `Bundle.predict`
    """Items one by one: those of a list or an array, rows of a frame, a lone item as one.

    Args:
        items: What a user hands over.
        rows: Rows of columns are read, so a file of a table is its rows.

    Raises:
        DataError: A file cannot be read as a table.
    """
    if is_frame(items):
        return rows_of(items)
    if is_row(items):
        return [items.to_dict()]
    if isinstance(items, str | Path | bytes | Mapping):
        items = [items]
    if not rows:
        return list(items)
    found: list[Any] = []
    for item in items:
        found += _rows_in(item) if _is_row_file(item) else [item]
    return found


def _is_row_file(item: object) -> bool:
    """Whether an item is the path of a table."""
    return isinstance(item, str | Path) and str(item).lower().endswith(TABLES)


def _rows_in(path: str | Path) -> list[Row]:
    """The rows of a table file.

    Raises:
        DataError: It cannot be read as a table.
    """
    path = Path(path)
    shown = printable(str(path))
    try:
        table = read_table(path.name, path.read_bytes())
    except OSError as cause:
        raise DataError(
            found=f"{shown}, which cannot be read ({cause.strerror})",
            wanted="a table of rows",
            hint="check the path",
        ) from cause
    return [
        Row(f"{shown} row {number}", dict(zip(table.columns, cells, strict=True)))
        for number, cells in enumerate(table.cells, start=1)
    ]
