"""Layout: shards and column files, which are read where they lie and may be larger than memory.

Column files that are small, unpacked too, and of cells only, are tables like others (`rows.py`).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from fivefold.contracts.records import Guess, Input, Listing
from fivefold.plumbing.column_rows import MOST_CELLS, SUFFIXES, ColumnRows, ColumnSource
from fivefold.plumbing.errors import BadItem, DataError
from fivefold.plumbing.files import hidden, printable
from fivefold.plumbing.shards import Shards, ShardSource, looks_sharded
from fivefold.step1_pick.documents import is_document
from fivefold.step1_pick.fields import Fields
from fivefold.step1_pick.found import Found
from fivefold.step1_pick.parts import cut_part, part_of
from fivefold.step1_pick.profile import profile
from fivefold.step1_pick.roles import about_aside, set_aside
from fivefold.step1_pick.words import PARTS, TEXTS, is_group, is_id, label_rank, word_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fivefold.contracts.records import Part
    from fivefold.plumbing.column_rows import Column
    from fivefold.step1_pick.asked import Asked
    from fivefold.step1_pick.forms import Cell

# Column files up to this size are read as tables, which look closer at every column.
_SMALL = 64 << 20
# Rows of larger ones by which their columns are told.
_SAMPLE = 20_000
# Fields of shards that say something of an item, in the order in which they are believed.
_LABELS = ("cls", "label", "class", "target", "lbl")
_ABOUT = ("json", "txt", "text", "caption", "id", "__key__", *_LABELS)


def read_streams(path: Path, asked: Asked) -> Found | None:
    """The rows of shards or column files; None where the path leads to something else.

    Raises:
        DataError: Nothing in them says what the label is, or a file is damaged.
    """
    files = _files(path)
    if not files:
        return None
    if files[0].suffix.lower() == ".tar":
        if not looks_sharded(files[0], {*_LABELS, "json", *([asked.label] if asked.label else ())}):
            return None
        return _shards(Shards(files, asked.tick), asked)
    rows = ColumnRows(files)
    raw = any(column.type == "bytes" for column in rows.columns)
    small = sum(file.stat().st_size for file in files) <= _SMALL and rows.cells <= MOST_CELLS
    if small and not raw:
        return None
    return _columns(rows, asked)


def _files(path: Path) -> list[Path]:
    """The files, if all that is there is shards, or all is column files."""
    if path.is_file():
        return [path] if path.suffix.lower() in (".tar", *SUFFIXES) else []
    found: list[Path] = []
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not hidden(name))
        for name in sorted(names):
            if hidden(name) or is_document(name):
                continue
            found.append(Path(folder) / name)
            kinds = (".tar",) if found[0].suffix.lower() == ".tar" else SUFFIXES
            if found[-1].suffix.lower() not in kinds:
                return []
    return found


def _shards(shards: Shards, asked: Asked) -> Found:
    fields = _shard_fields(shards)
    label = asked.label or next(
        (word for word in (*_LABELS, *_named(fields)) if word in fields.words), None
    )
    if label is None:
        raise _no_label(fields)
    name, labels = fields.labels(label)
    own = [field for field in shards.fields if field not in _ABOUT and field != label]
    item = next(iter(own or [field for field in ("txt", "text") if field in shards.fields]), None)
    if item is None:
        raise DataError(
            found=f"shards of the fields {', '.join(map(printable, shards.fields))}",
            wanted="a field to learn from, such as .jpg, .wav or .txt",
            hint="pack the raw items beside their labels",
        )
    source = ShardSource(shards, item)
    parts = _parts_of([cut_part(one)[1] for one in shards.names])
    listing = Listing(
        names=source.names(),
        labels=tuple(map(_interned, labels)),
        parts=tuple(parts[shards.number(row)] for row in range(len(shards))),
    )
    return Found(
        source=source,
        listing=listing,
        layout="shards",
        guesses=(
            Guess(
                question="layout",
                answer=f"{len(shards.names):,} shards of {len(shards):,} items, .{item} each",
                why="members of one key make one item; they are read where they lie",
                option="unpack them to have them read as folders",
            ),
            _about_label(name, asked),
        ),
        label_column=name,
        fields=fields,
        group=next((word for word in fields.words if is_group(word)), None),
    )


def _shard_fields(shards: Shards) -> Fields:
    """Small fields of each item, and what its .json says."""
    first = _object(shards.get(0, "json")) if len(shards) else {}
    keys = [key for key, value in first.items() if not isinstance(value, dict | list)]
    words = tuple(
        dict.fromkeys((*(f for f in shards.fields if f in _ABOUT and f != "json"), *keys))
    )

    def column(word: str) -> Sequence[Cell]:
        return [_cell_of(shards, row, word) for row in range(len(shards))]

    return Fields(words=words, column=column, where=f"fields {', '.join(words)} of the shards")


def _cell_of(shards: Shards, row: int, word: str) -> Cell:
    try:
        if word in shards.fields:
            raw = shards.get(row, word)
            return None if raw is None else _text(raw.decode("utf-8", "replace"))
        return _text(_object(shards.get(row, "json")).get(word))
    except BadItem:
        return None


def _object(raw: bytes | None) -> dict[str, object]:
    try:
        found = json.loads(raw or b"{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _columns(rows: ColumnRows, asked: Asked) -> Found:
    by_name = {column.name: column for column in rows.columns}
    fields = Fields(
        words=tuple(by_name),
        column=lambda word: list(map(_interned, _cells(rows, by_name[word]))),
        where=f"columns {', '.join(map(printable, by_name))} in {printable(rows.paths[0].name)}",
    )
    part = next((word for word in by_name if word_of(word) in PARTS), None)
    settled = {part, *fields.behind(asked.group, asked.time)}
    free = {name: column for name, column in by_name.items() if name not in settled}
    ranked = _named(fields)
    label = asked.label or next((word for word in ranked if word in free), None)
    if label is None:
        raise _no_label(fields)
    name, labels = fields.labels(label)
    seen = (word for word in free if is_group(word) and word != label)
    group = None if asked.group else next(seen, None)
    taken = {group, *fields.behind(label)}
    by_file = _parts_of([cut_part(one)[1] for one in rows.names])
    parts: list[Part | None] = [by_file[rows.number(row)] for row in range(len(rows))]
    if part is not None and not any(by_file):
        parts = [part_of(cell) if cell else None for cell in fields.column(part)]
    free = {n: c for n, c in free.items() if n not in taken}
    aside = _aside(rows, free, labels, parts, name)
    free = {n: c for n, c in free.items() if n not in aside}
    kind, item, columns = _input(free, aside, fields, asked)
    source = ColumnSource(rows, item, columns)
    read = () if item is None else (item,)
    raw = item is not None and by_name[item].type == "bytes"
    what = f"column {printable(item)}" if item else f"{len(columns)} columns"
    return Found(
        source=source,
        listing=Listing(names=source.names(), labels=tuple(labels), parts=tuple(parts)),
        layout="column files",
        guesses=(
            Guess(
                question="layout",
                answer=f"{len(rows):,} rows of {len(rows.paths):,} column files, {what}",
                why="they are read forward, batch after batch",
                option="--input KIND",
            ),
            _about_label(name, asked),
            *about_aside(aside),
        ),
        label_column=name,
        kind=kind,
        inputs=() if kind is None else (Input(kind=kind, column=item, columns=read, raw=raw),),
        fields=fields,
        group=group,
    )


def _aside(
    rows: ColumnRows,
    free: dict[str, Column],
    labels: Sequence[Cell],
    parts: Sequence[Part | None],
    label: str,
) -> dict[str, str]:
    """Columns that must not be inputs, as some of the rows that are no test rows tell."""
    looked_at = [name for name, column in free.items() if column.type in ("number", "text")]
    sample, found = rows.sample(looked_at, _SAMPLE)
    open_rows = [i for i, row in enumerate(sample) if parts[row] != "test"]
    cells = {name: [_cell(found[name][i], free[name]) for i in open_rows] for name in looked_at}
    profiles = [profile(name, own) for name, own in cells.items()]
    return set_aside(profiles, cells, [labels[sample[i]] for i in open_rows], label)


def _input(
    free: dict[str, Column], aside: dict[str, str], fields: Fields, asked: Asked
) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Input kind (None: its bytes tell), its column, or the columns of a table."""
    by_type = {
        kind: [n for n, c in free.items() if c.type == kind] for kind in ("bytes", "numbers")
    }
    if by_type["bytes"]:
        return asked.kind, by_type["bytes"][0], ()
    if by_type["numbers"] and asked.kind in (None, "array", "series"):
        return asked.kind or "array", by_type["numbers"][0], ()
    texts = [name for name, column in free.items() if column.type == "text"]
    named = [name for name in texts if word_of(name) in TEXTS]
    cells = tuple(n for n, c in free.items() if c.type in ("number", "text") and not is_id(n))
    alone = asked.kind is None and (named or list(cells) == texts[:1])
    if texts and (asked.kind == "text" or alone):
        return "text", (named or texts)[0], ()
    if not cells:
        left = "; ".join(f"{printable(name)}: {why}" for name, why in aside.items())
        raise DataError(
            found=f"{fields.where}, none of them to learn from beside the label"
            + (f" ({left})" if left else ""),
            wanted="a column of files' bytes, numbers, texts or cells",
            hint="name another column with --label",
        )
    return asked.kind or "table", None, cells


