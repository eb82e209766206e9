"""Cells of a table as people write them: missing in many ways, numbers and dates as text."""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Cell = str | float | None

# How spreadsheets, R, SQL, pandas and people with a keyboard write that there is nothing.
MISSING = frozenset(
    (
        *("", "?", "-", "--", ".", "na", "n/a", "#n/a", "<na>", "nan", "nat", "null", "(null)"),
        *("none", "nil", "missing", r"\n", "inf", "-inf", "infinity", "-infinity"),
    )
)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_GROUPED = re.compile(r"[+-]?\d{1,3}([, ' _]\d{3})+(\.\d*)?")  # 1,234,567.8
_COMMA = re.compile(r"[+-]?\d+,\d+")  # 3,14
_CODE = re.compile(r"[+-]?0\d+")  # 00501: a code that a number would lose the zeros of
_UNITS = "$€£¥% "
_DATES = (
    *("%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y"),
    *("%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d %b %Y", "%d-%b-%Y", "%d %B %Y", "%b %d, %Y"),
    *("%B %d, %Y", "%Y-%m", "%b %Y"),
)
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
ISO = "iso"
_START = datetime(2000, 1, 1)  # noqa: DTZ001 - dates of tables are compared as they stand
DATE_PARTS: dict[str, Callable[[datetime], float]] = {
    "days": lambda d: (d - _START).total_seconds() / 86_400,
    "year": lambda d: d.year,
    "month": lambda d: d.month,
    "day": lambda d: d.day,
    "weekday": lambda d: d.weekday(),
    "hour": lambda d: d.hour + d.minute / 60,
}


def plain(value: object) -> Cell:
    """A cell as text without space around it, as a number, or None where there is nothing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, date):  # a datetime is one too
        return value.isoformat() if value == value else None  # noqa: PLR0124 - not a time
    text = "" if value is None else str(value).strip()
    return None if is_missing(text) else text


def is_missing(text: str) -> bool:
    """Whether text says that there is nothing: `?`, `NA`, `nan` ..."""
    return text.casefold() in MISSING


def words_of(cell: str | float) -> str:
    """A cell as text: a whole number without a point, so that 3, 3.0 and `3` are one value."""
    if isinstance(cell, str):
        return cell
    return str(int(cell)) if cell == int(cell) else repr(cell)


def number(cell: Cell) -> float | None:
    """The number a cell stands for: `1,234`, `$5`, `12 %`, `3,14`; None where it is none."""
    if cell is None or isinstance(cell, float):
        return cell
    text = cell.strip(_UNITS)
    if _GROUPED.fullmatch(text):
        text = re.sub(r"[, '_]", "", text)
    elif _COMMA.fullmatch(text):
        text = text.replace(",", ".")
    elif not _NUMBER.fullmatch(text):
        return None
    found = float(text)
    return found if math.isfinite(found) else None


def is_code(cell: Cell) -> bool:
    """Whether digits begin with a zero that a number would lose, as in a postal code."""
    return isinstance(cell, str) and _CODE.fullmatch(cell) is not None


def moment(cell: Cell, form: str) -> datetime | None:
    """The point in time that text of the form `ISO` or of a `strptime` form stands for."""
    if not isinstance(cell, str):
        return None
    try:
        if form != ISO:
            return datetime.strptime(cell, form)  # noqa: DTZ007 - as it stands
        found = datetime.fromisoformat(cell)
    except ValueError:
        return None
    return found.replace(tzinfo=None)


def date_form(cells: Sequence[Cell]) -> tuple[str, float]:
    """The form in which most of some cells are dates, and the share of them that are."""
    best, share = ISO, 0.0
    if not any(isinstance(c, str) and any(d.isdigit() for d in c) for c in cells[:20]):
        return best, share
    for form in (ISO, *(day + time for day in _DATES for time in _TIMES)):
        # Most forms do not suit the first cells: those are all that is looked at then.
        few = cells[:20]
        if sum(moment(c, form) is not None for c in few) * 2 < len(few):
            continue
        own = sum(moment(c, form) is not None for c in cells) / len(cells)
        if own > share:
            best, share = form, own
    return best, share
