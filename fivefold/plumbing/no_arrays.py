"""What was handed over where an array of numbers belongs, in words, with what to do instead."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fivefold.plumbing.cells import is_number
from fivefold.plumbing.errors import DataError
from fivefold.plumbing.files import printable
from fivefold.plumbing.frames import columns_of, is_frame, is_row

_WANTED = "an array of numbers, a row or a picture of one shape for each item"
_TABLE = "learns from words, texts, dates and gaps in the columns of a table"


def no_array(X: Any) -> DataError | None:  # noqa: ANN401 - anything
    """The error of an X that is no array of numbers; None where nothing is known against it."""
    found, hint = "", ""
    if is_frame(X):
        found, hint = _in_frame(X)
    elif isinstance(X, Mapping) and not hasattr(X, "shape"):  # a sparse array may be a dict
        found, hint = "an object of columns as X", "pass pandas.DataFrame(X)"
    elif is_row(X) or _holds_objects(X) or isinstance(X, list | tuple):
        found, hint = _in_items(list(X), series=X if is_row(X) else None)
    return DataError(found=found, wanted=_WANTED, hint=hint) if found else None


def _in_frame(frame: Any) -> tuple[str, str]:  # noqa: ANN401 - see `is_frame`
    """The first column that holds something other than numbers, and what to do; empty if none."""
    hint = f"fivefold.win((X, y)) {_TABLE}"
    for place, (name, cells) in enumerate(columns_of(frame).items()):
        where = f"column {printable(name)} of X"
        words = [one for one in cells if isinstance(one, str) and not _is_value(one)]
        if words:
            return f"words in {where}, such as {printable(words[0])[:60]!r}", hint
        if infinite := _infinite(frame, place):
            own = "put finite numbers there; fivefold.win((X, y)) takes such cells for gaps"
            return f"{infinite:,} infinite cells in {where}", own
        if None in cells:
            gaps = sum(cell is None for cell in cells)
            return f"{gaps:,} cells without a number in {where}", hint
    return "", ""


def _infinite(frame: Any, place: int) -> int:  # noqa: ANN401 - see `is_frame`
    """How many cells of a column are infinite."""
    in_pandas = hasattr(frame, "iloc")
    cells = frame.iloc[:, place].tolist() if in_pandas else frame.columns[place].to_pylist()
    return sum(isinstance(cell, float) and math.isinf(cell) for cell in cells)


def _in_items(items: Sequence[Any], *, series: Any) -> tuple[str, str]:  # noqa: ANN401 - pandas
    """What items are that make no array, and what to do; empty where they may make one.

    Args:
        items: One by one.
        series: The pandas Series that they stand in; None for others.
    """
    if any(isinstance(one, str) for one in items):
        table = "pandas.DataFrame({'text': X})" if series is None else "X.to_frame('text')"
        return "texts as X", f"fivefold.win(({table}, y)) {_TABLE}"
    if any(isinstance(one, Mapping) for one in items):
        return "a list of objects as X", f"fivefold.win((pandas.DataFrame(X), y)) {_TABLE}"
    try:
        shapes = {np.shape(one) for one in items}
    except ValueError:  # rows of one item differ already
        shapes = set()
    if len(shapes) != 1 and items:
        return _of_shapes(shapes)
    return ("", "") if series is None else _in_series(series, shapes)


def _in_series(
    series: Any,  # noqa: ANN401 - pandas
    shapes: set[tuple[int, ...]],
) -> tuple[str, str]:
    """What a pandas Series of items of one shape is, and what to do."""
    if shapes != {()}:
        return "a pandas Series of arrays as X", "pass numpy.stack(X.tolist())"
    if series.dtype.kind in "biuf":
        return "one column of numbers as X", "pass X.to_frame(), a table of one column"
    return f"one column of {series.dtype} as X", f"fivefold.win((X.to_frame('cell'), y)) {_TABLE}"


def _of_shapes(shapes: set[tuple[int, ...]]) -> tuple[str, str]:
    """What items of several shapes are, and what to do."""
    if any(len(shape) > 1 for shape in shapes):
        some = " and ".join(map(str, sorted(shapes)[:2]))
        hint = "bring them to one shape, or keep them in files: fivefold win reads those of any"
        return f"items of different shapes in X, such as {some}", hint
    lengths = {shape[0] if shape else 1 for shape in shapes}
    range_ = f", from {min(lengths):,} to {max(lengths):,}" if len(lengths) > 1 else ""
    hint = "cut or fill them to one length; fivefold win reads series of any length from files"
    return f"items of different lengths in X{range_}", hint


def _holds_objects(X: object) -> bool:
    """Whether it is a numpy array of items that numpy knows nothing of."""
    return isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1


def _is_value(cell: str) -> bool:
    """Whether a cell in plain form is a number or a truth value."""
    return is_number(cell) or cell in ("True", "False")
