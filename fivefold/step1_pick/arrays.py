"""Layout: a numpy pair (X, y). Axes: N rows, H W C a picture, D values, T steps of C channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fivefold.contracts.records import SEPARATOR, Guess, Listing
from fivefold.inputs.image import Scale, as_pictures, scale_of
from fivefold.plumbing.errors import BadItem, DataError
from fivefold.plumbing.no_arrays import no_array
from fivefold.plumbing.sources import ArraySource
from fivefold.step1_pick.found import Found
from fivefold.step1_pick.targets import are_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHAPES = (
    "(N, H, W), (N, H, W, C), (N, C, H, W) with C of 1, 3 or 4, (N, D), or (N, T, C) of series"
)
_READ = ("image", "array", "series")
_LONG = 2  # times as many steps as numbers in each, from which on floats are series
Numbers = NDArray[np.generic]


def read_arrays(X: Numbers, y: Numbers, kind: str | None, target: str | None = None) -> Found:
    """Read pictures, vectors, fields or series with what is to be answered.

    Args:
        X: Items, see `_SHAPES`.
        y: (N,) words, whole numbers or truth values are classes, other floats are numbers; in
            (N, M) truth values and words say which of M labels or tags a row has, and others are
            M numbers of each row.
        kind: Input kind, when the user named it.
        target: Target kind, when the user named it.

    Raises:
        DataError: Shapes or values that cannot be used.
    """
    given = X
    X, y = _array(X, "X"), _array(y, "y")
    if (X.dtype.kind not in "biuf" or X.ndim < 2) and (told := no_array(given)):
        raise told
    word = kind or _kind(X)
    _check(X, y, word)
    scale, note = None, None
    if word == "image":
        items, scale, note = _pictures(X)
    else:
        items = np.ascontiguousarray(X, dtype=np.float32)
    source = ArraySource(items)
    target = target or _target(y)
    labels = _labels(y) if target == "class" else _several(y, target)
    layout = Guess(
        question="layout",
        answer=f"arrays: X {X.shape} {X.dtype}, y {y.dtype}",
        why=f"one item of {items.shape[1:]} per row, read as {word}",
        option="input=KIND",
    )
    listing = Listing(names=source.names(), labels=labels, parts=(None,) * len(labels))
    guesses = (layout,) if note is None else (layout, note)
    return Found(
        source=source,
        listing=listing,
        layout="arrays",
        guesses=guesses,
        kind=word,
        scale=scale,
        target=target,
    )


def _array(values: Numbers, name: str) -> Numbers:
    """As an array; rows of several lengths make none."""
    try:
        return np.asarray(values)
    except (ValueError, TypeError) as cause:
        told = no_array(values) if name == "X" else None
        raise told or DataError(
            found=f"rows of different lengths in {name}",
            wanted="as many values in each",
            hint="mend X and y before they are passed",
        ) from cause


def _pictures(X: Numbers) -> tuple[NDArray[np.uint8], Scale | None, Guess | None]:
    scale = scale_of(X)
    try:
        items = as_pictures(X, scale)
    except BadItem as bad:
        raise DataError(
            found=f"X of shape {X.shape}",
            wanted=_SHAPES,
            hint="reshape X, or pass input='array' or 'series'",
        ) from bad
    if scale is None:
        return items, None, None
    note = Guess(
        question="pixel scale",
        answer=f"{scale[0]:g} is black, {scale[1]:g} is white",
        why=f"X is {X.dtype} between {X.min():g} and {X.max():g}",
        option="pass X as uint8",
    )
    return items, scale, note


def _kind(X: Numbers) -> str:
    """Vectors, series where there are many steps of few numbers each, or else pictures."""
    if X.ndim <= 2:
        return "array"
    long = X.ndim == 3 and X.dtype.kind == "f" and X.shape[1] >= _LONG * X.shape[2]
    return "series" if long else "image"


def _check(X: Numbers, y: Numbers, kind: str) -> None:
    """Refuse what cannot be read."""
    found = ""
    if kind not in _READ:
        found, wanted = f"arrays, to be read as {kind}", f"input of {', '.join(_READ)}"
    elif X.dtype.kind not in "biuf":
        found, wanted = f"X of type {X.dtype}", "an array of numbers"
    elif X.ndim < 2 or 0 in X.shape[1:]:
        found, wanted = f"X of shape {X.shape}", _SHAPES
    elif len(X) == 0:
        found, wanted = f"X of shape {X.shape}, which has no rows", "at least two rows per class"
    elif y.ndim not in (1, 2):
        found, wanted = f"y of shape {y.shape}", "one row per row of X, (N,) or (N, M)"
    elif len(y) != len(X):
        found, wanted = f"{len(X):,} rows in X and {len(y):,} in y", "as many in both"
    elif kind != "series" and not np.isfinite(X).all():
        bad = int(np.count_nonzero(~np.isfinite(X)))
        found, wanted = f"{bad:,} values in X that are NaN or infinite", "finite numbers"
    if found:
        raise DataError(found=found, wanted=wanted, hint="mend X and y before they are passed")


def _target(y: Numbers) -> str:
    """What y asks for."""
    if y.ndim == 2:
        return "labels" if y.dtype.kind == "b" else "tags" if y.dtype.kind in "OUS" else "number"
    if y.dtype.kind != "f":
        return "class"
    finite = y[np.isfinite(y)]
    # Whole numbers that somebody stored as fractions are the classes they would be in a table.
    whole = bool((finite == np.rint(finite)).all())
    return "class" if whole and not are_numbers(list(map(str, finite)), "label") else "number"


def _several(y: Numbers, target: str) -> tuple[str | None, ...]:
    """Numbers, labels or tags of each row as one text; None where a number is missing."""
    rows = y.reshape(len(y), -1)
    if target == "labels" and rows.dtype.kind in "biuf":
        return tuple(SEPARATOR.join(map(str, np.flatnonzero(row))) for row in rows)
    if target == "number" and rows.dtype.kind not in "biuf":
        raise DataError(
            found=f"{rows[0, 0]!r} in y", wanted="numbers", hint="leave out target='number'"
        )
    if target == "number":
        good = [bool(np.isfinite(row).all()) for row in rows.astype(np.float64)]
        texts = [SEPARATOR.join(map(repr, row)) for row in rows.tolist()]
        return tuple(text if fine else None for text, fine in zip(texts, good, strict=True))
    return tuple(SEPARATOR.join(map(str, row)) for row in rows.tolist())


def _labels(y: Numbers) -> tuple[str, ...]:
    """Labels as text; whole floats as whole numbers."""
    if y.dtype.kind == "f":
        whole = np.isfinite(y) & (y == np.rint(y))
        if not whole.all():
            raise DataError(
                found=f"{y[~whole][0]} in y",
                wanted="classes: words or whole numbers",
                hint="pass target='number' to answer numbers",
            )
        return tuple(str(int(value)) for value in y)
    values: Sequence[object] = y.tolist()
    bad = next((v for v in values if not isinstance(v, str | int | bytes | np.str_)), None)
    if bad is not None or None in values:
        raise DataError(
            found=f"{bad!r} in y",
            wanted="classes: words or whole numbers",
            hint="drop the rows without a label",
        )
    return tuple(v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in values)
