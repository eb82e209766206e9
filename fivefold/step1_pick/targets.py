"""Which target the labels are: classes, sets of labels, numbers, tags."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from fivefold.contracts.records import SEPARATOR
from fivefold.plumbing.cells import decimal_comma, is_missing, is_number, number
from fivefold.plumbing.errors import DataError
from fivefold.plumbing.files import printable
from fivefold.step1_pick.profile import texts_in
from fivefold.step1_pick.words import label_rank

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fivefold.step1_pick.forms import Cell

_DELIMITERS = ("|", ";", ",", " ")
_TRUE = frozenset(("true", "yes", "y", "t", "x", "1", "1.0"))
_FALSE = frozenset(("false", "no", "n", "f", "0", "0.0"))
_MOSTLY = 0.95  # of the labels are numbers: then the others are no labels
_FEW = 20  # whole numbers of so many values are classes


def read_target(
    labels: Sequence[Cell], column: str | None, asked: str | None
) -> tuple[str, list[Cell], str]:
    """The target kind, the labels as it wants them, and why.

    Args:
        labels: A cell per row; several joined by SEPARATOR; JSON lists.
        column: Their column, whose name may say that numbers are classes.
        asked: The kind that the user named.

    Raises:
        DataError: The labels are not of the kind asked for.
    """
    given = [label for label in labels if label is not None]
    if given and all(texts_in(label) is not None for label in given):
        lists = [None if one is None else SEPARATOR.join(texts_in(one) or []) for one in labels]
        return asked or "labels", lists, "each label is a list"
    pointed = _pointed(labels)
    numbers = [label for label in pointed if label is not None]
    if asked == "number" or (asked is None and are_numbers(numbers, column)):
        return "number", _checked(pointed), _why_number(numbers)
    several = any(SEPARATOR in label for label in given)
    if several and asked in (None, "labels"):
        return _several(labels, column, asked)
    delimiter = _delimiter(given, sure=asked == "labels")
    if asked == "labels" or (asked is None and delimiter):
        parted = [None if one is None else _parted(one, delimiter) for one in labels]
        return "labels", parted, f"labels are joined by {delimiter!r}" if delimiter else "asked for"
    return asked or "class", list(labels), ""


def are_numbers(given: Sequence[str], column: str | None) -> bool:
    """Whether labels are amounts: fractions, or whole numbers of more values than classes have.

    Args:
        given: The labels; several of a row joined by SEPARATOR.
        column: Their column, whose name may say that numbers are classes.
    """
    pieces = [piece for label in given for piece in label.split(SEPARATOR)]
    if not pieces or not all(is_number(piece) for piece in pieces):
        return False
    values = Counter(float(piece) for piece in pieces)
    if SEPARATOR in given[0] and set(values) <= {0.0, 1.0}:
        return False
    if len(values) <= 2:
        return False
    if not all(value.is_integer() for value in values):
        return len(values) > 10 or len(values) > 0.2 * len(pieces)
    if len(values) <= _FEW:
        return False
    # 0 to 99 a hundred times each, in a column called label, are classes with numbers for names.
    counted = sorted(values) == [min(values) + i for i in range(len(values))]
    rank = label_rank(column) if column else None
    named = rank is not None and rank < label_rank("label_name")  # type: ignore[operator]
    return not (counted and named and len(pieces) >= 10 * len(values))


def _pointed(labels: Sequence[Cell]) -> Sequence[Cell]:
    """Labels that are numbers but for a few, as plain numbers; other labels as they are.

    As cells of a column of numbers they may have units and commas, and a few may be missing.
    """
    pieces = {p for label in labels if label is not None for p in label.split(SEPARATOR)}
    if all(map(is_number, pieces)):
        return labels
    comma = decimal_comma(pieces)
    told = {piece: number(piece, comma=comma) for piece in pieces}
    rows = [label.split(SEPARATOR) for label in labels if label and not is_missing(label)]
    read = sum(all(told[piece] is not None for piece in row) for row in rows)
    if not read or read < _MOSTLY * len(rows):
        return labels
    plain = {piece: repr(value) for piece, value in told.items() if value is not None}
    return [
        SEPARATOR.join(plain[p] for p in label.split(SEPARATOR))
        if label is not None and all(p in plain for p in label.split(SEPARATOR))
        else None
        for label in labels
    ]


def _why_number(given: Sequence[str]) -> str:
    values = {float(piece) for label in given for piece in label.split(SEPARATOR)}
    return f"{len(values):,} different numbers from {min(values):g} to {max(values):g}"


def _checked(labels: Sequence[Cell]) -> list[Cell]:
    """Labels that are numbers.

    Raises:
        DataError: One is none.
    """
    bad = next(
        (one for one in labels if one and not all(map(is_number, one.split(SEPARATOR)))), None
    )
    if bad is not None:
        raise DataError(
            found=f"the label {printable(bad[:80])!r}",
            wanted="numbers, as --target number asks for",
            hint="leave out --target, or name another column with --label",
        )
    return list(labels)


def _several(
    labels: Sequence[Cell], column: str | None, asked: str | None
) -> tuple[str, list[Cell], str]:
    """Sets of labels as they are, or several columns: of truth values, or of numbers.

    Raises:
        DataError: Columns of neither.
    """
    names = (column or "").split(", ")
    if len(names) == 1:
        return "labels", list(labels), "several in a row"
    pieces = dict.fromkeys(p for label in labels if label for p in label.split(SEPARATOR))
    if all(_truth(piece) is not None for piece in pieces):
        why = "one column each, 1 where the label is given"
        return "labels", [None if one is None else _on(one, names) for one in labels], why
    if asked is None and all(map(is_number, pieces)):
        return "number", list(labels), "several columns of numbers other than 0 and 1"
    odd = next(piece for piece in pieces if _truth(piece) is None)
    raise DataError(
        found=f"{printable(odd[:80])!r} in the label columns {', '.join(map(printable, names))}",
        wanted="0 and 1, or yes and no, in each of several label columns; or numbers in all",
        hint="name one of them with --label, or join their words in one column, as in red|round",
    )


def _on(label: str, names: Sequence[str]) -> str:
    """Names of the columns in which a row of truth values is true."""
    cells = label.split(SEPARATOR)
    return SEPARATOR.join(n for n, cell in zip(names, cells, strict=True) if _truth(cell))


def _truth(cell: str) -> bool | None:
    """What a truth value says; None for other cells."""
    word = cell.casefold()
    return True if word in _TRUE else False if word in _FALSE else None


def _delimiter(given: Sequence[str], *, sure: bool) -> str | None:
    """What joins several labels of one row: its pieces are few, short and often alone elsewhere."""
    for delimiter in _DELIMITERS:
        rows = [[p.strip() for p in label.split(delimiter)] for label in given]
        many = sum(len(row) > 1 for row in rows)
        pieces = Counter(piece for row in rows for piece in row if piece)
        if not many or not pieces:
            continue
        if sure:
            return delimiter
        whole = len(set(given))
        short = max(map(len, pieces)) <= 40 and not any(map(is_number, pieces))
        repeats = pieces.total() / len(pieces)
        fewer = len(pieces) <= (0.4 if delimiter == " " else 1.0) * whole
        differ = all(len(set(row)) == len(row) for row in rows)
        if many >= 0.05 * len(rows) and short and repeats >= 3 and fewer and differ:
            return delimiter
    return None


def _parted(label: str, delimiter: str | None) -> str:
    pieces = label.split(delimiter) if delimiter else [label]
    return SEPARATOR.join(piece.strip() for piece in pieces if piece.strip())
