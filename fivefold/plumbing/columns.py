"""What the columns of a table are, learned from a sample of its rows; and rows as numbers.

A column gives one or more *slots*, numbers of the cached row: a number or a code of a category
itself, the parts of a date, or what can be seen of a short text. A slot is a JSON object:

    name      what people read: `age`, `Cabin: letters`
    of        the column
    take      what of the cell: `value`, `letters`, `digits`, `word`, `length`, `there`, or a part
              of a date
    type      `number` or `category`
    values    of a category: value i has the code i, any other the code len(values)
    form      of a date: how it is written
    word      of `word`: which
    comma     of a `value`: true where its column has decimal commas

Axes: D slots.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from fivefold.plumbing.cells import (
    DATE_PARTS,
    Cell,
    date_form,
    decimal_comma,
    is_code,
    moment,
    number,
    words_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Slot = dict[str, Any]
MOST_VALUES = 200  # of a category, the commonest; boosting tells 255 apart
_MOSTLY = 0.95  # of the cells decide what a column is
_REPEATS = 3  # times that a value of a category occurs, on average
_RARE = 2_000  # a value of fewer than one row in so many counts as `other`
_WORDS = 32  # of a text column that are looked for
_WORD_SHARE = 0.02  # of the rows hold such a word
FREE_WORDS = 12  # words of a cell from which on a column is free text, on average
_COLLISIONS = 5.0  # expected among numbers drawn at random; a counter has none
_LEAST = 20  # rows below which nothing is called an identifier
_HASH = 16  # letters from which on a text that never repeats and has no spaces is an identifier
_REASONS = {
    "nothing": "is empty in every row that was looked at",
    "constant": "is the same in every row that was looked at",
    "identifier": "is different in every row, as a number or name of the row is",
    "text": "is free text",
}
_WORD = re.compile(r"[^\W\d_]+")
_LETTERS = re.compile(r"[^\W\d_]*")
_DIGITS = re.compile(r"(\d+)(?!.*\d)")


@dataclass(slots=True)
class Columns:
    """What was learned.

    Attributes:
        slots: (D) where the numbers of a row come from.
        left_out: Column -> why it is not used.
        texts: Columns of free text, of which only single words are used.
    """

    slots: list[Slot] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)


def learn_columns(rows: Sequence[Mapping[str, Cell]]) -> Columns:
    """The slots of a table's columns, from a sample of rows of plain cells."""
    found = Columns()
    for column in dict.fromkeys(name for row in rows for name in row):
        cells = [row.get(column) for row in rows]
        slots, reason = _column(column, cells)
        found.slots += slots
        if not slots:
            found.left_out[column] = reason
        elif reason:
            found.texts.append(column)
    if not found.slots:  # a row must have a number
        name = next(iter(found.left_out), "")
        found.slots.append(_slot(name, "there"))
    return found


def reads_as(cells: Sequence[Cell]) -> str:
    """What a column of plain cells is.

    Returns:
        `nothing`, `constant`, `identifier`, `number`, `date`, `category`, `words` or `text`.
    """
    there = [cell for cell in cells if cell is not None]
    distinct = len({words_of(cell) for cell in there})
    if distinct < 2 and len(there) in (0, len(cells)):
        return "constant" if there else "nothing"
    comma = decimal_comma(there)
    numbers = [n for cell in there if (n := number(cell, comma=comma)) is not None]
    if len(numbers) >= _MOSTLY * len(there) and not _codes(there):
        return "identifier" if _counts(numbers) else "number"
    if date_form(there)[1] >= _MOSTLY:
        return "date"
    if distinct * _REPEATS <= len(there) or distinct < 2:
        return "category"
    return _reads_as_text([words_of(cell) for cell in there], distinct)


def _reads_as_text(texts: list[str], distinct: int) -> str:
    if distinct == len(texts) >= _LEAST and _hashes(texts):
        return "identifier"
    words = sum(len(text.split()) for text in texts)
    return "text" if words >= FREE_WORDS * len(texts) else "words"


