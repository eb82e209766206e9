"""What was handed over where an array of numbers belongs, in words, with what to do instead."""

from __future__ import annotations

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
        found, hint = _in_frame(X), f"fivefold.win((X, y)) {_TABLE}"
    elif isinstance(X, Mapping) and not hasattr(X, "shape"):  # a sparse array may be a dict
        found, hint = "an object of columns as X", "pass pandas.DataFrame(X)"
    elif is_row(X) or _holds_objects(X) or isinstance(X, list | tuple):
        found, hint = _in_items(list(X), in_pandas=is_row(X))
    return DataError(found=found, wanted=_WANTED, hint=hint) if found else None


def _in_frame(frame: Any) -> str:  # noqa: ANN401 - see `is_frame`
    """The first column that holds something other than numbers, or not in every row."""
    for name, cells in columns_of(frame).items():
        words = [one for one in cells if isinstance(one, str) and not _is_value(one)]
        if words:
            return f"words in column {printable(name)} of X, such as {printable(words[0])[:60]!r}"
        if None in cells:
            gaps = sum(cell is None for cell in cells)
            return f"{gaps:,} cells without a number in column {printable(name)} of X"
    return ""


def _in_items(items: Sequence[Any], *, in_pandas: bool) -> tuple[str, str]:
    """What items are that make no array, and what to do; empty where they may make one."""
    if any(isinstance(one, str) for one in items):
        table = "X.to_frame('text')" if in_pandas else "pandas.DataFrame({'text': X})"
        return "texts as X", f"fivefold.win(({table}, y)) {_TABLE}"
    if any(isinstance(one, Mapping) for one in items):
        return "a list of objects as X", f"fivefold.win((pandas.DataFrame(X), y)) {_TABLE}"
    try:
        shapes = {np.shape(one) for one in items}
    except ValueError:  # rows of one item differ already
        shapes = set()
    lengths = {shape[0] if shape else 1 for shape in shapes}
    if len(shapes) != 1 and items:
        range_ = f", from {min(lengths):,} to {max(lengths):,}" if len(lengths) > 1 else ""
        hint = "cut or fill them to one length; fivefold win reads series of any length from files"
        return f"items of different lengths in X{range_}", hint
    if in_pandas and shapes == {()}:
        return "one column of numbers as X", "pass X.to_frame(), a table of one column"
    if in_pandas:
        return "a pandas Series of arrays as X", "pass numpy.stack(X.tolist())"
    return "", ""


def _holds_objects(X: object) -> bool:
    """Whether it is a numpy array of items that numpy knows nothing of."""
    return isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1


def _is_value(cell: str) -> bool:
    """Whether a cell in plain form is a number or a truth value."""
    return is_number(cell) or cell in ("True", "False")
