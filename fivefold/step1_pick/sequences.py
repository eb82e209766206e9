"""Layout: series as rows: sktime's .ts files, and one long table with a column that names each."""

from __future__ import annotations

import io
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from fivefold.contracts.records import Guess, Input, Listing
from fivefold.contracts.steps import Steps
from fivefold.plumbing.cells import number
from fivefold.plumbing.errors import BadItem, DataError
from fivefold.plumbing.files import printable
from fivefold.plumbing.sources import RowSource
from fivefold.plumbing.ts import read_ts
from fivefold.step1_pick.fields import Fields
from fivefold.step1_pick.found import Found
from fivefold.step1_pick.profile import profile
from fivefold.step1_pick.roles import label_column
from fivefold.step1_pick.row_files import about_parts, raw_of
from fivefold.step1_pick.words import TIMES, is_group, is_id, word_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fivefold.contracts.records import Part
    from fivefold.step1_pick.asked import Asked
    from fivefold.step1_pick.forms import Cell
    from fivefold.step1_pick.profile import Profile
    from fivefold.step1_pick.row_files import RowFiles
    from fivefold.step1_pick.tables import Table

_STEPS = 4  # rows per series, on average, below which a table is no long one
_IDS = frozenset(
    ("id", "series", "sequence", "sample", "trial", "unit", "case", "instance", "recording")
)


def read_ts_files(files: RowFiles) -> Found:
    """Read .ts files, the cases of all parts below each other.

    Raises:
        DataError: A line that is broken.
    """
    names: list[str] = []
    labels: list[str | None] = []
    parts: list[Part | None] = []
    series: list[NDArray[np.float32]] = []
    for name, part in files.files:
        try:
            cases = read_ts(raw_of(files.source, name))
        except BadItem as cause:
            raise DataError(
                found=f"{printable(name)}, which {cause}",
                wanted="a whole .ts file",
                hint="mend that line or download the file again",
            ) from cause
        names += [f"{printable(name)}:{i + 1}" for i in range(len(cases))]
        labels += [label for label, _ in cases]
        parts += [part] * len(cases)
        series += [values for _, values in cases]
    layout = Guess(
        question="layout",
        answer=f"series of {files.shown}: {len(series):,}",
        why="a series per line, its label at the end",
        option="--input KIND",
    )
    return Found(
        source=RowSource(names, lambda row: npy(series[row]), files.stamp),
        listing=Listing(names=tuple(names), labels=tuple(labels), parts=tuple(parts)),
        layout="rows",
        guesses=(*about_parts(files), layout),
        kind="series",
        inputs=(Input(kind="series"),),
    )


def series_column(table: Table, profiles: dict[str, Profile]) -> str | None:
    """The column that says which series a row belongs to; None in other tables.

    Its name is one of identifiers or groups, its values come in runs of several rows, and there
    is a column of numbers beside it.
    """
    for name, one in profiles.items():
        named = is_id(name) or is_group(name) or word_of(name).removesuffix("_id") in _IDS
        if not named or one.distinct < 2 or one.given < _STEPS * one.distinct:
            continue
        cells = table.column(name)
        runs = 1 + sum(a != b for a, b in pairwise(cells))
        clock = any(word_of(other) in TIMES for other in profiles)
        numbers = [p for other, p in profiles.items() if p.numeric and other != name]
        if runs == one.distinct and numbers and (clock or is_id(name)):
            return name
    return None


def read_long(
    table: Table,
    parts: Sequence[Part | None],
    stamp: str,
    asked: Asked,
    key: str,
    profiles: dict[str, Profile],
) -> Found | None:
    """Read a long table, a row per step: the series of each value of `key`, its label in each row.

    Returns:
        None where no column has one value in each series: that would be its label.
    """
    bounds = _runs(table.column(key))
    once = {name: _constant(table.column(name), bounds) for name in table.columns if name != key}
    told = {name: cells for name, cells in once.items() if cells is not None}
    steps = [
        name
        for name in table.columns
        if name not in told and name != key and profiles[name].numeric
    ]
    steps = [name for name in steps if word_of(name) not in TIMES] or steps
    if not told or not steps:
        return None
    fields = Fields(
        words=tuple(told),
        column=told.__getitem__,
        where=f"columns {', '.join(map(printable, told))} of {table.name}, one value per series",
    )
    taken = asked.label
    if taken is None:
        label = label_column([profile(n, c) for n, c in told.items()], fields.where)
        taken, guess = label.name, label.guess()
    else:
        guess = None
    name, labels = fields.labels(taken)
    commas = tuple(step for step in steps if profiles[step].comma)
    where = Steps(key=key, columns=tuple(steps), commas=commas)
    values = _matrix(table, where)
    starts = [start for start, _ in bounds]
    names = tuple(f"{table.name}:{key}={table.column(key)[start]}" for start in starts)
    layout = Guess(
        question="layout",
        answer=f"long table {table.name}: {len(bounds):,} series",
        why=f"{len(steps)} columns of numbers; {printable(key)} comes in runs, and "
        f"{printable(name)} is the same in each of them",
        option="--input table",
    )
    return Found(
        source=RowSource(names, lambda row: npy(values[slice(*bounds[row])]), stamp),
        listing=Listing(
            names=names, labels=tuple(labels), parts=tuple(parts[start] for start in starts)
        ),
        layout="rows",
        guesses=(*table.guesses, layout, *([guess] if guess else [])),
        label_column=name,
        kind="series",
        inputs=(Input(kind="series", steps=where),),
        fields=fields,
    )


def series_in(table: Table, steps: Steps) -> list[tuple[str, NDArray[np.float32]]]:
    """The series (T, C) of a long table that is to be answered for, each by the cell of its key.

    Raises:
        BadItem: A column is missing, or the rows of a series do not follow each other.
    """
    missing = [name for name in (steps.key, *steps.columns) if name not in table.columns]
    if missing:
        raise BadItem(f"has no column {', '.join(map(printable, missing))}")
    keys, values = table.column(steps.key), _matrix(table, steps)
    bounds = _runs(keys)
    if len(bounds) > len(set(keys)):
        raise BadItem(f"has rows of one {printable(steps.key)} in several places")
    return [(keys[start] or "", values[start:end]) for start, end in bounds]


def _runs(cells: Sequence[Cell]) -> list[tuple[int, int]]:
    starts = [0, *(i for i in range(1, len(cells)) if cells[i] != cells[i - 1])]
    return list(zip(starts, [*starts[1:], len(cells)], strict=True))


def _constant(cells: Sequence[Cell], bounds: Sequence[tuple[int, int]]) -> list[Cell] | None:
    """The one value of each series; None where one has several."""
    if any(len(set(cells[start:end])) > 1 for start, end in bounds):
        return None
    return [cells[start] for start, _ in bounds]


def _matrix(table: Table, steps: Steps) -> NDArray[np.float32]:
    """(rows, C) float32; NaN where a cell is missing."""
    found = [
        [number(cell, comma=name in steps.commas) for cell in table.column(name)]
        for name in steps.columns
    ]
    return np.array(found, dtype=np.float32).T


def npy(values: NDArray[np.float32]) -> bytes:
    """A series (T, C) as the bytes of a .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(values), allow_pickle=False)
    return buffer.getvalue()