def columns_used(shape: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns of cells that a kind, or a part of several, learned from."""
    slots = (slot for one in _shapes(shape) for slot in one.get("columns", ()))
    return tuple(dict.fromkeys(slot["of"] for slot in slots))


def columns_seen(shape: Mapping[str, Any]) -> tuple[str, ...]:
    """Those, and the columns of cells that told nothing."""
    left_out = (name for one in _shapes(shape) for name in one.get("left_out", ()))
    return tuple(dict.fromkeys((*columns_used(shape), *left_out)))


def _shapes(shape: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What a kind learned, and what the parts of several did."""
    return [shape, *(part["shape"] for part in shape.get("parts", ()))]


def numbers_of(row: Mapping[str, Cell], slots: Sequence[Slot]) -> list[float]:
    """A row of plain cells as D numbers; NaN where the cell is missing."""
    return [_take(row.get(slot["of"]), slot) for slot in slots]


def words_about(value: float, slot: Slot) -> str:
    """One number of a row for people; empty where there is nothing to say."""
    if value != value or (slot["take"] == "word" and not value):  # noqa: PLR0124 - NaN
        return ""
    if slot["take"] == "word":
        return slot["name"]
    if slot["type"] == "number":
        return f"{slot['name']} {value:g}"
    values = slot["values"]
    return f"{slot['name']} {values[int(value)] if value < len(values) else 'other'}"


def _column(name: str, cells: list[Cell]) -> tuple[list[Slot], str]:
    """The slots of a column, and why there are none or what is lost."""
    there = [cell for cell in cells if cell is not None]
    what = reads_as(cells)
    slots: list[Slot] = []
    if what == "number":
        slots = [_slot(name, "value", **({"comma": True} if decimal_comma(there) else {}))]
    elif what == "date":
        slots = _dates(name, there)
    elif what == "category":
        slots = [_category(name, "value", map(words_of, there), len(cells))]
    elif what in ("words", "text"):
        slots = _texts(name, there, len(cells))
    return slots, _REASONS.get(what, "")


def _slot(name: str, take: str, **facts: Any) -> Slot:  # noqa: ANN401 - JSON values
    shown = name if take == "value" else f"{name}: {facts.get('word', take)}"
    return {"name": shown, "of": name, "take": take, "type": "number", **facts}


def _category(name: str, take: str, values: Iterable[str], rows: int) -> Slot:
    """A category slot with the values that are common enough, commonest first."""
    least = max(2, rows // _RARE)
    ranked = sorted(Counter(values).items(), key=lambda item: (-item[1], item[0]))
    kept = [value for value, count in ranked if count >= least][:MOST_VALUES]
    return {**_slot(name, take), "type": "category", "values": kept}


def _dates(name: str, there: Sequence[Cell]) -> list[Slot]:
    """The parts of a date that differ between rows."""
    form = date_form(there)[0]
    found = [m for cell in there if (m := moment(cell, form)) is not None]
    return [
        _slot(name, part, form=form)
        for part, of in DATE_PARTS.items()
        if len({of(one) for one in found}) > 1
    ]


def _texts(name: str, there: Sequence[Cell], rows: int) -> list[Slot]:
    """What can be seen of text without reading it: how it begins, its number, its length, words."""
    texts = [words_of(cell) for cell in there if cell is not None]
    slots = []
    letters = _category(name, "letters", map(_letters, texts), rows)
    kept = set(letters["values"])
    if len(kept) > 1 and sum(_letters(text) in kept for text in texts) >= 0.5 * len(texts):
        slots.append(letters)
    else:
        kept = set()
    digits = [d for text in texts if (d := _digits(text)) is not None]
    if len(digits) >= max(0.1 * len(texts), 2) and not _counts(digits):
        slots.append(_slot(name, "digits"))
    if len({len(text) for text in texts}) > 1:
        slots.append(_slot(name, "length"))
    counts = Counter(word for text in texts for word in set(_words(text)))
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    least, most = max(3, _WORD_SHARE * rows), _MOSTLY * len(texts)
    common = [w for w, n in ranked if least <= n < most and len(w) > 1 and w not in kept]
    slots += [_slot(name, "word", word=word) for word in common[:_WORDS]]
    return slots or [_slot(name, "there")]


def _take(cell: Cell, slot: Slot) -> float:
    """One slot of a cell."""
    take = slot["take"]
    if take == "there":
        return float(cell is not None)
    if cell is None:
        return float("nan")
    if take in DATE_PARTS:
        when = moment(cell, slot["form"])
        return float("nan") if when is None else float(DATE_PARTS[take](when))
    if slot["type"] == "category":
        text = words_of(cell)
        return float(_code(_letters(text) if take == "letters" else text, slot["values"]))
    found = _TAKES[take](cell, slot)
    return float("nan") if found is None else float(found)


def _code(text: str, values: list[str]) -> int:
    try:
        return values.index(text)
    except ValueError:
        # Columns that an older version learned have truth values as their file had them.
        older = (text.lower(), text.upper()) if text in ("True", "False") else ()
        return next((values.index(one) for one in older if one in values), len(values))


_TAKES: dict[str, Callable[[str | float, Slot], float | None]] = {
    "value": lambda cell, slot: number(cell, comma=slot.get("comma", False)),
    "digits": lambda cell, _: _digits(words_of(cell)),
    "length": lambda cell, _: len(words_of(cell)),
    "word": lambda cell, slot: slot["word"] in _words(words_of(cell)),
}


def _letters(text: str) -> str:
    """The letters that a text begins with, in lower case: `C85` -> `c`, `85` -> ``."""
    found = _LETTERS.match(text)
    return found.group().lower() if found else ""


def _digits(text: str) -> float | None:
    """The last whole number in a text."""
    found = _DIGITS.search(text)
    return float(found.group(1)) if found else None


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _codes(there: Sequence[Cell]) -> bool:
    """Whether these are digits of one length, some of which begin with a zero: codes."""
    zeros = sum(map(is_code, there))
    return zeros > 0 and zeros >= 0.01 * len(there)


def _counts(numbers: list[float]) -> bool:
    """Whether these are numbers of the rows: whole, and so dense that some would repeat by chance.

    n numbers drawn at random out of s repeat about n * n / 2s times; a counter never does.
    """
    n = len(numbers)
    if n < _LEAST or len(set(numbers)) < n or any(value % 1 for value in numbers):
        return False
    return n * n / (2 * (max(numbers) - min(numbers) + 1)) > _COLLISIONS


def _hashes(texts: list[str]) -> bool:
    """Whether these are long words without spaces, as keys are."""
    long = partial(_long, least=_HASH)
    return sum(map(long, texts)) >= _MOSTLY * len(texts)


def _long(text: str, least: int) -> bool:
    return len(text) >= least and not any(letter.isspace() for letter in text)
