"""What a bundle is asked about - paths, bytes, arrays, rows - opened, or refused with a reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fivefold.contracts.raw_rows import raw_of_row
from fivefold.plumbing.errors import BadItem, RunError
from fivefold.plumbing.files import printable
from fivefold.plumbing.folders import read_file
from fivefold.plumbing.guarded import guarded
from fivefold.step1_pick.new_rows import ArrayRow, Row, StoredRow, Unread

if TYPE_CHECKING:
    from fivefold.contracts.records import Problem
    from fivefold.contracts.roles import InputKind

FileRow = Row | ArrayRow | StoredRow
Item = str | Path | bytes | np.ndarray | Mapping[str, Any] | FileRow | Unread | list[str]


def open_item(
    item: Item, problem: Problem, kind: InputKind, shape: dict[str, Any]
) -> np.ndarray | BadItem:
    """The item as the nets take it, or why it cannot be used; whatever is handed over.

    Args:
        item: What a user asks about.
        problem: Says from which columns a row is read.
        kind: Of the input.
        shape: What that learned.

    Raises:
        RunError: A library is missing, which is no fault of the item.
    """
    opened, reason = guarded(_opened, item, problem, kind, shape, passing=(RunError,))
    return BadItem(reason) if opened is None else opened


def name_of(item: Item) -> str:
    """What people call it."""
    if isinstance(item, FileRow | Unread):
        return item.name
    return printable(str(item)) if isinstance(item, str | Path) else "(in memory)"


def _opened(item: Item, problem: Problem, kind: InputKind, shape: dict[str, Any]) -> np.ndarray:
    if isinstance(item, Unread):
        raise BadItem(item.reason)
    if isinstance(item, Row | Mapping):
        row = item if isinstance(item, Row) else Row("", item)
        return _fitted(raw_of_row(row.cells, problem, row.folder), kind, shape)
    if isinstance(item, np.ndarray) and problem.kind in ("table", "text", "tokens"):
        columns = ", ".join(str(i.column) for i in problem.inputs if i.column) or "of its own"
        raise BadItem(f"is an array; a row names its cells (columns {printable(columns)})")
    if isinstance(item, ArrayRow | np.ndarray):
        numbers = item.numbers if isinstance(item, ArrayRow) else item
        return kind.fit(kind.take(numbers, problem.inputs[0].scale), shape)
    return _fitted(_read(item), kind, shape)


def _fitted(raw: bytes, kind: InputKind, shape: dict[str, Any]) -> np.ndarray:
    item, _ = kind.open_for(raw, shape)
    return kind.fit(item, shape)


def _read(item: str | Path | bytes | list[str] | StoredRow) -> bytes:
    if isinstance(item, bytes):
        return item
    if isinstance(item, StoredRow):
        return item.read()
    if isinstance(item, list):  # the words of a sentence
        return json.dumps(item).encode()
    if not isinstance(item, str | Path):
        raise BadItem(f"is of type {type(item).__name__}, which nothing can be read from")
    return read_file(str(item))
