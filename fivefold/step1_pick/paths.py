"""Layout: a table with a column of paths and a column of labels."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from fivefold.contracts.records import Guess
from fivefold.plumbing.errors import BadItem, DataError
from fivefold.plumbing.files import printable
from fivefold.plumbing.sources import TABLES, FolderSource
from fivefold.step1_pick.columns import (
    among,
    label_column,
    no_paths,
    on_disk,
    part_column,
    path_column,
)
from fivefold.step1_pick.found import Files, Found, rows
from fivefold.step1_pick.parts import part_of, stated
from fivefold.step1_pick.tables import Table, read_table

if TYPE_CHECKING:
    from pathlib import Path

    from fivefold.contracts.records import Part
    from fivefold.step1_pick.columns import Find

Row = tuple[str, str | None, "Part | None"]


def tables_of(source: Files) -> list[str]:
    """Names of the tables in a source."""
    return [name for name in source.names() if name.lower().endswith(TABLES)]


def read_table_file(table: Path, label: str | None, paths: str | None) -> Found:
    """Read a table that was named itself; its paths are relative to its own folder.

    Raises:
        DataError: The table cannot be read, or has no such columns.
    """
    content = _open(FolderSource(table.parent, (table.name,)), table.name)
    find = on_disk(table.parent)
    content, column = _with_paths(content, find, paths)
    if column is None:
        # The whole folder is listed only when the paths as they stand lead nowhere.
        find = among(FolderSource(table.parent).names(), "")
        content, column = _with_paths(content, find, paths)
    if column is None:
        raise no_paths(content, find, paths)
    found, guesses, label_name = _rows(content, find, column, label)
    names = tuple(dict.fromkeys(name for name, _, _ in found))
    return Found(
        source=FolderSource(table.parent, names),
        listing=rows(found),
        layout="table",
        guesses=guesses,
        path_column=column,
        label_column=label_name,
    )


def named_table_within(source: Files, name: str) -> Found | None:
    """Rows of a table beside class folders, if one column names files and one is called label.

    None for any other table, also for one that cannot be read: the class folders are enough then.
    """
    try:
        content, find = _within(source, name)
        content, column = _with_paths(content, find, None)
        if column is None or not label_column(content, {column})[2]:
            return None
        return _found_within(source, content, find, column, None)
    except DataError:
        return None


def read_table_within(source: Files, name: str, label: str | None, paths: str | None) -> Found:
    """Read a table that lies among the files it names.

    Args:
        source: The folder or archive.
        name: The table in it.
        label: Label column, when the user named it.
        paths: Path column, when the user named it.

    Raises:
        DataError: The table cannot be read, or has no such columns.
    """
    content, find = _within(source, name)
    content, column = _with_paths(content, find, paths)
    if column is None:
        raise no_paths(content, find, paths)
    return _found_within(source, content, find, column, label)


def _within(source: Files, name: str) -> tuple[Table, Find]:
    others = (other for other in source.names() if other != name)
    return _open(source, name), among(others, posixpath.dirname(name))


def _open(source: Files, name: str) -> Table:
    try:
        raw = source.read(name)
    except BadItem as cause:
        raise DataError(
            found=f"the table {printable(name)}, which {cause}",
            wanted="a table with a path and a label column",
            hint="write it again, or remove it and use class folders",
        ) from cause
    return read_table(name, raw)


def _found_within(source: Files, content: Table, find: Find, path: str, label: str | None) -> Found:
    found, guesses, label = _rows(content, find, path, label)
    unnamed = len(set(source.names()) - {name for name, _, _ in found}) - 1
    note = Guess(
        question=f"files that {content.name} does not name",
        answer=f"{unnamed:,} left out",
        why="only rows of the table have a label",
        option="add them to the table",
    )
    return Found(
        source=source,
        listing=rows(found),
        layout="table",
        guesses=(*guesses, note) if unnamed else guesses,
        path_column=path,
        label_column=label,
    )


def _with_paths(table: Table, find: Find, asked: str | None) -> tuple[Table, str | None]:
    """The table and its path column; read without a header when the header names a file."""
    if asked is None and any("." in column and find(column) for column in table.columns):
        table = table.headless()
    return table, path_column(table, find, asked)


def _rows(
    table: Table, find: Find, path: str, label: str | None
) -> tuple[list[Row], tuple[Guess, ...], str]:
    """Rows of a table whose path column is known, what was guessed, and the label column."""
    part = part_column(table, {path, label})
    why = "asked for"
    if label is None:
        label, why, _ = label_column(table, {path, part})
    cells = zip(table.column(path), table.column(label), strict=True)
    names = [(find(p) or p, text) for p, text in cells if p is not None]
    parts = _parts(table, part, path, [name for name, _ in names])
    labels, guesses = _one_label_each(table, names)
    found = {
        name: (name, labels[name], given) for (name, _), given in zip(names, parts, strict=True)
    }
    layout = Guess(
        question="layout",
        answer=f"table {table.name}, {len(table.cells):,} rows",
        why=f"column {printable(path)!r} names the files",
        option="--path COLUMN",
    )
    column = Guess(
        question="label column", answer=printable(label), why=why, option="--label COLUMN"
    )
    return list(found.values()), (*table.guesses, layout, column, *guesses), label


def _parts(table: Table, column: str | None, path: str, names: list[str]) -> list[Part | None]:
    """Parts by a column of the table, or else by the folders that the paths begin with."""
    if column is not None:
        cells = zip(table.column(path), table.column(column), strict=True)
        return [part_of(cell or "") for name, cell in cells if name is not None]
    by_folder = [
        next((part for folder in name.split("/")[:-1] if (part := part_of(folder))), None)
        for name in names
    ]
    whole = None not in by_folder and len(stated(by_folder)) > 1 and "train" in by_folder
    return by_folder if whole else [None] * len(names)


def _one_label_each(
    table: Table, names: list[tuple[str, str | None]]
) -> tuple[dict[str, str | None], list[Guess]]:
    """The label of each file; none for a file that the table gives two."""
    given: dict[str, set[str | None]] = {}
    for name, label in names:
        given.setdefault(name, set()).add(label)
    torn = [name for name, labels in given.items() if len(labels) > 1]
    labels = {name: next(iter(own)) if len(own) == 1 else None for name, own in given.items()}
    facts = (
        ("files with two labels", torn, "the table gives them more than one label"),
        ("files without a label", [n for n, own in given.items() if own == {None}], "empty cells"),
    )
    guesses = [
        Guess(
            question=question,
            answer=f"{len(which):,} set aside",
            why=f"{why}; first: {printable(which[0])}",
            option=f"mend {table.name}",
        )
        for question, which, why in facts
        if which
    ]
    return labels, guesses
