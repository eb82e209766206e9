"""Rows of files that are to be answered for - tables, lines, series, arrays - labelled or not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fivefold.contracts.raw_rows import HERE, columns_read
from fivefold.plumbing.cells import is_number
from fivefold.plumbing.column_rows import SUFFIXES, ColumnRows, ColumnSource
from fivefold.plumbing.errors import BadItem, DataError, RunError
from fivefold.plumbing.files import printable
from fivefold.plumbing.folders import read_file
from fivefold.plumbing.frames import is_frame, is_row, rows_of
from fivefold.plumbing.guarded import guarded
from fivefold.plumbing.packed import bare_name, unpacked
from fivefold.plumbing.sources import ROWS, TABLES, TAGGED
from fivefold.plumbing.ts import read_ts
from fivefold.step1_pick.lines import TEXT, new_lines
from fivefold.step1_pick.objects import check_row, check_rows, rows_of_columns
from fivefold.step1_pick.packs import inputs_in
from fivefold.step1_pick.sequences import series_in
from fivefold.step1_pick.tables import Table, parse_table
from fivefold.step1_pick.tagged import looks_tagged, read_tagged
from fivefold.step1_pick.texts import decode
from fivefold.step1_pick.unnamed import about_names, by_place, read_unnamed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fivefold.contracts.records import Problem

# Layouts whose items are rows of files, so that no text or JSON file is an item by itself.
_STORED = "column files"
_LAYOUTS = ("rows", "table", _STORED)
OBJECTS = (".json", ".jsonl", ".ndjson")
_C = (1, 3, 4)  # channels of a picture
_MEMORY = "(in memory)"
_UNKNOWN = "where it is not known in any row, write it as null in one"
_SHOWN = 5  # names of columns in a message
_JOINS = re.compile(r"[|;,]")  # between the labels in front of a line


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a file: its name for people, column -> cell, and what paths are relative to."""

    name: str
    cells: Mapping[str, Any]
    folder: Path = HERE


@dataclass(frozen=True, slots=True)
class ArrayRow:
    """A row of a file of arrays or series: its name for people, and its numbers."""

    name: str
    numbers: Any


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row of a column file, read when it is opened: its name for people, and where it lies."""

    name: str
    source: ColumnSource
    within: str

    def read(self) -> bytes:
        """Its raw bytes, as they were learned from.

        Raises:
            BadItem: Its cell is empty, or the file is damaged.
        """
        return self.source.read(self.within)


@dataclass(frozen=True, slots=True)
class Unread:
    """A file whose rows cannot be read: its name for people, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Cells:
    """Columns of a table that was learned from.

    Attributes:
        used: Those whose cells matter.
        all: All but the label's: without a header, columns are told by their number alone.
        single: Those that have one value in a row, and no list.
    """

    used: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    single: tuple[str, ...] = ()


def each_item(
    items: Any,  # noqa: ANN401 - see `Bundle.predict`
    problem: Problem,
    classes: Sequence[str] = (),
    cells: Cells | None = None,
) -> Sequence[Any]:
    """Items one by one: those of a list or an array, rows of a frame, a lone item as one.

    Where rows were learned from, a file is its rows, in every form that `win` reads: cells, lines,
    sentences, series, arrays. One that cannot be read is `Unread`.

    Args:
        items: What a user hands over.
        problem: Says what a row is.
        classes: The labels that were learned; lines may begin with them.
        cells: Columns that were learned from. A frame or a file that lacks one, or one of texts or
            files, is `Unread`; objects leave out what is not known, but a file of them names each
            column once.

    Raises:
        DataError: It is nothing that could be answered for.
    """
    cells = _learned(problem, cells or Cells())
    if is_frame(items) or is_row(items):
        return _of_frame(rows_of(items) if is_frame(items) else [items.to_dict()], problem, cells)
    if isinstance(items, Mapping):
        return _of_object(items, problem, cells, alone=True)
    if isinstance(items, str | Path | bytes) or _is_picture(items, problem):
        items = [items]
    if not isinstance(items, Iterable):
        raise DataError(
            found=f"{printable(repr(items))[:60]} to be answered for",
            wanted="a path, a row, a decoded array, a table, or a list of such",
            hint="pass [item] for a single one",
        )
    if not _may_hold_rows(problem) and problem.layout != _STORED:
        return list(items)
    found: list[Any] = []
    for item in items:
        if isinstance(item, str | Path):
            found += _in_file(item, problem, classes, cells)
        elif is_row(item) and problem.reads_rows:
            found += _of_frame([item.to_dict()], problem, cells)
        elif isinstance(item, Mapping):
            found += _of_object(item, problem, cells)
        else:
            found.append(item)
    return found


