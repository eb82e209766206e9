"""Which layout a source has; the readers of each are next door."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fivefold.contracts.records import Guess
from fivefold.plumbing.errors import DataError
from fivefold.plumbing.files import hidden, printable
from fivefold.plumbing.sources import TABLES, FolderSource
from fivefold.step1_pick.columns import among, names_files, no_paths, on_disk, path_word
from fivefold.step1_pick.documents import is_document
from fivefold.step1_pick.fields import patterns_of
from fivefold.step1_pick.folders import has_classes, read_folders
from fivefold.step1_pick.names import read_names
from fivefold.step1_pick.opening import open_data
from fivefold.step1_pick.packs import read_pack
from fivefold.step1_pick.parallel import read_parallel
from fivefold.step1_pick.paths import left_out, read_paths, with_paths
from fivefold.step1_pick.patterns import is_pattern
from fivefold.step1_pick.profile import profile
from fivefold.step1_pick.roles import label_column
from fivefold.step1_pick.row_files import (
    RowFiles,
    about_parts,
    beside,
    has_series,
    is_row_file,
    read_files,
    sets_of,
)
from fivefold.step1_pick.rows import read_rows
from fivefold.step1_pick.sequences import read_long, read_ts_files, series_column
from fivefold.step1_pick.streams import read_streams

if TYPE_CHECKING:
    from fivefold.step1_pick.asked import Asked
    from fivefold.step1_pick.columns import Find
    from fivefold.step1_pick.found import Files, Found


def read_data(path: Path, asked: Asked, test: Path | None = None) -> Found:
    """The rows of what a path leads to.

    Args:
        path: A folder, an archive, a file of rows.
        asked: What the user settled.
        test: A file of rows that is the test part of another.

    Raises:
        DataError: It cannot be read as rows with labels.
    """
    streamed = read_streams(path, asked)
    if streamed is not None:
        return streamed
    packed = read_pack(path, asked)
    if packed is not None:
        return packed
    source = open_data(path, asked)
    if path.is_file() and source.names() == (path.name,) and is_row_file(path.name):
        return _named_file(path, asked, test)
    return _within(source, printable(str(path)), asked)


def are_rows(path: Path) -> bool:
    """Whether a path is a file whose rows are items."""
    return path.is_file() and is_row_file(path.name)


def _named_file(path: Path, asked: Asked, test: Path | None) -> Found:
    """A file of rows that was named itself, with its test part where one is beside or given."""
    folder = path.parent
    names = [path.name]
    if test is not None:
        names.append(os.path.relpath(test, folder))
    elif asked.test is None and asked.second is None:
        near = (one.name for one in folder.iterdir() if not hidden(one.name))
        names = beside(path.name, sorted(name for name in near if is_row_file(name)))
    source = FolderSource(folder, names)
    if test is None:
        (files,) = sets_of(source, names)
    else:
        files = RowFiles(
            source=source, files=((names[0], "train"), (names[1], "test")), stamp=source.stamp()
        )

    found = _rows_or_paths(files, folder, on_disk(folder), asked)
    return replace(found, joined=test is not None)


def _within(source: Files, shown: str, asked: Asked) -> Found:  # noqa: PLR0911 - a layout each
    """A folder or an archive."""
    patterns = patterns_of(asked)
    tables = [name for name in source.names() if name.lower().endswith(TABLES)]
    settled = _is_column(asked.label) or _is_column(asked.path)
    classes = has_classes(source)
    if "label" in patterns or ("path" in patterns and not classes):
        return read_names(source, asked) or read_folders(source, shown)
    parallel = read_parallel(source, tables, asked) if tables else None
    if parallel is not None:
        return parallel
    names = [name for name in source.names() if not is_document(name)]
    sets = sets_of(source, tables) if tables else []
    if len(sets) == 1 and (settled or not classes or len(names) == len(tables)):
        return _told(sets[0], source, asked)
    if len(sets) == 1:
        return _named_table(sets[0], source, asked) or _aside(read_folders(source, shown), tables)
    if classes and not settled:
        return read_folders(source, shown)
    files = [name for name in names if is_row_file(name)]
    sets = sets_of(source, files) if len(files) == len(names) else []
    if len(sets) == 1:
        return _told(sets[0], source, asked)
    seen = read_names(source, asked) if not classes and len(sets) < 2 else None
    if seen is not None:
        return seen
    if settled:
        raise DataError(
            found=f"{len(tables) or 'no'} tables in {shown}",
            wanted="one table for --label and --path",
            hint="name the table itself as DATA",
        )
    if len(sets) > 1:
        raise _several_sets(sets, shown)
    return read_folders(source, shown)


def _told(files: RowFiles, source: Files, asked: Asked) -> Found:
    """One data set of row files in a folder or archive, which may name other files."""
    names = [name for name, _ in files.files]
    folder = names[0].rpartition("/")[0]
    find = among((other for other in source.names() if other not in names), folder)
    found = _rows_or_paths(files, source, find, asked)
    if found.path_column is None:
        return found
    return replace(found, guesses=(*found.guesses, *left_out(found, source, names)))


def _named_table(files: RowFiles, source: Files, asked: Asked) -> Found | None:
    """A table beside class folders, if one column names files and one is called label.

    None for any other table, also for one that cannot be read: the class folders are enough then.
    """
    try:
        table, _, _ = read_files(files)
        found = _told(files, source, asked)
        free = [profile(c, table.column(c)) for c in table.columns if c != found.path_column]
        named = found.path_column is not None and label_column(free, table.name).named
    except DataError:
        return None
    return found if named else None


def _aside(found: Found, tables: list[str]) -> Found:
    """Class folders beside tables that do not settle the labels themselves."""
    note = Guess(
        question=f"table {', '.join(map(printable, tables))}",
        answer="left aside",
        why="the class folders say more than its columns",
        option="--label COLUMN",
    )
    return replace(found, guesses=(*found.guesses, note))


def _rows_or_paths(files: RowFiles, source: Files | Path, find: Find, asked: Asked) -> Found:
    """Rows that are items, or that name them."""
    if has_series(files):
        return read_ts_files(files)
    table, parts, label = read_files(files)
    about = about_parts(files)
    asked_path = _is_column(asked.path)
    if label is None or asked_path:
        table, path = with_paths(table, find, asked)
        if path is None and isinstance(source, Path):
            # The whole folder is listed only when the paths as they stand lead nowhere.
            word = asked.path if asked_path else path_word(table)
            if word is not None and word in table.columns:
                everything = FolderSource(source)
                find = among(everything.names(), "")
                table, path = with_paths(table, find, asked)
        if path is not None:
            found = read_paths(table, parts, source, find, path, asked)
            return replace(found, guesses=(*about, *found.guesses), unnamed=table.unnamed)
        if asked_path or any(names_files(table.column(column)) for column in table.columns):
            raise no_paths(table, find, asked.path if asked_path else None)
    profiles = {name: profile(name, table.column(name)) for name in table.columns}
    key = series_column(table, profiles) if asked.kind in (None, "series") else None
    found_long = read_long(table, parts, files.stamp, asked, key, profiles) if key else None
    found = found_long or read_rows(table, parts, files.stamp, asked, label)
    return replace(found, guesses=(*about, *found.guesses), unnamed=table.unnamed)


def _is_column(text: str | None) -> bool:
    return text is not None and not is_pattern(text)


def _several_sets(sets: list[RowFiles], shown: str) -> DataError:
    told = "; ".join(files.shown for files in sets[:6])
    return DataError(
        found=f"{len(sets)} data sets in {shown}: {told}",
        wanted="one, or the parts of one (train, validation, test)",
        hint=f"name one of the files as DATA, for example {printable(sets[0].files[0][0])}",
    )
