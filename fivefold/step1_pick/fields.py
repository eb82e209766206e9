"""What is known of each row by name: columns of a table, fields of file names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fivefold.contracts.records import SEPARATOR
from fivefold.plumbing.cells import is_missing, number
from fivefold.plumbing.errors import DataError
from fivefold.plumbing.files import printable
from fivefold.step1_pick.patterns import Pattern, condition, is_pattern

if TYPE_CHECKING:
    from fivefold.step1_pick.asked import Asked
    from fivefold.step1_pick.forms import Cell

Column = Sequence["Cell"]
_NEVER = frozenset(("?", "nan", "NaN", "null", "NULL"))  # "None" and "NA" may be classes


@dataclass(frozen=True, kw_only=True, slots=True)
class Fields:
    """Named columns over the rows of one data set.

    Attributes:
        words: Their names.
        column: Gives the cells of one, a cell per row.
        where: Where they stand, for messages: `columns a, b in x.csv`.
    """

    words: tuple[str, ...]
    column: Callable[[str], Column]
    where: str

    def choose(self, text: str, option: str) -> tuple[str, list[Cell]]:
        """What an option names: a column, several, or a condition on one.

        Args:
            text: What was typed.
            option: The option, for messages.

        Returns:
            The name in words, and a cell per row; cells of several columns are joined by
            SEPARATOR, a condition gives itself and its inverse as words.

        Raises:
            DataError: There is no such column.
        """
        if text in self.words:
            return text, list(self.column(text))
        several = [word.strip() for word in text.split(",")]
        if len(several) > 1 and all(word in self.words for word in several):
            columns = [self.column(word) for word in several]
            rows = zip(*columns, strict=True)
            joined = [None if None in row else SEPARATOR.join(map(str, row)) for row in rows]
            return ", ".join(several), joined
        asked = condition(text)
        if asked is not None and asked.field in self.words:
            yes, no = str(asked), asked.inverse()
            answers = [asked.holds(cell) for cell in self.column(asked.field)]
            return yes, [None if a is None else yes if a else no for a in answers]
        raise DataError(
            found=self.where,
            wanted=f"a column {printable(asked.field if asked else text)!r}",
            hint=f"name one of the columns found with {option}",
        )

    def has(self, text: str) -> bool:
        """Whether `choose` finds what an option names."""
        rule = condition(text)
        several = all(word.strip() in self.words for word in text.split(","))
        return text in self.words or several or (rule is not None and rule.field in self.words)

    def labels(self, text: str) -> tuple[str, list[Cell]]:
        """What `--label` names, as `choose` gives it, without the words for a label not given.

        `NA` beside classes called by words may be one of them; beside numbers it is none.
        """
        name, cells = self.choose(text, "--label")
        told = {cell: cell.split(SEPARATOR) for cell in set(cells) if cell is not None}
        full = [piece for pieces in told.values() if not _gap(pieces) for piece in pieces]
        numbers = bool(full) and all(number(piece) is not None for piece in full)
        none = {cell for cell, own in told.items() if (_gap(own) if numbers else cell in _NEVER)}
        return name, [None if cell in none else cell for cell in cells]

    def select(self, rows: Sequence[int]) -> Fields:
        """Narrow to some of the rows."""

        def column(word: str) -> Column:
            cells = self.column(word)
            return [cells[row] for row in rows]

        return replace(self, column=column)

    def behind(self, *options: str | None) -> set[str]:
        """The columns that options take up: the one they name, several, or that of a condition."""
        taken: set[str] = set()
        for text in options:
            if text in self.words:
                taken.add(str(text))
                continue
            rule = condition(text or "")
            several = (word.strip() for word in (text or "").split(","))
            taken |= {*several, rule.field if rule else ""}
        return taken & set(self.words)


def _gap(pieces: Sequence[str]) -> bool:
    return any(map(is_missing, pieces))


def of_table(columns: tuple[str, ...], cells: Sequence[Sequence[Cell]], name: str) -> Fields:
    """The columns of a table."""

    def column(word: str) -> Column:
        place = columns.index(word)
        return [row[place] for row in cells]

    where = f"columns {', '.join(map(printable, columns))} in {name}"
    return Fields(words=columns, column=column, where=where)


def of_names(patterns: Sequence[Pattern], names: Sequence[str]) -> dict[str, list[Cell]]:
    """The fields that patterns name, a cell per name; None where a name does not fit.

    Raises:
        DataError: A pattern that fits no name.
    """
    fields: dict[str, list[Cell]] = {}
    for pattern in patterns:
        found = [pattern.match(name) for name in names]
        if not any(found):
            first = printable(names[0]) if names else "nothing"
            raise DataError(
                found=f"names such as {first}",
                wanted=f"names like {pattern.text}",
                hint="the pattern stands for the end of a path; {} is what does not matter",
            )
        for word in pattern.fields:
            fields[word] = [one[word] if one else None for one in found]
    return fields


def patterns_of(asked: Asked, names: Sequence[str] = ()) -> dict[str, Pattern]:
    """Every pattern among the options, by option.

    Args:
        asked: The options.
        names: Those of a second source: a group or time that none of them tells is left out.
    """
    given = {"path": asked.path, "label": asked.label, "group": asked.group, "time": asked.time}
    found = {
        name: Pattern(text) for name, text in given.items() if text is not None and is_pattern(text)
    }
    if not asked.beside:
        return found
    return {
        name: pattern
        for name, pattern in found.items()
        if name in ("path", "label") or any(map(pattern.match, names))
    }


def field_of(pattern: Pattern, option: str) -> str:
    """The field that a pattern given for an option means: the one of its name, or the first."""
    return option if option in pattern.fields else pattern.fields[0]
