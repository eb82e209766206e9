"""Rows of a file that is to be answered for, a table or arrays: labelled or not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fivefold.contracts.raw_rows import HERE
from fivefold.plumbing.errors import DataError
from fivefold.plumbing.files import printable
from fivefold.plumbing.frames import is_frame, is_row, rows_of
from fivefold.plumbing.sources import TABLES, TAGGED
from fivefold.step1_pick.packs import inputs_in
from fivefold.step1_pick.tables import read_table
from fivefold.step1_pick.tagged import looks_tagged, read_tagged
from fivefold.step1_pick.texts import decode

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a file: its name for people, column -> cell, and what paths are relative to."""

    name: str
    cells: Mapping[str, Any]
    folder: Path = HERE


@dataclass(frozen=True, slots=True)
class ArrayRow:
    """A row of a file of arrays: its name for people, and its numbers."""

    name: str
    numbers: Any


def each_item(
    items: Any,  # noqa: ANN401 - see `Bundle.predict`
    *,
    rows: bool,
    packed: bool = False,
    words: str = "",
) -> Sequence[Any]:
    """Items one by one: those of a list or an array, rows of a frame, a lone item as one.

    Args:
        items: What a user hands over.
        rows: Rows of columns are read, so a file of a table is its rows.
        packed: Rows of arrays are read, so a file that holds inputs is its rows.
        words: Column of the words, where sentences are read; any other text then is sentences as
            well: words in columns, or a sentence per line with spaces between the words.

    Raises:
        DataError: A file cannot be read as a table.
    """
    if is_frame(items):
        return rows_of(items)
    if is_row(items):
        return [items.to_dict()]
    if isinstance(items, str | Path | bytes | Mapping):
        items = [items]
    if not rows and not packed:
        return list(items)
    found: list[Any] = []
    for item in items:
        if packed and isinstance(item, str | Path):
            shown, inputs = printable(str(item)), inputs_in(Path(item))
            found += [ArrayRow(f"{shown} row {i}", one) for i, one in enumerate(inputs, start=1)]
            continue
        if not isinstance(item, str | Path):
            found.append(item)
        elif str(item).lower().endswith(TABLES):
            found += _rows_in(Path(item))
        else:
            found += _sentences_in(Path(item), words) if words else [item]
    return found


def _rows_in(path: Path) -> list[Row]:
    """The rows of a table file.

    Raises:
        DataError: It cannot be read as a table.
    """
    shown = printable(str(path))
    table = read_table(path.name, _content(path, "a table of rows"))
    return [
        Row(f"{shown} row {number}", dict(zip(table.columns, cells, strict=True)), path.parent)
        for number, cells in enumerate(table.cells, start=1)
    ]


def _sentences_in(path: Path, words: str) -> list[Row]:
    """The sentences of a text, their words in column `words`.

    Raises:
        DataError: It cannot be read.
    """
    shown = printable(str(path))
    text, guesses = decode(shown, _content(path, "a text of sentences"))
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if path.name.lower().endswith(TAGGED) or looks_tagged(text):
        table, _ = read_tagged(shown, text, guesses)
        pairs = zip(table.names, table.cells, strict=True)
        return [Row(name, {words: json.loads(str(cells[0]))}) for name, cells in pairs]
    return [
        Row(f"{shown}:{number}", {words: line.split()})
        for number, line in enumerate(text.split("\n"), start=1)
        if line.strip()
    ]


def _content(path: Path, wanted: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as cause:
        raise DataError(
            found=f"{printable(str(path))}, which cannot be read ({cause.strerror})",
            wanted=wanted,
            hint="check the path",
        ) from cause
