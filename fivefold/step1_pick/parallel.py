"""Layout: an item per file, and tables beside them that give labels and groups by its number."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from fivefold.contracts.records import Guess, Listing
from fivefold.plumbing.errors import BadItem, DataError
from fivefold.plumbing.files import printable
from fivefold.step1_pick.fields import Fields
from fivefold.step1_pick.found import Files, Found
from fivefold.step1_pick.names import numbers_in
from fivefold.step1_pick.profile import profile
from fivefold.step1_pick.roles import LabelColumn, group_column, label_column
from fivefold.step1_pick.tables import read_table
from fivefold.step1_pick.words import may_be_group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fivefold.step1_pick.asked import Asked
    from fivefold.step1_pick.forms import Cell
    from fivefold.step1_pick.tables import Table

_LEAST = 8  # files of one kind of name
_MOST_TABLES = 20
_COVERED = 0.9  # of the items must stand in a table that tells of them


def read_parallel(source: Files, tables: Sequence[str], asked: Asked) -> Found | None:
    """Rows whose labels stand in tables by number: `7,walking` for `signals/s_7.csv`.

    Args:
        source: A folder or an archive.
        tables: Names of the tables in it.
        asked: Label and group columns may be named.

    Returns:
        None where no table fits the names.
    """
    family = _family(source.names())
    beside = [name for name in tables if family is not None and name not in family]
    if family is None or not 0 < len(beside) <= _MOST_TABLES:
        return None
    columns: dict[str, list[Cell]] = {}
    origin: dict[str, str] = {}
    for name in beside:
        for word, cells in _told(source, name, family).items():
            key = word if word not in columns else f"{name.rpartition('/')[2]}:{word}"
            columns[key], origin[key] = cells, name
    profiles = [profile(word, cells) for word, cells in columns.items()]
    if not profiles:
        return None
    shown = ", ".join(printable(name) for name in dict.fromkeys(origin.values()))
    fields = Fields(
        words=tuple(columns),
        column=columns.__getitem__,
        where=f"columns {', '.join(map(printable, columns))} in {shown}",
    )
    label = (
        LabelColumn(name=asked.label, why="asked for", named=True)
        if asked.label
        else label_column(profiles, fields.where)
    )
    name, labels = fields.labels(label.name)
    free = [one for one in profiles if one.name != name]
    believed = next((one.name for one in free if _says_group(origin[one.name])), None)
    group, _, told = group_column([one for one in free if one.name == believed] or free)
    layout = Guess(
        question="layout",
        answer=f"{len(family):,} files, labels in {printable(origin.get(name, shown))}",
        why=f"its numbers are those of names such as {printable(next(iter(family)))}; "
        f"{shown} tell {', '.join(map(printable, columns))}",
        option="--label COLUMN",
    )
    return Found(
        source=source,
        listing=Listing(names=tuple(family), labels=tuple(labels), parts=(None,) * len(family)),
        layout="parallel files",
        guesses=tuple(
            one for one in (layout, label.guess(), *([] if believed else [told])) if one is not None
        ),
        label_column=name,
        fields=fields,
        group=believed or group,
    )


def _family(names: Sequence[str]) -> dict[str, str] | None:
    """The most files whose names differ in one number: name -> that number."""
    shapes = Counter(re.sub(r"\d+", "#", name) for name in names)
    if not shapes:
        return None
    shape, count = shapes.most_common(1)[0]
    family = [name for name in names if re.sub(r"\d+", "#", name) == shape]
    runs = [numbers_in(name) for name in family]
    if count < max(_LEAST, len(names) // 2) or not runs[0]:
        return None
    for place in range(len(runs[0]) - 1, -1, -1):
        if len({int(run[place]) for run in runs}) == len(family):
            return {name: str(int(run[place])) for name, run in zip(family, runs, strict=True)}
    return None


def _told(source: Files, name: str, family: dict[str, str]) -> dict[str, list[Cell]]:
    """Columns of one table, a cell per file of the family; none where it has no such numbers."""
    try:
        table = read_table(name, source.read(name))
    except (DataError, BadItem):
        return {}
    wanted = set(family.values())
    for key in table.columns:
        cells = [_whole(cell) for cell in table.column(key)]
        known = {cell for cell in cells if cell is not None}
        if len(known) == len(cells) and len(known & wanted) >= _COVERED * len(wanted):
            return _by_number(table, key, cells, family)
    return {}


def _by_number(
    table: Table, key: str, cells: Sequence[Cell], family: dict[str, str]
) -> dict[str, list[Cell]]:
    found = {}
    for word in table.columns:
        if word != key:
            told = dict(zip(cells, table.column(word), strict=True))
            found[word] = [told.get(number) for number in family.values()]
    return found


def _whole(cell: Cell) -> str | None:
    return str(int(cell)) if cell is not None and cell.strip().isdigit() else None


def _says_group(table: str) -> bool:
    stem = table.rpartition("/")[2].partition(".")[0]
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", stem)
    return any(may_be_group(word) and word.casefold().startswith("group") for word in words)