def _cells(rows: ColumnRows, column: Column) -> Iterator[Cell]:
    """The cells of a column as text; class names where the file states them."""
    for cell in rows.column(column.name):
        yield _cell(cell, column)


def _cell(cell: object, column: Column) -> Cell:
    if column.classes and isinstance(cell, int):
        return column.classes[cell] if 0 <= cell < len(column.classes) else None
    return _text(cell)


def _text(cell: object) -> Cell:
    if cell is None or cell != cell or isinstance(cell, dict | list):  # noqa: PLR0124 - NaN
        return None
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "surrogateescape").strip() or None
    return str(cell).strip() or None


def _interned(cell: Cell) -> Cell:
    """One string for all equal ones: labels repeat a million times."""
    return None if cell is None else sys.intern(cell)


def _named(fields: Fields) -> list[str]:
    """Columns whose names say that they are labels, the likeliest first."""
    ranks = {word: label_rank(word) for word in fields.words}
    return sorted((w for w in ranks if ranks[w] is not None), key=lambda w: ranks[w] or 0)


def _parts_of(parts: Sequence[Part | None]) -> list[Part | None]:
    """Parts by file names, where they part anything."""
    told = set(parts) - {None}
    return (
        list(parts)
        if len(told) > 1 and "train" in told and None not in parts
        else [None] * len(parts)
    )


def _about_label(name: str, asked: Asked) -> Guess:
    why = "asked for" if asked.label else "its name says so"
    return Guess(question="label", answer=printable(name), why=why, option="--label COLUMN")


def _no_label(fields: Fields) -> DataError:
    return DataError(
        found=fields.where, wanted="one that is the label", hint="name it with --label"
    )