def _learned(problem: Problem, cells: Cells) -> Cells:
    """The columns that were learned from, those of texts and files too."""
    read = columns_read(problem)
    used = (*read, *cells.used)
    several = {name for one in problem.inputs for name in one.listed}
    if not problem.reads_rows or any(one.kind == "tokens" for one in problem.inputs):
        several |= set(used)
    single = tuple(name for name in used if name not in several)
    return Cells(used=used, all=(*read, *cells.all), single=single)


def _of_frame(rows: list[Any], problem: Problem, cells: Cells) -> list[Any]:
    """The rows of a frame under the names that were learned; one that lacks a column is unread."""
    rows = [by_place(row, problem) for row in rows]
    if rows and (lacking := _lacking(rows[0], cells.used)):
        return [Unread(_MEMORY, lacking + about_names(problem))]
    return rows


def _of_object(
    item: Mapping[Any, Any], problem: Problem, cells: Cells, *, alone: bool = False
) -> list[Any]:
    """An object that is a row; where it is alone, the rows of one that is columns."""
    item, rows = by_place(item, problem), None
    try:
        if alone and problem.reads_rows:
            rows = rows_of_columns(item, cells.single)
        for row in [item] if rows is None else rows:
            check_row(row, cells.single)
    except BadItem as bad:
        return [Unread(_MEMORY, str(bad))]
    return [item] if rows is None else _of_frame(rows, problem, cells)


def _may_hold_rows(problem: Problem) -> bool:
    """Whether a file of any form may hold many items."""
    return problem.reads_rows or problem.reads_packs or problem.kind == "series"


def _is_picture(items: object, problem: Problem) -> bool:
    """Whether it is one decoded picture, (H, W) or (H, W, C), and no batch of them."""
    shape: tuple[int, ...] = tuple(getattr(items, "shape", ()))
    return problem.kind == "image" and (len(shape) == 2 or (len(shape) == 3 and shape[2] in _C))


def _lacking(columns: Iterable[Any], needed: Sequence[str]) -> str:
    """That columns are not all there; empty where they are."""
    known = [str(name).strip() for name in columns]
    missing = [name for name in needed if name.strip() not in known]
    return f"has no column {_few(missing)} among {_few(known)}" if missing else ""


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(printable(name) for name in names[:_SHOWN]) + more


def _in_file(item: str | Path, problem: Problem, classes: Sequence[str], cells: Cells) -> list[Any]:
    """What a file holds."""
    try:
        found, reason = guarded(
            _read, item, Path(item), problem, classes, cells, passing=(DataError, RunError)
        )
    except DataError as cause:
        found, reason = None, f"{cause.found}; wanted {cause.wanted}; hint: {cause.hint}"
    return [Unread(printable(str(item)), reason or "")] if found is None else found


def _read(  # noqa: PLR0911 - a form each
    item: str | Path, path: Path, problem: Problem, classes: Sequence[str], cells: Cells
) -> list[Any]:
    """The rows of a file, or the item itself where it is one.

    Raises:
        BadItem, DataError: It cannot be read.
    """
    bare = bare_name(path.name).lower()
    if _is_stored(path, problem):
        return _stored_in(path, problem, cells)
    if not _may_hold_rows(problem):
        return [item]
    if problem.reads_packs:
        shown, inputs = printable(str(item)), inputs_in(path)
        return [ArrayRow(f"{shown} row {i}", one) for i, one in enumerate(inputs, start=1)]
    if problem.kind == "series":
        return _series_of(path, bare, problem) or [item]
    from_rows = problem.layout in _LAYOUTS and not problem.names_files
    if bare.endswith(TABLES) or (bare.endswith(".json") and from_rows):
        return _rows_in(path, _table_like(path, problem), cells)
    if problem.names_files:
        return [item]
    if problem.kind == "tokens":
        return _sentences_in(path, problem.inputs[0].column or "")
    if problem.inputs[0].lines:
        return _lines_in(path, problem, classes)
    found = _cells_in(path, problem, cells) if from_rows and bare.endswith(ROWS) else []
    return found or [item]


def _rows_in(path: Path, table: Table, cells: Cells) -> list[Any]:
    """The rows of a table file.

    Raises:
        BadItem: It lacks a column, or is one object of columns.
    """
    shown, objects = printable(str(path)), bare_name(path.name).lower().endswith(OBJECTS)
    needed = cells.used if table.headed else cells.all
    if objects:
        check_rows(table, cells.single)
    if lacking := _lacking((*table.columns, *table.dropped), needed):
        raise BadItem(f"{lacking}; {_UNKNOWN}" if objects else lacking)
    return [
        Row(f"{shown} row {number}", dict(zip(table.columns, row, strict=True)), path.parent)
        for number, row in enumerate(table.cells, start=1)
    ]


