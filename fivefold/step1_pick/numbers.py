"""Files of numbers: series, whose lengths differ or whose columns are named, or arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fivefold import catalog
from fivefold.plumbing.errors import BadItem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fivefold.contracts.roles import InputKind, Source

_LOOKED_AT = 12
_LONG = 2  # times as many steps as channels, from which on rows are steps


def number_kind(source: Source, names: Sequence[str]) -> tuple[str, str]:
    """`series` or `array`, and why.

    Args:
        source: Where the files lie.
        names: Some of them.
    """
    sample = names[:: max(len(names) // _LOOKED_AT, 1)][:_LOOKED_AT]
    arrays = _shapes(catalog.load("input", "array")(), source, sample)
    steps = _shapes(catalog.load("input", "series")(), source, sample)
    lengths = {shape[0] for shape in steps}
    if len(lengths) > 1:
        return "series", f"from {min(lengths):,} to {max(lengths):,} rows of numbers in a file"
    if len(arrays) == 1:
        (shape,) = arrays
        regular = "x".join(map(str, shape))
        if len(shape) == 2 and shape[0] >= _LONG * shape[1] > 0:
            return "series", f"{shape[0]:,} rows of {shape[1]} numbers in each file"
        return "array", f"{regular} numbers in each file"
    return "array", "numbers in files"


def _shapes(kind: InputKind, source: Source, names: Sequence[str]) -> set[tuple[int, ...]]:
    found = set()
    for name in names:
        try:
            found.add(kind.open(source.read(name)).shape)
        except BadItem:
            continue
    return found
