"""Layout: a table in memory from the Python API, with its labels in a column or beside it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fivefold.plumbing.cells import plain, words_of
from fivefold.plumbing.errors import DataError
from fivefold.plumbing.frames import columns_of, is_frame, rows_of
from fivefold.step1_pick.rows import read_rows
from fivefold.step1_pick.tables import Table

if TYPE_CHECKING:
    from fivefold.plumbing.cells import Cell
    from fivefold.step1_pick.asked import Asked
    from fivefold.step1_pick.found import Found

_LABEL = "label"


def read_frame(frame: Any, y: Any, asked: Asked) -> Found:  # noqa: ANN401 - see `plumbing.frames`
    """Read a pandas DataFrame or a pyarrow Table.

    Args:
        frame: Columns of numbers, words, dates, truth values.
        y: (N,) labels, or (N, M) in columns of their own; None where they are columns of `frame`.
        asked: What the user settled; `label` names the label columns of a frame without y.

    Raises:
        DataError: No rows, no label column, or not as many labels as rows.
    """
    columns = columns_of(frame)
    rows = len(next(iter(columns.values()), ()))
    if not rows:
        raise DataError(
            found=f"a table of {len(columns)} columns and no rows",
            wanted="a row for each item",
            hint="check what is passed",
        )
    if y is not None:
        labels = _labels(y, taken=set(columns))
        if any(len(cells) != rows for cells in labels.values()):
            raise DataError(
                found=f"{rows:,} rows and {len(next(iter(labels.values()))):,} labels",
                wanted="as many of both",
                hint="mend them before they are passed",
            )
        columns |= labels
        asked = replace(asked, label=",".join(labels))
    table = Table(
        name="the table",
        columns=tuple(columns),
        cells=tuple(zip(*(map(_text, cells) for cells in columns.values()), strict=True)),
        names=tuple(f"row-{i:06d}" for i in range(rows)),
    )
    return read_rows(table, (None,) * rows, _stamp(columns), asked)


def _labels(y: Any, taken: set[str]) -> dict[str, list[Cell]]:  # noqa: ANN401 - any array
    """Name -> plain labels, by names that no column has."""
    each: list[Any]
    if is_frame(y):
        each = [list(row.values()) for row in rows_of(y)]
    else:
        own = next((way for way in ("tolist", "to_pylist") if hasattr(y, way)), None)
        values = y if own is None else getattr(y, own)()
        each = [one if isinstance(one, list | tuple) else [one] for one in list(values)]
    name = _LABEL
    while any(column.startswith(name) for column in taken):
        name += "_"
    names = [name] if len(each[0]) == 1 else [f"{name}{i + 1}" for i in range(len(each[0]))]
    return {one: [plain(row[i]) for row in each] for i, one in enumerate(names)}


def _text(cell: Cell) -> str | None:
    return None if cell is None else words_of(cell)


def _stamp(columns: dict[str, list[Cell]]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name, cells in columns.items():
        digest.update(json.dumps([name, cells]).encode())
    return digest.hexdigest()
