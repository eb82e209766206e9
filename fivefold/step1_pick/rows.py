"""Layout: rows that are items by themselves: texts, lists of words, cells, or several of them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from fivefold.contracts.records import SEPARATOR, Guess, Listing
from fivefold.plumbing.errors import DataError
from fivefold.plumbing.files import printable
from fivefold.plumbing.sources import RowSource
from fivefold.step1_pick.columns import part_column
from fivefold.step1_pick.fields import of_table
from fivefold.step1_pick.found import Found
from fivefold.step1_pick.parts import part_of
from fivefold.step1_pick.profile import Profile, profile, texts_in
from fivefold.step1_pick.reading import Reading
from fivefold.step1_pick.roles import (
    LabelColumn,
    about_aside,
    group_column,
    label_column,
    set_aside,
)
from fivefold.step1_pick.words import TOKENS, word_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fivefold.contracts.records import Part
    from fivefold.step1_pick.asked import Asked
    from fivefold.step1_pick.forms import Cell
    from fivefold.step1_pick.tables import Table

_LONG = 8  # words per cell from which on a text beside other columns gets a net of its own


def read_rows(
    table: Table,
    parts: Sequence[Part | None],
    stamp: str,
    asked: Asked,
    label: str | None = None,
) -> Found:
    """Read a table whose rows are the items.

    Args:
        table: All parts below each other.
        parts: The part of each row, where files state it.
        stamp: Of the files.
        asked: What the user settled.
        label: The label column that the form of the file names, which an option outdoes.

    Raises:
        DataError: No label column, or nothing beside it to learn from.
    """
    fields = of_table(table.columns, table.cells, table.name)
    part, parts = _parts(table, parts, asked)
    profiles = {name: profile(name, fields.column(name)) for name in table.columns}
    settled = {part, *fields.behind(asked.group, asked.time)}
    taken = _label(table, profiles, settled, asked, label)
    name, labels = fields.labels(taken.name)
    settled |= fields.behind(taken.name)
    free = [one for one in profiles.values() if one.name not in settled]
    group, offered, about_group = (None, None, None) if asked.group else group_column(free)
    cells = {one.name: fields.column(one.name) for one in free}
    rows_in = [i for i, one in enumerate(parts) if one != "test"]
    single = [one for one in free if not one.lists]
    seen = {one.name: [cells[one.name][i] for i in rows_in] for one in single}
    aside = set_aside(single, seen, [labels[i] for i in rows_in], name)
    together = "it may say which rows belong together"
    aside |= {word: together for word in (group, offered) if word is not None}
    free = [one for one in free if one.name not in aside]
    lists = [one for one in free if one.lists]
    tokens = min(lists, key=lambda one: word_of(one.name) not in TOKENS, default=None)
    left = [one.name for one in free if tokens is not None and one is not tokens]
    aside |= {", ".join(left): "beside lists of words"} if left else {}
    inputs = _inputs(free, tokens, aside, table, asked)
    inputs = replace(inputs, columns=cells, profiles=profiles, lines=table.lines)
    tags = _tags(labels, cells[inputs.texts[0]]) if inputs.kind == "tokens" else None
    guesses = [_layout(table), taken.guess(), about_group, *about_aside(aside), inputs.guess()]
    return Found(
        source=RowSource(table.names, inputs.row, _stamp(stamp, inputs, table)),
        listing=Listing(names=table.names, labels=tuple(tags or labels), parts=tuple(parts)),
        layout="rows",
        guesses=(*table.guesses, *(one for one in guesses if one is not None)),
        label_column=name,
        kind=inputs.kind,
        inputs=inputs.inputs(),
        target="tags" if tags else None,
        fields=fields,
        group=group,
    )


def _parts(
    table: Table, parts: Sequence[Part | None], asked: Asked
) -> tuple[str | None, list[Part | None]]:
    """The part column, if files do not state the parts, and the part of each row."""
    if any(parts):
        return None, list(parts)
    column = part_column(table, {asked.label})
    if column is None:
        return None, list(parts)
    return column, [part_of(cell or "") for cell in table.column(column)]


def _label(
    table: Table,
    profiles: dict[str, Profile],
    taken: set[str | None],
    asked: Asked,
    label: str | None,
) -> LabelColumn:
    if asked.label is not None:
        short = f"column {asked.label}"  # of a table without a header
        name = short if short in profiles and asked.label not in profiles else asked.label
        return LabelColumn(name=name, why="asked for", named=True)
    if label is not None and label in profiles:
        others = [p.name for p in profiles.values() if p.lists and p.name not in (label,)][1:3]
        why = "the usual one of this form"
        return LabelColumn(name=label, why=why, named=True, others=tuple(others))
    free = [one for name, one in profiles.items() if name not in taken]
    where = of_table(table.columns, table.cells, table.name).where
    return label_column(free, where, amounts=True)


def _inputs(
    free: list[Profile],
    tokens: Profile | None,
    aside: dict[str, str],
    table: Table,
    asked: Asked,
) -> Reading:
    """Which kind the rows are; what is free of roles is input."""
    if tokens is not None and asked.kind in (None, "tokens"):
        return Reading(kind="tokens", texts=(tokens.name,), why="lists of words")
    texts = [one for one in free if one.text]
    others = [one for one in free if not one.text and not one.lists]
    if asked.kind == "text":
        texts, others = texts or [one for one in free if not one.numeric] or free, []
    elif asked.kind == "table":
        texts, others = [], free
    if not texts and not others:
        left = "; ".join(f"{printable(name)}: {why}" for name, why in aside.items())
        raise DataError(
            found=f"{table.name} without a column to learn from beside the label"
            + (f" ({left})" if left else ""),
            wanted="at least one input column",
            hint="name another column with --label",
        )
    names = tuple(one.name for one in texts)
    if texts and not others:
        why = f"column {', '.join(map(printable, names))} is free text"
        return Reading(kind="text", texts=names, why=why)
    long = tuple(one.name for one in texts if one.words >= _LONG)
    if long and asked.kind in (None, "several"):
        rest = tuple(one.name for one in free if one.name not in long and not one.lists)
        why = f"{', '.join(map(printable, long))} is text, {len(rest)} other columns are cells"
        return Reading(kind="several", texts=long, cells=rest, why=why)
    cells = tuple(one.name for one in free if not one.lists)
    numbers = sum(one.numeric for one in free)
    why = f"{numbers} columns of numbers, {len(cells) - numbers} of words"
    return Reading(kind="table", cells=cells, why=why)


def _tags(labels: Sequence[Cell], tokens: Sequence[Cell]) -> list[Cell] | None:
    """Labels that are lists as long as the words of their rows, joined; None for other labels."""
    found: list[Cell] = []
    for label, row in zip(labels, tokens, strict=True):
        tags = None if label is None else texts_in(label)
        if label is not None and (tags is None or len(tags) != len(texts_in(row or "[]") or [])):
            return None
        found.append(None if tags is None else SEPARATOR.join(tags))
    return found


def _stamp(stamp: str, inputs: Reading, table: Table) -> str:
    facts = repr((stamp, inputs.kind, inputs.texts, inputs.cells, len(table.cells)))
    return hashlib.blake2b(facts.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _layout(table: Table) -> Guess:
    return Guess(
        question="layout",
        answer=f"rows of {table.name}: {len(table.cells):,}",
        why=f"each row is an item; columns {', '.join(map(printable, table.columns[:12]))}"
        + (f" and {len(table.columns) - 12} more" if len(table.columns) > 12 else ""),
        option="--input KIND",
    )
