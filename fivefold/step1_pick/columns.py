"""Which column of a table names the files, and which the part."""

from __future__ import annotations

import os
import posixpath
import re
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING

from fivefold.plumbing.errors import DataError
from fivefold.plumbing.files import printable
from fivefold.step1_pick.parts import part_of
from fivefold.step1_pick.words import PARTS, PATHS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from fivefold.step1_pick.tables import Table

Find = Callable[[str], str | None]
_LOOKED_AT = 400
_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")


def on_disk(folder: Path) -> Find:
    """A finder of files relative to `folder` that lists nothing: each cell is looked up."""

    def find(cell: str) -> str | None:
        path = cell.replace("\\", "/")
        return path if os.path.isfile(os.path.join(folder, path)) else None  # noqa: PTH113, PTH118

    return find


def among(names: Iterable[str], folder: str) -> Find:
    """A finder among known names: as it stands, relative to the table's `folder`, or by its tail.

    A cell may also leave out folders or the suffix, or carry folders of the machine it was written
    on, as long as one name only fits; a cell with folders must share one with the name.
    """
    known = set(names)
    tails: dict[str, list[str]] = defaultdict(list)
    for name in known:
        base = posixpath.basename(name)
        for key in {base, _bare(base)}:
            tails[key].append(name)

    def find(cell: str) -> str | None:
        path = posixpath.normpath(cell.replace("\\", "/"))
        for exact in (posixpath.normpath(posixpath.join(folder, path)), path):
            if exact in known:
                return exact
        fits = tails.get(posixpath.basename(path), [])
        parts = path.split("/")
        for start in range(len(parts)):
            tail = "/" + "/".join(parts[start:])
            strict = 0 < start == len(parts) - 1
            close = [name for name in fits if _ends(f"/{name}", tail, whole=strict)]
            if len(close) == 1:
                return close[0]
        return None

    return find


def _ends(name: str, tail: str, *, whole: bool) -> bool:
    forms = (name, _bare(name))
    return tail in forms if whole else any(form.endswith(tail) for form in forms)


def _bare(name: str) -> str:
    return posixpath.splitext(name)[0]


def found_share(cells: Iterable[str | None], find: Find) -> float:
    """Share of cells that name a file, from a sample spread over the column."""
    given = list(cells)
    sample = [cell for cell in given[:: max(len(given) // _LOOKED_AT, 1)] if cell]
    return sum(find(cell) is not None for cell in sample) / max(len(sample), 1)


def path_column(table: Table, find: Find, asked: str | None) -> str | None:
    """The column whose cells mostly name files; None when there is none.

    A column of numbers is one only if its name says so: 1, 2, 3 also fit 1.png, 2.png, 3.png.
    """
    if asked is not None:
        columns = [asked]
    else:
        columns = [c for c in table.columns if is_path_word(c) or not _numbers(table.column(c))]
    shares = {column: found_share(table.column(column), find) for column in columns}
    best = max(shares, key=lambda column: shares[column], default=None)
    return best if best is not None and shares[best] >= 0.5 else None


def no_paths(table: Table, find: Find, asked: str | None) -> DataError:
    """The error of a table whose cells name no files: which column was meant, and what is there."""
    named = [column for column in table.columns if is_path_word(column)]
    meant = asked or (named[0] if named else None)
    hint = "check where the files lie relative to the table; --path names another column"
    if meant is None:
        return DataError(
            found=f"columns {', '.join(map(printable, table.columns))} in {table.name}, "
            "none of which names files that are there",
            wanted="a column of file paths and a column of labels",
            hint=hint,
        )
    cells = table.column(meant)
    missing = [cell for cell in cells if cell is None or find(cell) is None]
    first = printable(missing[0] or "an empty cell") if missing else ""
    return DataError(
        found=f"column {printable(meant)!r} of {table.name}: {len(cells) - len(missing):,} of its "
        f"{len(cells):,} files are there; first that is not: {first}",
        wanted="paths of files",
        hint=hint,
    )


def part_column(table: Table, taken: set[str | None]) -> str | None:
    """The column that says train, validation or test in every row."""
    for column in table.columns:
        if column not in taken and column.casefold() in PARTS:
            cells = table.column(column)
            if all(cell is not None and part_of(cell) is not None for cell in cells):
                return column
    return None


def path_word(table: Table) -> str | None:
    """A column whose name says that it holds paths, or whose cells look like them."""
    named = [column for column in table.columns if is_path_word(column)]
    looks = [column for column in table.columns if names_files(table.column(column))]
    return next(iter((*looks, *named)), None)


def names_files(cells: Sequence[str | None]) -> bool:
    """Whether most cells look like names of files: they end in a suffix of letters."""
    given = [cell for cell in cells[:: max(len(cells) // _LOOKED_AT, 1)] if cell is not None]
    fit = sum(_SUFFIX.search(cell) is not None and len(cell.split()) < 4 for cell in given)
    return bool(given) and fit > 0.5 * len(given)


def is_path_word(column: str) -> bool:
    """Whether a column's name says that it holds paths."""
    return column.casefold().replace(" ", "_") in PATHS


def _numbers(cells: Iterable[str | None]) -> bool:
    try:
        [float(cell) for cell in cells if cell is not None]
    except ValueError:
        return False
    return True
