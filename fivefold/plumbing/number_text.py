"""Columns of numbers in a text file, with any usual separator: for series and matrices. Numpy only.

Axes: R rows of the file, C its columns.
"""

from __future__ import annotations

import codecs
import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fivefold.plumbing.cells import is_missing
from fivefold.plumbing.errors import BadItem
from fivefold.plumbing.files import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_BYTES = 256 << 20  # of a text file; decoded and split it takes many times that
_COMMENTS = ("#", "%", "//")
_SEPARATORS = ("\t", ";", "|", ",")
_LOOKED_AT = 50  # lines that the separator is read off
_MOST_LEADING = 8  # lines before a regular matrix that may be shorter
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_LEAST_ROWS = 3  # that a text of columns is recognised by


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberText:
    """What stands in a file of numbers.

    Attributes:
        values: (R, C) float64, NaN where a cell is missing.
        names: (C) names of the columns; () where the file has none.
        leading: Numbers before the first full row.
        left_out: Columns that hold no number at all, by name or place.
    """

    values: NDArray[np.float64]
    names: tuple[str, ...] = ()
    leading: tuple[float, ...] = ()
    left_out: tuple[str, ...] = ()


def read_numbers(raw: bytes) -> NumberText:
    """Read a text of numbers: comments skipped, separator found, header and missing cells known.

    Raises:
        BadItem: It is no text of regular columns with a number in them.
    """
    if len(raw) > MOST_BYTES:
        raise BadItem(f"is {len(raw) >> 20} MB of text, above the limit of {MOST_BYTES >> 20}")
    lines, remark = _lines(_decoded(raw))
    if not lines:
        raise BadItem("holds no numbers" if raw.strip() else "is empty (0 bytes of content)")
    separator = _separator(lines)
    plain = _at_once(lines, separator)
    if plain is None:
        return _cell_by_cell(lines, separator, remark)
    names = tuple(_cells(remark, separator)) if remark else ()
    return NumberText(values=plain, names=names if len(names) == plain.shape[1] else ())


def number_columns(head: bytes) -> int:
    """How many columns of numbers a file begins with; 0 where it looks like anything else.

    Sure only where all columns but the first, which may be a date, are numbers.
    """
    try:
        text = _decoded(head)
        whole = text[: text.rfind("\n") + 1] or text  # the last line may be cut off
        found = read_numbers(whole.encode())
    except BadItem:
        return 0
    # The one column that is no number may be a date, so its cells begin with a digit.
    dated = whole.rstrip().rpartition("\n")[2].lstrip("\"' ")[:1].isdigit()
    if len(found.values) < _LEAST_ROWS or len(found.left_out) > int(dated):
        return 0
    return found.values.shape[1] if np.isfinite(found.values).any(0).all() else 0


def _decoded(raw: bytes) -> str:
    encoding = next((name for bom, name in _BOMS if raw.startswith(bom)), "")
    if not encoding and b"\0" in raw:
        raise BadItem("is no text (it has zero bytes)")
    try:
        return raw.decode(encoding or "utf-8")
    except UnicodeDecodeError:
        if encoding:
            raise BadItem(f"is no valid {encoding} text") from None
        return raw.decode("latin-1")


def _lines(text: str) -> tuple[list[str], str]:
    """Lines with content, and the last comment before them: it may name the columns."""
    lines: list[str] = []
    remark = ""
    for line in text.splitlines():
        bare = line.strip(" \r\n")
        if bare.lstrip("\t").startswith(_COMMENTS):
            remark = remark if lines else bare.lstrip("#%/ \t")
        elif bare.strip():
            lines.append(bare)
    return lines, remark


def _separator(lines: Sequence[str]) -> str | None:
    """What parts the cells; None for spaces."""
    some = lines[:_LOOKED_AT]
    for separator in _SEPARATORS:
        if sum(separator in line for line in some) > len(some) / 2:
            return separator
    return None


def _at_once(lines: list[str], separator: str | None) -> NDArray[np.float64] | None:
    """The quick way, for files of nothing but numbers; None where that fails."""
    try:
        return np.loadtxt(lines, delimiter=separator, comments=None, ndmin=2)
    except ValueError:
        return None


def _cells(line: str, separator: str | None) -> list[str]:
    return [cell.strip(" \t\"'") for cell in line.split(separator)]


def _number(cell: str, comma: str) -> float | None:
    """A cell's number, NaN where it is missing, None where it is something else."""
    if is_missing(cell):
        return math.nan
    try:
        return float(cell.replace(",", comma) if comma else cell)
    except ValueError:
        return None


def _cell_by_cell(lines: list[str], separator: str | None, remark: str) -> NumberText:
    rows = [_cells(line, separator) for line in lines]
    if sum(row[-1] == "" for row in rows) > len(rows) / 2:  # 1,2,3, with a separator at the end
        rows = [row[:-1] if row[-1] == "" else row for row in rows]
    # 0,5;1,25 as written where the comma is the decimal point
    comma = "." if separator != "," and not any("." in line for line in lines[1:]) else ""
    width = Counter(len(row) for row in rows).most_common(1)[0][0]
    names: tuple[str, ...] = ()
    if rows and any(_number(cell, comma) is None for cell in rows[0]):
        second = rows[1:2] or [[]]
        if any(_number(cell, comma) is not None for cell in second[0]):
            names, rows = tuple(rows[0]), rows[1:]
    if not names and remark:
        names = tuple(_cells(remark, separator))
    leading, rows = _leading(rows, width, comma)
    odd = next((i for i, row in enumerate(rows) if len(row) != width), None)
    if odd is not None:
        place = len(lines) - len(rows) + odd + 1
        raise BadItem(f"row {place} has {len(rows[odd])} columns where the others have {width}")
    names = names if len(names) == width else ()
    return _by_columns(rows, names, leading, comma)


def _leading(
    rows: list[list[str]], width: int, comma: str
) -> tuple[tuple[float, ...], list[list[str]]]:
    """Numbers in shorter rows before the first full one, and the rows from there on."""
    begin = next((i for i, row in enumerate(rows) if len(row) == width), 0)
    found = [_number(cell, comma) for row in rows[:begin] for cell in row]
    if begin > _MOST_LEADING or any(number is None for number in found):
        raise BadItem(
            f"begins with {begin} rows that do not have the {width} columns of the others"
        )
    return tuple(number for number in found if number is not None), rows[begin:]


def _by_columns(
    rows: list[list[str]], names: tuple[str, ...], leading: tuple[float, ...], comma: str
) -> NumberText:
    kept, left_out, kept_names = [], [], []
    for at, column in enumerate(zip(*rows, strict=True)):
        numbers = [_number(cell, comma) for cell in column]
        if all(n is None or math.isnan(n) for n in numbers) and None in numbers:
            left_out.append(names[at] if names else f"column {at + 1}")
            continue
        if None in numbers:
            row = numbers.index(None)
            raise BadItem(
                f"holds {printable(column[row][:40])!r}, which is no number, in row {row + 1}, "
                f"column {at + 1}"
            )
        kept.append(np.array(numbers, np.float64))
        kept_names.append(names[at] if names else "")
    if not kept:
        raise BadItem("holds no column of numbers")
    return NumberText(
        values=np.stack(kept, 1),
        names=tuple(kept_names) if names else (),
        leading=leading,
        left_out=tuple(left_out),
    )
