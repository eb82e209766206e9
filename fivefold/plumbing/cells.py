"""Cells of a table as people write them: missing in many ways, numbers and dates as text."""

from __future__ import annotations

import math
import re
import sys
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Cell = str | float | None

# How spreadsheets, R, SQL, pandas and people with a keyboard write that there is nothing.
MISSING = frozenset(
    (
        *("", "?", "-", "--", ".", "na", "n/a", "n.a.", "#n/a", "<na>", "nan", "-nan", "nat"),
        *("null", "(null)", "none", "nil", "missing", r"\n"),
        *("inf", "-inf", "infinity", "-infinity"),
    )
)
_MOST = sys.float_info.max
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_DECIMAL = {  # mark -> a number with it: plain, and in groups of three digits
    ".": (_NUMBER, re.compile(r"[+-]?[1-9]\d{0,2}([, '_]\d{3})+(\.\d*)?")),  # 1,234,567.8
    ",": (
        re.compile(r"[+-]?(\d+(,\d+)?|,\d+)([eE][+-]?\d+)?"),
        re.compile(r"[+-]?[1-9]\d{0,2}([. '_]\d{3})+(,\d*)?"),  # 1.234.567,8
    ),
}
_CODE = re.compile(r"[+-]?0\d+")  # 00501: a code that a number would lose the zeros of
_UNITS = "$€£¥% "
_TRUTHS = {"true": "True", "false": "False"}
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
        return str(value)
    if isinstance(value, int | float):
        return float(value) if abs(value) <= _MOST else None
    if isinstance(value, date):  # a datetime is one too
        return value.isoformat() if value == value else None  # noqa: PLR0124 - not a time
    text = "" if value is None else str(value).strip()
    return None if is_missing(text) else text


def is_missing(text: str) -> bool:
    """Whether text says that there is nothing: `?`, `NA`, `nan` ..."""
    return text.casefold() in MISSING


def one_truth(text: str) -> str:
    """Truth values in the spelling of Python: `TRUE` and `true` as `True`; other text as it is.

    A file has them as its program wrote them, pandas and Parquet as what they are.
    """
    return _TRUTHS.get(text.casefold(), text)


def words_of(cell: str | float) -> str:
    """A cell as text: a whole number without a point, so that 3, 3.0 and `3` are one value."""
    if isinstance(cell, str):
        return cell
    return str(int(cell)) if cell == int(cell) else repr(cell)


def number(cell: Cell, *, comma: bool = False) -> float | None:
    """The number a cell stands for: `1,234`, `$5`, `12 %`, `3,14`; None where it is none.

    Args:
        cell: A cell in plain form.
        comma: Its column has decimal commas: `1,234` is less than two, `1.234` is over a thousand.
    """
    if cell is None or isinstance(cell, float):
        return cell
    text = cell.strip(_UNITS)
    for mark in ",." if comma else ".,":
        found = _read(text, mark)
        if found is not None:
            return found
    return None


def decimal_comma(cells: Iterable[Cell]) -> bool:
    """Whether a column has decimal commas: more cells are numbers only with them than without.

    `0,726`, `3,14` and `1.234,5` say that it has; `0.726`, `1,234.5` and fractions that are
    numbers already, that it has not; `1,046` alone does not tell.
    """
    cells = tuple(cells)
    texts = [cell.strip(_UNITS) for cell in cells if isinstance(cell, str)]
    texts = [text for text in texts if "," in text or "." in text]
    if not any("," in text or text.count(".") > 1 for text in texts):
        return False
    votes = [(_read(text, ",") is not None) - (_read(text, ".") is not None) for text in texts]
    return sum(votes) > sum(isinstance(cell, float) and cell % 1 > 0 for cell in cells)


def is_number(text: str) -> bool:
    """Whether text is a number and nothing else: no unit, no comma, no word such as `nan`."""
    return _NUMBER.fullmatch(text) is not None


def _read(text: str, mark: str) -> float | None:
    """The number that text stands for if `mark` is its decimal mark."""
    plain_form, grouped = _DECIMAL[mark]
    if grouped.fullmatch(text):
        text = re.sub(rf"[^\d+{mark}-]", "", text)
    elif not plain_form.fullmatch(text):
        return None
    found = float(text.replace(mark, "."))
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
