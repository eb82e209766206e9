"""What the cells of a column are: numbers, words of a few, free text, lists, identifiers."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from fivefold.step1_pick.forms import MISSING, is_number
from fivefold.step1_pick.words import TEXTS, is_id, word_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fivefold.step1_pick.forms import Cell

_SAMPLE = 2000
_TEXT_WORDS, _TEXT_LETTERS = 6, 40  # from so many on, on average, cells are sentences


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """One column.

    Attributes:
        name: Its name.
        counts: Cells that are not missing, with how often each stands there.
        rows: All rows.
        numeric: Every cell is a number.
        words: Words per cell, on average.
        letters: Characters per cell, on average.
        lists: Every cell is a JSON list of texts.
    """

    name: str
    counts: Counter[str]
    rows: int
    numeric: bool
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
            whole = all(float(cell).is_integer() for cell in list(self.counts)[:_SAMPLE])
            return all_differ and whole and (is_id(self.name) or self._counted())
        return self.distinct > 0.95 * self.given and self.words < 1.5 and not self.text

    @property
    def few(self) -> bool:
        """Few values that repeat, as classes have them."""
        return 2 <= self.distinct <= max(self.given // 2, 2)

    def _counted(self) -> bool:
        """1, 2, 3 ... in the order of the rows."""
        head = [float(cell) for cell in list(self.counts)[:_SAMPLE]]
        steps = {b - a for a, b in pairwise(head)}
        return steps == {1.0} and head[0] in (0.0, 1.0)


def profile(name: str, cells: Sequence[Cell]) -> Profile:
    """Look at one column."""
    every = Counter(cells)
    counts = Counter({c: n for c, n in every.items() if c is not None and not is_missing(c)})
    sample = list(counts)[:: max(len(counts) // _SAMPLE, 1)]
    share = max(len(sample), 1)
    lists = bool(sample) and all(texts_in(cell) is not None for cell in sample)
    return Profile(
        name=name,
        counts=counts,
        rows=len(cells),
        numeric=bool(counts) and all(is_number(cell) for cell in counts),
        words=sum(len(cell.split()) for cell in sample) / share,
        letters=sum(map(len, sample)) / share,
        lists=lists,
    )


def is_missing(cell: str) -> bool:
    """Whether a cell says that there is nothing: `?`, `NA`, `nan` ..."""
    return len(cell) <= 4 and cell.casefold() in MISSING


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
