"""What the cells of a column are: numbers, words of a few, free text, lists, identifiers."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from fivefold.plumbing.cells import decimal_comma, is_missing, number
from fivefold.step1_pick.words import TEXTS, is_id, word_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fivefold.step1_pick.forms import Cell

_SAMPLE = 2000
_MOSTLY = 0.95  # of the cells that are numbers make a column of numbers
_TEXT_WORDS, _TEXT_LETTERS = 6, 40  # from so many on, on average, cells are sentences


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """One column.

    Attributes:
        name: Its name.
        counts: Cells that are not missing, with how often each stands there.
        rows: All rows.
        numeric: Nearly every cell is a number; one that is none counts as missing then.
        comma: Its numbers have decimal commas.
        words: Words per cell, on average.
        letters: Characters per cell, on average.
        lists: Every cell is a JSON list of texts.
    """

    name: str
    counts: Counter[str]
    rows: int
    numeric: bool
    comma: bool
    words: float
    letters: float
    lists: bool

    @property
    def given(self) -> int:
        """Cells that are not missing."""
        return self.counts.total()

    @property
    def distinct(self) -> int:
        """Different cells."""
        return len(self.counts)

    @property
    def text(self) -> bool:
        """Free text that a net should read: sentences, or long sequences of letters."""
        if self.numeric or self.lists or self.distinct < 2:
            return False
        varied = self.distinct > 0.5 * self.given
        long = self.words >= _TEXT_WORDS or self.letters >= _TEXT_LETTERS
        named = word_of(self.name) in TEXTS and (self.words >= 2 or self.letters >= 20)
        return varied and (long or named)

    @property
    def identifier(self) -> bool:
        """A name or number of the row that says nothing else."""
        if self.lists or self.given < 0.9 * self.rows or self.rows < 5:
            return False
        all_differ = self.distinct == self.given
        if self.numeric:
            head = self._head()
            whole = all(value.is_integer() for value in head)
            return all_differ and whole and (is_id(self.name) or _counted(head))
        return self.distinct > 0.95 * self.given and self.words < 1.5 and not self.text

    @property
    def few(self) -> bool:
        """Few values that repeat, as classes have them."""
        return 2 <= self.distinct <= max(self.given // 2, 2)

    def _head(self) -> list[float]:
        """The first numbers."""
        found = (number(cell, comma=self.comma) for cell in list(self.counts)[:_SAMPLE])
        return [value for value in found if value is not None]


def profile(name: str, cells: Sequence[Cell]) -> Profile:
    """Look at one column."""
    every = Counter(cells)
    counts = Counter({c: n for c, n in every.items() if c is not None and not is_missing(c)})
    sample = list(counts)[:: max(len(counts) // _SAMPLE, 1)]
    share = max(len(sample), 1)
    numbers = sum(n for cell, n in counts.items() if number(cell) is not None)
    lists = bool(sample) and all(texts_in(cell) is not None for cell in sample)
    numeric = bool(counts) and numbers >= _MOSTLY * counts.total()
    return Profile(
        name=name,
        counts=counts,
        rows=len(cells),
        numeric=numeric,
        comma=numeric and decimal_comma(counts),
        words=sum(len(cell.split()) for cell in sample) / share,
        letters=sum(map(len, sample)) / share,
        lists=lists,
    )


def _counted(numbers: Sequence[float]) -> bool:
    """1, 2, 3 ... in the order of the rows."""
    steps = {b - a for a, b in pairwise(numbers)}
    return steps == {1.0} and numbers[0] in (0.0, 1.0)


def texts_in(cell: str) -> list[str] | None:
    """The texts, or whole numbers, of a cell that is a JSON list of them; None for all else."""
    if not cell.startswith("["):
        return None
    try:
        value = json.loads(cell)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, list) or not all(isinstance(one, str | int) for one in value):
        return None
    return [str(one) for one in value]
