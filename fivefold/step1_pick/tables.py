"""Read a table with columns of text, whatever its form; join those that are parts of one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fivefold.contracts.records import Guess
from fivefold.plumbing.errors import BadItem, DataError
from fivefold.plumbing.files import printable
from fivefold.plumbing.packed import bare_name, unpacked
from fivefold.step1_pick import forms
from fivefold.step1_pick.forms import Cell, Row
from fivefold.step1_pick.texts import decode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fivefold.contracts.records import Part


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table of text cells.

    Attributes:
        name: Its file name, printable.
        columns: Column names.
        cells: Rows of cells, None where empty.
        names: Name of each row, for example `train.csv:12`.
        guesses: What had to be guessed to read it.
        headed: It has a header.
        lines: Its rows are lines of a text, each behind its label.
        dropped: Columns that had neither a name nor a cell.
    """

    name: str
    columns: tuple[str, ...]
    cells: tuple[Row, ...]
    names: tuple[str, ...] = ()
    guesses: tuple[Guess, ...] = ()
    headed: bool = True
    lines: bool = False
    dropped: tuple[str, ...] = ()

    @property
    def unnamed(self) -> int:
        """How many columns are told by their number alone; 0 where they have names."""
        return 0 if self.headed else len(self.columns)

    def column(self, name: str) -> list[Cell]:
        """All cells of one column.

        Raises:
            DataError: There is no such column.
        """
        if name not in self.columns:
            raise DataError(
                found=f"columns {', '.join(map(printable, self.columns))} in {self.name}",
                wanted=f"a column {printable(name)!r}",
                hint="name one of the columns found with --label or --path",
            )
        place = self.columns.index(name)
        return [row[place] for row in self.cells]

    def headless(self, why: str = "its first line names a file") -> Table:
        """The same table read as one without a header line."""
        if not self.headed:
            return self
        columns = numbered(len(self.columns))
        return replace(
            self,
            columns=columns,
            cells=(self.columns, *self.cells),
            names=(f"{self.name}:1", *self.names),
            guesses=(*self.guesses, _no_header(self.name, why)),
            headed=False,
        )


def read_table(name: str, raw: bytes, *, delimiter: str | None = None) -> Table:
    """Read a table from its bytes; the suffix of `name` says which form it has.

    Args:
        name: Its name, also `x.csv.gz`.
        raw: Its bytes.
        delimiter: Between cells of a text table; seen when left out.

    Raises:
        DataError: Damaged, ragged, without rows or with two columns of one name.
    """
    try:
        raw = unpacked(name, raw)
    except BadItem as cause:
        raise DataError(
            found=f"{printable(name)}, which {cause}",
            wanted="a whole file",
            hint="download it again",
        ) from cause
    return parse_table(name, raw, delimiter=delimiter)


def parse_table(
    name: str, raw: bytes, *, delimiter: str | None = None, headed: bool | None = None
) -> Table:
    """The same, of bytes that are not compressed any more; whether text has a header is seen."""
    shown = printable(name)
    bare = bare_name(name).lower()
    guesses: tuple[Guess, ...] = ()
    if bare.endswith((".parquet", ".arrow", ".feather")):
        form = forms.columnar(printable(bare_name(name)), raw)
    else:
        text, guesses = decode(shown, raw)
        if bare.endswith((".jsonl", ".ndjson")):
            form = forms.json_lines(shown, text)
        elif bare.endswith(".json"):
            form = forms.json_list(shown, text)
        else:
            tabs = "\t" if bare.endswith(".tsv") else delimiter
            form = forms.separated(shown, text, delimiter=tabs, headed=headed)
    return _checked(_table(shown, form, guesses))


def _table(shown: str, form: forms.Form, guesses: tuple[Guess, ...]) -> Table:
    columns, cells, empty = form.columns, form.cells, []
    if form.skipped:
        remark = f"{form.skipped} lines before the table"
        why = "they hold no cells"
        guesses = (
            *guesses,
            Guess(question=f"remarks in {shown}", answer=remark, why=why, option="remove them"),
        )
    if columns is None:
        guesses = (*guesses, _no_header(shown, "its first line holds values like those below it"))
        names = numbered(len(cells[0]))
    else:
        # A separator at the end of each line makes a column without name and content.
        empty = [i for i, c in enumerate(columns) if not c and all(row[i] is None for row in cells)]
        if empty:
            kept = [i for i in range(len(columns)) if i not in empty]
            columns = tuple(columns[i] for i in kept)
            cells = tuple(tuple(row[i] for i in kept) for row in cells)
        names = tuple(c or f"column {i + 1}" for i, c in enumerate(columns))
    return Table(
        name=shown,
        columns=names,
        cells=cells,
        names=tuple(f"{shown}:{line}" for line in form.lines),
        guesses=guesses,
        headed=form.columns is not None,
        dropped=tuple(f"column {i + 1}" for i in empty),
    )


def _checked(table: Table) -> Table:
    twice = sorted({column for column in table.columns if table.columns.count(column) > 1})
    if twice:
        raise DataError(
            found=f"{table.name} with two columns called {printable(twice[0])!r}",
            wanted="column names that differ",
            hint="rename one of them in the first line",
        )
    if not table.cells:
        raise DataError(
            found=f"{table.name} without a row below its header",
            wanted="a table with a row per item",
            hint="check that the right file was named",
        )
    return table


def join(tables: Sequence[tuple[Table, Part | None]]) -> tuple[Table, tuple[Part | None, ...]]:
    """Tables that are parts of one, below each other, and the part of each row.

    A column that a part lacks (a test part without labels) is empty there.

    Raises:
        DataError: A part has columns that the first has not.
    """
    first = tables[0][0]
    cells: list[Row] = []
    names: list[str] = []
    parts: list[Part | None] = []
    guesses: list[Guess] = []
    for given, part in tables:
        table = given if given.headed == first.headed else _as_first(given, first)
        strange = [column for column in table.columns if column not in first.columns]
        if strange:
            raise DataError(
                found=f"a column {printable(strange[0])!r} in {table.name}, "
                f"which {first.name} has not",
                wanted="the same columns in all parts",
                hint="name one of the files as DATA and give the other with --test",
            )
        places = [
            table.columns.index(column) if column in table.columns else None
            for column in first.columns
        ]
        cells += [tuple(None if p is None else row[p] for p in places) for row in table.cells]
        names += table.names
        parts += [part] * len(table.cells)
        guesses += table.guesses
    name = " and ".join(table.name for table, _ in tables)
    whole = replace(
        first, name=name, cells=tuple(cells), names=tuple(names), guesses=tuple(guesses)
    )
    return whole, tuple(parts)


def _as_first(table: Table, first: Table) -> Table:
    """A part read as the first one was: with its header or without."""
    if not first.headed:
        return table.headless("the other parts have none")
    columns = tuple(cell or f"column {i + 1}" for i, cell in enumerate(table.cells[0]))
    return replace(table, columns=columns, cells=table.cells[1:], names=table.names[1:])


def numbered(count: int) -> tuple[str, ...]:
    """Names of columns that have none."""
    return tuple(f"column {i + 1}" for i in range(count))


def _no_header(shown: str, why: str) -> Guess:
    return Guess(question=f"header of {shown}", answer="none", why=why, option="add a header line")
