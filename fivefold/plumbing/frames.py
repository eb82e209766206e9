"""Tables in memory: a pandas DataFrame or a pyarrow Table, neither of which is imported for it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from fivefold.plumbing.cells import Cell, plain
from fivefold.plumbing.errors import DataError
from fivefold.plumbing.files import printable


def is_frame(data: object) -> bool:
    """Whether it is a table of columns: pandas has `columns` and `iloc`, Arrow `column_names`."""
    pandas = hasattr(data, "columns") and hasattr(data, "iloc")
    return pandas or (hasattr(data, "column_names") and hasattr(data, "to_pylist"))


def in_memory(data: object) -> bool:
    """Whether data are at hand already: a pair (X, y), or a table."""
    return isinstance(data, tuple) or is_frame(data)


def is_row(data: object) -> bool:
    """Whether it is one row: a pandas Series with names."""
    return hasattr(data, "iloc") and hasattr(data, "to_dict") and not hasattr(data, "columns")


def columns_of(frame: Any) -> dict[str, list[Cell]]:  # noqa: ANN401 - see `is_frame`
    """Name -> plain cells of each column.

    Raises:
        DataError: Two columns have one name.
    """
    in_arrow = hasattr(frame, "column_names")
    names = [str(name) for name in (frame.column_names if in_arrow else frame.columns)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            found=f"a table with two columns called {printable(twice[0])!r}",
            wanted="column names that differ",
            hint="rename one of them",
        )
    if in_arrow:
        columns = zip(names, frame.columns, strict=True)
        return {name: [plain(cell) for cell in of.to_pylist()] for name, of in columns}
    return {
        name: [plain(cell) for cell in frame.iloc[:, i].tolist()] for i, name in enumerate(names)
    }


def rows_of(frame: Any) -> list[dict[str, Cell]]:  # noqa: ANN401 - see `is_frame`
    """The rows as objects column -> plain cell."""
    columns = columns_of(frame)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