def _is_stored(path: Path, problem: Problem) -> bool:
    """Whether it is a column file, and what is read of it is known; older bundles may not know."""
    known = problem.kind == "table" or problem.inputs[0].column is not None
    alike = problem.layout == _STORED and path.suffix.lower() in SUFFIXES
    return known and alike and path.is_file()


def _stored_in(path: Path, problem: Problem, cells: Cells) -> list[Any]:
    """The rows of a column file, where such were learned from: read forward, structs too.

    Raises:
        BadItem, DataError: It cannot be read, or lacks a column.
    """
    rows, one = ColumnRows([path]), problem.inputs[0]
    names = [column.name for column in rows.columns]
    if lacking := _lacking(names, cells.used):
        raise BadItem(lacking)
    used = {name.strip() for name in cells.used}
    source = ColumnSource(rows, one.column, [name for name in names if name.strip() in used])
    shown = printable(str(path))
    return _some(
        [StoredRow(f"{shown} row {i}", source, name) for i, name in enumerate(source.names(), 1)]
    )


def _cells_in(path: Path, problem: Problem, cells: Cells) -> list[Any]:
    """The rows of a text file; none where it is one text for a problem of texts.

    Raises:
        BadItem, DataError: It cannot be read, or may be one text or many.
    """
    if problem.kind != "text":
        return _rows_in(path, _table_like(path, problem), cells)
    columns = columns_read(problem)
    lines = sum(bool(line.strip()) for line in _text(path).split("\n"))
    if lines < 2:  # also where it might be a row of a table without a header
        return []
    try:
        table = _table_like(path, problem)
    except DataError:
        table = None
    told = table is not None and (table.headed or len(table.columns) > 1)
    if table is not None and told and set(columns) <= set(table.columns):
        return _rows_in(path, table, cells)
    raise DataError(
        found=f"{lines:,} lines of text, which may be one text or a text each",
        wanted=f"a table with a column {printable(columns[0])}, as was learned from",
        hint="write it as .csv or .jsonl, a row per text",
    )


def _lines_in(path: Path, problem: Problem, classes: Sequence[str]) -> list[Any]:
    """The lines of a text, each an item, without the labels they may begin with.

    Raises:
        BadItem, DataError: It cannot be read, or has no line.
    """
    shown, known = printable(str(path)), set(classes)

    def is_label(word: str) -> bool:
        if problem.target.kind == "number":
            return is_number(word)
        return word in known or known.issuperset(_JOINS.split(word))

    lines = new_lines(_text(path), is_label)
    return _some([Row(f"{shown}:{number}", {TEXT: line}) for number, line in lines])


def _sentences_in(path: Path, words: str) -> list[Any]:
    """The sentences of a text, their words in column `words`: in columns, or one in each line.

    Raises:
        BadItem, DataError: It cannot be read, or has no sentence.
    """
    shown, text = printable(str(path)), _text(path)
    if bare_name(path.name).lower().endswith(TAGGED) or looks_tagged(text):
        table, _ = read_tagged(shown, text, ())
        pairs = zip(table.names, table.cells, strict=True)
        return [Row(name, {words: json.loads(str(cells[0]))}) for name, cells in pairs]
    lines = enumerate(text.split("\n"), start=1)
    return _some([Row(f"{shown}:{n}", {words: line.split()}) for n, line in lines if line.strip()])


def _series_of(path: Path, bare: str, problem: Problem) -> list[Any]:
    """The series of a file that holds many; none where it is a series itself.

    Raises:
        BadItem, DataError: It cannot be read.
    """
    shown, steps = printable(str(path)), problem.inputs[0].steps
    if bare.endswith(".ts"):
        cases = read_ts(_content(path))
        return _some([ArrayRow(f"{shown}:{i}", one) for i, (_, one) in enumerate(cases, start=1)])
    if steps is None or not bare.endswith(ROWS):
        return []
    return [
        ArrayRow(f"{shown} {printable(steps.key)}={printable(key)}", one)
        for key, one in series_in(_table(path), steps)
    ]


def _some(rows: list[Any]) -> list[Any]:
    if not rows:
        raise BadItem("holds nothing that could be answered for")
    return rows


def _table(path: Path) -> Table:
    return parse_table(path.name, _content(path))


def _table_like(path: Path, problem: Problem) -> Table:
    """The same, as the table that was learned from was read: with a header or without."""
    return read_unnamed(path, _content(path), problem) if problem.unnamed else _table(path)


def _text(path: Path) -> str:
    text, _ = decode(printable(str(path)), _content(path))
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _content(path: Path) -> bytes:
    return unpacked(path.name, read_file(str(path)))
