"""Layout: a table with a column of paths and a column of labels."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fivefold.contracts.records import Guess, Input, Listing
from fivefold.plumbing.files import printable
from fivefold.plumbing.sources import FolderSource, RowSource
from fivefold.step1_pick.columns import part_column, path_column
from fivefold.step1_pick.fields import Fields, of_table
from fivefold.step1_pick.found import Files, Found
from fivefold.step1_pick.kinds import recognise
from fivefold.step1_pick.parts import leading_parts, part_of
from fivefold.step1_pick.patterns import is_pattern
from fivefold.step1_pick.profile import profile
from fivefold.step1_pick.reading import Reading, reading_of
from fivefold.step1_pick.repeats import each_row, one_each
from fivefold.step1_pick.roles import LabelColumn, group_column, label_column, set_aside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fivefold.contracts.records import Part
    from fivefold.step1_pick.asked import Asked
    from fivefold.step1_pick.columns import Find
    from fivefold.step1_pick.forms import Cell
    from fivefold.step1_pick.tables import Table

_MANY = 2  # columns of cells beside a path that are worth a net of their own


def with_paths(table: Table, find: Find, asked: Asked) -> tuple[Table, str | None]:
    """The table and its path column; read without a header when the header names a file."""
    path = None if asked.path is None or is_pattern(asked.path) else asked.path
    if path is None and any("." in column and find(column) for column in table.columns):
        table = table.headless()
    return table, path_column(table, find, path)


def read_paths(
    table: Table,
    parts: Sequence[Part | None],
    source: Files | Path,
    find: Find,
    path: str,
    asked: Asked,
) -> Found:
    """Read a table of which one column names files.

    Args:
        table: All parts below each other.
        parts: The part of each row, where files state it.
        source: What the files lie in, or the folder that paths are relative to.
        find: The name in the source of a cell.
        path: The path column.
        asked: What the user settled.

    Raises:
        DataError: No column could be the label.
    """
    part = None if any(parts) else part_column(table, {path, asked.label})
    fields = of_table(table.columns, table.cells, table.name)
    settled = {path, part, *fields.behind(asked.group, asked.time)}
    label = _label(table, settled, asked)
    name, labels = fields.labels(label.name)
    named = [None if cell is None else find(cell) or cell for cell in table.column(path)]
    rows = [row for row, file in enumerate(named) if file is not None]
    files = tuple(file for file in named if file is not None)
    parts = _parts(table, part, named, parts)
    layout = Guess(
        question="layout",
        answer=f"table {table.name}, {len(table.cells):,} rows",
        why=f"column {printable(path)!r} names the files",
        option="--path COLUMN",
    )
    listing = Listing(
        names=files,
        labels=tuple(labels[row] for row in rows),
        parts=tuple(parts[row] for row in rows),
    )
    once = tuple(dict.fromkeys(files))
    found = Found(
        source=FolderSource(source, once) if isinstance(source, Path) else source,
        listing=listing,
        layout="table",
        guesses=(*table.guesses, layout, label.guess(), *_without_file(table, named)),
        path_column=path,
        files=files,
        label_column=name,
    )
    lines = [table.names[row] for row in rows]
    settled |= fields.behind(label.name)
    fields = of_table(table.columns, [table.cells[row] for row in rows], table.name)
    found = _with_others(replace(found, fields=fields), fields, lines, settled, asked)
    return found if found.kind == "several" else one_each(found, f"mend {table.name}")


def left_out(found: Found, source: Files, tables: Sequence[str]) -> tuple[Guess, ...]:
    """The files that a table among them does not name, in words."""
    unnamed = set(source.names()) - set(found.files) - set(tables)
    if not unnamed:
        return ()
    return (
        Guess(
            question=f"files that {' and '.join(map(printable, tables))} does not name",
            answer=f"{len(unnamed):,} left out",
            why="only rows of the table have a label",
            option="add them to the table",
        ),
    )


def _label(table: Table, taken: set[str | None], asked: Asked) -> LabelColumn:
    if asked.label is not None and not is_pattern(asked.label):
        return LabelColumn(name=asked.label, why="asked for", named=True)
    free = [profile(name, table.column(name)) for name in table.columns if name not in taken]
    return label_column(free, of_table(table.columns, table.cells, table.name).where)


def _parts(
    table: Table, column: str | None, names: Sequence[Cell], given: Sequence[Part | None]
) -> Sequence[Part | None]:
    """Parts by their files, by a column, or by the folders that the paths begin with."""
    if any(given):
        return given
    if column is not None:
        return [part_of(cell or "") for cell in table.column(column)]
    return leading_parts([name or "" for name in names])


def _without_file(table: Table, files: Sequence[Cell]) -> list[Guess]:
    """The rows whose path is empty, in words."""
    rows = [row for row, file in enumerate(files) if file is None]
    if not rows:
        return []
    return [
        Guess(
            question="rows without a file",
            answer=f"{len(rows):,} set aside",
            why=f"empty cells; first: {table.names[rows[0]]}",
            option=f"mend {table.name}",
        )
    ]


def _with_others(
    found: Found, fields: Fields, lines: Sequence[str], taken: set[str | None], asked: Asked
) -> Found:
    """What the other columns are: groups, inputs beside the file, or nothing.

    With inputs beside the file each row is an item, also where several name one file: these stay
    together, as they show the same.
    """
    profiles = [profile(word, fields.column(word)) for word in fields.words if word not in taken]
    group, offered, told = (None, None, None) if asked.group else group_column(profiles)
    columns = {one.name: fields.column(one.name) for one in profiles}
    aside = set_aside(profiles, columns, found.listing.labels, found.label_column or "")
    free = [one for one in profiles if one.name not in aside and one.name not in (group, offered)]
    wanted = any(one.text for one in free) or len(free) >= _MANY
    plain = not free or (asked.kind is None and not wanted) or asked.kind not in (None, "several")
    names, shared = (found.files, []) if plain else each_row(found.files, lines)
    if shared and group is None and asked.group is None:
        group = found.path_column
    guesses = (*found.guesses, told) if told is not None and group is None else found.guesses
    found = replace(found, guesses=guesses, group=group)
    if plain:
        return found
    file_kind = recognise(found.listing, found.source, None).answer  # type: ignore[arg-type]
    reading = reading_of([one for one in free if not one.lists], columns)
    guess = Guess(
        question="inputs",
        answer=f"{file_kind} in {printable(found.path_column or '')} and {reading.words()}",
        why="the other columns say something too",
        option=f"--input {file_kind}",
    )
    path = Input(kind=file_kind, column=found.path_column, columns=found.columns)
    return replace(
        found,
        source=_several(found, names, file_kind, reading),
        listing=replace(found.listing, names=names),
        guesses=(*guesses, guess, *shared),
        kind="several",
        inputs=(path, *reading.inputs()),
    )


def _several(found: Found, names: Sequence[str], kind: str, reading: Reading) -> RowSource:
    """Rows of a file and cells, as the kind `several` opens them."""
    source, files = found.source, found.files
    path = found.path_column or "file"

    def read(row: int) -> bytes:
        raw = base64.b64encode(source.read(files[row])).decode("ascii")
        parts = {kind: {"kind": kind, "base64": raw}, **reading.parts(row)}
        return json.dumps(parts, ensure_ascii=True).encode()

    # The cells too: where files lie in a folder, the table that holds them is none of these files.
    cells = [reading.columns[name] for name in (*reading.texts, *reading.cells)]
    stamp = repr((source.stamp(), files, kind, path, reading.texts, reading.cells, cells))
    digest = hashlib.blake2b(stamp.encode("utf-8", "surrogatepass"), digest_size=16)
    return RowSource(names, read, digest.hexdigest())
