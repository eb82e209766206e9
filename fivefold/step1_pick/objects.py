"""Objects column -> cell that are handed over: rows, or columns of many rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Set
from typing import TYPE_CHECKING, Any

from fivefold.plumbing.errors import BadItem
from fivefold.plumbing.files import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fivefold.step1_pick.tables import Table

_PER_ROW = "pass an object for each row, as df.to_dict('records') has them, or the frame itself"


def rows_of_columns(item: Mapping[Any, Any], single: Sequence[str]) -> list[dict[Any, Any]] | None:
    """The rows of an object of columns, as `df.to_dict("list")` has them; None for a row.

    Args:
        item: The object.
        single: Columns that have one value in a row; a list elsewhere may be one value too.

    Raises:
        BadItem: Its columns are of several lengths.
    """
    if not item or not all(map(_is_column, item.values())):
        return None
    columns = {name: _cells(cells) for name, cells in item.items()}
    of_lists = any(_is_column(cell) for cells in columns.values() for cell in cells)
    if not of_lists and not any(name in item for name in single):
        return None
    lengths = {name: len(cells) for name, cells in columns.items()}
    short, long = (least(lengths, key=lengths.__getitem__) for least in (min, max))
    if lengths[short] < lengths[long]:
        raise BadItem(
            f"has {lengths[short]:,} values in column {printable(str(short))} and "
            f"{lengths[long]:,} in {printable(str(long))}"
        )
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def check_row(item: Mapping[Any, Any], single: Sequence[str]) -> None:
    """Refuse a row that has several values in a column of one.

    Raises:
        BadItem: It has.
    """
    many = [n for n in single if _is_column(item.get(n)) or _is_index(item.get(n))]
    if many:
        raise BadItem(f"has several values in {_named(many)}, where a row has one; {_PER_ROW}")


def check_rows(table: Table, single: Sequence[str]) -> None:
    """Refuse an object of columns in JSON, which was read as one row of lists.

    Raises:
        BadItem: It is one.
    """
    if len(table.cells) != 1 or not single or not set(single) <= set(table.columns):
        return
    if all(_is_list(table.column(name)[0]) for name in single):
        raise BadItem(
            f"has several values in {_named(single)}, where a row has one; "
            "write a list of objects, one for each row"
        )


def _is_column(cell: object) -> bool:
    """Whether it is a list, an array, a pandas Series, a range ... of values in an order."""
    scalar = isinstance(cell, str | bytes | Mapping | Set) or getattr(cell, "shape", None) == ()
    return isinstance(cell, Iterable) and not scalar


def _cells(column: Any) -> list[Any]:  # noqa: ANN401 - see `_is_column`
    """Its values; those of Arrow as Python's."""
    return list(column.to_pylist() if hasattr(column, "to_pylist") else column)


def _is_index(cell: object) -> bool:
    """Whether it is an object of values by row, as `df.to_dict()` has them, and no part."""
    return isinstance(cell, Mapping) and "kind" not in cell


def _is_list(cell: str | None) -> bool:
    """Whether it is a list in JSON."""
    try:
        return cell is not None and cell.startswith("[") and isinstance(json.loads(cell), list)
    except (ValueError, RecursionError):
        return False


def _named(columns: Sequence[str]) -> str:
    more = f" and {len(columns) - 3:,} more" if len(columns) > 3 else ""
    return f"column {', '.join(map(printable, columns[:3]))}{more}"
