"""New rows of a table that was learned from without a header: its columns are told by place."""

from __future__ import annotations

import os.path
import re
from typing import TYPE_CHECKING, Any

from fivefold.plumbing.errors import DataError
from fivefold.plumbing.files import printable
from fivefold.step1_pick.forms import is_header
from fivefold.step1_pick.tables import Table, numbered, parse_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from fivefold.contracts.records import Problem

_NUMBER = re.compile(r"\bcolumn (\d+)\b")


def read_unnamed(path: Path, raw: bytes, problem: Problem) -> Table:
    """A table whose columns have no names, or those that were learned: `column 1` and so on.

    A lone line is a row, since nobody writes a header over nothing.

    Args:
        path: The table; of text its first line may name a file beside it.
        raw: Its content.
        problem: Says how many columns were learned from.

    Raises:
        DataError: Its first line may be a header, or its columns may be others.
    """
    table = parse_table(path.name, raw, headed=False)
    if table.headed:  # a form that always has names
        return table
    first = [cell for cell in table.cells[0] if cell is not None]
    if set(table.cells[0]) <= set(numbered(problem.unnamed)):
        return parse_table(path.name, raw, headed=True)
    may_be_names = first and len(table.cells) > 1 and is_header(table.cells)
    if may_be_names and not _name_a_file(first, path.parent):
        raise DataError(
            found=f"{table.name}, whose first line may be names of columns or a row: "
            f"{printable(', '.join(first))[:80]}",
            wanted="rows alone, as the table that was learned from has no header",
            hint="leave that line out; if it is a row, write a line column 1,column 2 ... above it",
        )
    if not _fits(len(table.columns), problem):
        raise DataError(
            found=f"{len(table.columns):,} columns without names in {table.name}",
            wanted=f"{problem.unnamed:,}, as in the table that was learned from; only labels at "
            "its end may be left out",
            hint="keep the place of a column that is not known, with empty cells",
        )
    return table


def by_place(row: Mapping[Any, Any], problem: Problem) -> Mapping[Any, Any]:
    """A row of a frame whose columns pandas numbered from 0, under the names that were learned.

    Any other row comes back as it is, also one that may be numbered from 1.
    """
    if not problem.unnamed:
        return row
    names = [str(name) for name in row]
    if not names or not all(name.isdecimal() for name in names):
        return row
    places = [int(name) for name in names]
    from_0 = 0 in places or 1 in _labels(problem)
    in_turn = sorted(places) == list(range(len(places)))
    if not from_0 or max(places) >= problem.unnamed or (in_turn and not _fits(len(row), problem)):
        return row
    return {f"column {place + 1}": cell for place, cell in zip(places, row.values(), strict=True)}


def about_names(problem: Problem) -> str:
    """What to call the columns of a frame, for messages."""
    if not problem.unnamed:
        return ""
    return f"; what was learned from has no header: call them column 1 to column {problem.unnamed}"


def _name_a_file(cells: Sequence[str], folder: Path) -> bool:
    """Whether one of some cells names a file."""
    # Of a cell that is too long for a name `Path.is_file` raises.
    return any("." in cell and os.path.isfile(folder / cell) for cell in cells)  # noqa: PTH113


def _fits(columns: int, problem: Problem) -> bool:
    """Whether so many columns have the places that were learned: all, or all but last labels."""
    left_out = set(range(columns + 1, problem.unnamed + 1))
    return columns <= problem.unnamed and left_out <= _labels(problem)


def _labels(problem: Problem) -> set[int]:
    """The places of the label columns, counted from 1."""
    return set(map(int, _NUMBER.findall(problem.target.column or "")))
