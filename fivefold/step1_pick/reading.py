"""Which columns of a row are read as its input, and the raw bytes they give."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from fivefold.contracts.records import Guess, Input
from fivefold.plumbing.cells import is_missing, is_number
from fivefold.plumbing.files import printable
from fivefold.step1_pick.forms import Cell
from fivefold.step1_pick.profile import Profile, texts_in

_BRACKETS = ("[]", "()", "{}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What of a row is read, and how.

    Attributes:
        kind: Catalog word of the input kind that opens a row.
        texts: Columns that are read as one text, a line each.
        cells: Columns that are read as cells of a table.
        why: Why that kind.
        columns: The cells of each.
        profiles: What each is.
        lines: The texts are lines of a file.
    """

    kind: str
    texts: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    why: str = ""
    columns: Mapping[str, Sequence[Cell]] = field(default_factory=dict)
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    lines: bool = False

    def guess(self) -> Guess:
        """The kind in words."""
        return Guess(question="input", answer=self.kind, why=self.why, option="--input KIND")

    def words(self) -> str:
        """The columns in words."""
        parts = (("text", self.texts), ("cells", self.cells))
        return " and ".join(
            f"{what} in {', '.join(map(printable, names))}" for what, names in parts if names
        )

    def inputs(self) -> tuple[Input, ...]:
        """As `Problem.inputs` holds them."""
        text = Input(
            kind="text",
            column=", ".join(self.texts),
            columns=self.texts,
            listed=self._listed(self.texts),
        )
        table = Input(kind="table", lines=self.lines, listed=self._listed(self.cells))
        if self.kind == "several":
            return (*((text,) if self.texts else ()), *((table,) if self.cells else ()))
        if self.kind == "table":
            return (table,)
        return (replace(text, kind=self.kind, lines=self.lines),)

    def row(self, row: int) -> bytes:
        """The raw bytes of a row, as its kind opens them."""
        if self.kind == "table":
            return _json(self._values(row))
        if self.kind == "several":
            return _json(self.parts(row))
        if self.kind == "tokens":
            return _json(texts_in(self.columns[self.texts[0]][row] or "[]") or [])
        return self._text(row).encode("utf-8", "surrogateescape")

    def parts(self, row: int) -> dict[str, dict[str, object]]:
        """The parts of a row of several inputs, by name."""
        found: dict[str, dict[str, object]] = {}
        if self.texts:
            found["text"] = {"kind": "text", "text": self._text(row)}
        if self.cells:
            found["table"] = {"kind": "table", "cells": self._values(row)}
        return found

    def _listed(self, names: Sequence[str]) -> tuple[str, ...]:
        """Those of some columns whose cells hold lists or objects."""
        return tuple(name for name in names if _hold_several(self.columns.get(name, ())))

    def _text(self, row: int) -> str:
        return "\n".join(self.columns[name][row] or "" for name in self.texts)

    def _values(self, row: int) -> dict[str, object]:
        return {name: self._value(name, row) for name in self.cells}

    def _value(self, name: str, row: int) -> object:
        cell = self.columns[name][row]
        if cell is None or is_missing(cell):
            return None
        # What a comma means is the kind's to learn from all cells, so that it knows for new rows.
        if not self.profiles[name].numeric or self.profiles[name].comma:
            return cell
        return float(cell) if is_number(cell) else cell


def reading_of(free: Sequence[Profile], columns: Mapping[str, Sequence[Cell]]) -> Reading:
    """Texts and cells beside a file."""
    return Reading(
        kind="several",
        texts=tuple(one.name for one in free if one.text),
        cells=tuple(one.name for one in free if not one.text),
        columns=columns,
        profiles={one.name: one for one in free},
    )


def _hold_several(cells: Sequence[Cell]) -> bool:
    """Whether most cells are in brackets, as JSON and Python write lists and objects."""
    given = [cell for cell in cells if cell]
    return 2 * sum(cell[0] + cell[-1] in _BRACKETS for cell in given) > len(given)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=True).encode()
