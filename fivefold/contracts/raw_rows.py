"""Rows in memory as the raw bytes that a problem's input kind opens, as the sources give them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fivefold.plumbing.cells import plain
from fivefold.plumbing.errors import BadItem
from fivefold.plumbing.folders import read_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fivefold.contracts.records import Input, Problem

HERE = Path()
_CELLS, _TEXT, _TOKENS = "table", "text", "tokens"


def raw_of_row(row: Mapping[str, Any], problem: Problem, folder: Path = HERE) -> bytes:
    """The raw bytes of a row.

    Args:
        row: Column -> cell; for a column of files their paths. Of several inputs also the parts
            themselves, as `inputs/several.py` has them.
        problem: Says what is read from which columns.
        folder: What paths are relative to.

    Raises:
        BadItem: A column is missing, or its file cannot be read.
    """
    if problem.names_files:
        return _file(row, problem.inputs[0], folder)
    if len(problem.inputs) == 1:
        return _raw(row, problem.inputs[0], folder)
    if all(isinstance(part, dict) and "kind" in part for part in row.values()):
        return json.dumps(row).encode()
    taken = {name for one in problem.inputs for name in _columns(one)}
    rest = {name: cell for name, cell in row.items() if name not in taken}
    parts = {
        one.kind: _part(rest if one.kind == _CELLS else row, one, folder) for one in problem.inputs
    }
    return json.dumps(parts).encode()


def _part(row: Mapping[str, Any], one: Input, folder: Path) -> dict[str, object] | None:
    if one.kind == _CELLS:
        return {"kind": one.kind, "cells": {name: plain(cell) for name, cell in row.items()}}
    if all(plain(row.get(name)) is None for name in _columns(one)):
        return None
    raw = _raw(row, one, folder)
    if one.kind in (_TEXT, _TOKENS):
        return {"kind": one.kind, "text": raw.decode("utf-8", "surrogateescape")}
    return {"kind": one.kind, "base64": base64.b64encode(raw).decode()}


def _raw(row: Mapping[str, Any], one: Input, folder: Path) -> bytes:
    """The raw bytes of one input of a row."""
    if one.kind == _CELLS:
        return json.dumps({name: plain(cell) for name, cell in row.items()}).encode()
    if one.kind == _TOKENS:
        return _words(_cells(row, one)[0])
    if one.kind == _TEXT and not one.raw:
        text = "\n".join(str(plain(cell) or "") for cell in _cells(row, one))
        return text.encode("utf-8", "surrogateescape")
    return _file(row, one, folder)


def _cells(row: Mapping[str, Any], one: Input) -> list[Any]:
    """The cells that an input is read from."""
    missing = [name for name in _columns(one) if name not in row]
    if missing or not _columns(one):
        raise BadItem(f"has no column {', '.join(missing) or 'to read ' + one.kind + ' from'}")
    return [row[name] for name in _columns(one)]


def _file(row: Mapping[str, Any], one: Input, folder: Path) -> bytes:
    """The content of the file that a row names."""
    try:
        return read_file(str(folder / str(_cells(row, one)[0])))
    except BadItem as bad:
        raise BadItem(f"names a file that {bad}") from bad


def _words(cell: object) -> bytes:
    """A sentence: a list of words, such a list as JSON, or text with spaces between them."""
    if isinstance(cell, str):
        listed = "".join(cell[:20].split()).startswith('["')
        return (cell if listed else json.dumps(cell.split())).encode()
    return json.dumps(list(cell) if isinstance(cell, Iterable) else None).encode()


def columns_read(problem: Problem) -> tuple[str, ...]:
    """The columns that inputs other than cells are read from."""
    return tuple(name for one in problem.inputs if one.kind != _CELLS for name in _columns(one))


def _columns(one: Input) -> list[str]:
    """The columns an input is read from; a text may have several."""
    if one.columns:
        return list(one.columns)
    # A bundle of an older version has their names in words alone.
    return [name.strip() for name in (one.column or "").split(",") if name.strip()]
