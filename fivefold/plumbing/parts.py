"""Several inputs in one row: their items lie one after the other in the bytes of a cached row.

Axes: N rows, B bytes of a row.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One input of a row of several.

    Attributes:
        name: Its name in the row: `photo`.
        kind: Catalog word of its input kind.
        shape: What that kind learned of its items.
        begin: Where its item begins among the bytes of a row.
    """

    name: str
    kind: str
    shape: dict[str, Any]
    begin: int

    @property
    def item_shape(self) -> tuple[int, ...]:
        """Shape of its item."""
        return tuple(self.shape["item_shape"])

    @property
    def end(self) -> int:
        """Where its item ends."""
        return self.begin + math.prod(self.item_shape) * np.dtype(self.shape["dtype"]).itemsize

    def items(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Its items (N, *item_shape) of rows (N, B)."""
        flat = np.ascontiguousarray(rows[:, self.begin : self.end])
        return flat.view(self.shape["dtype"]).reshape(len(rows), *self.item_shape)


def parts_of(shape: Mapping[str, Any]) -> tuple[Part, ...]:
    """The parts that the kind `several` learned, in their order."""
    return parts_in(shape["parts"])


def parts_in(facts: Sequence[Mapping[str, Any]]) -> tuple[Part, ...]:
    """The same from the fact `parts` alone: a list of {name, kind, shape}."""
    found: list[Part] = []
    begin = 0
    for one in facts:
        part = Part(name=one["name"], kind=one["kind"], shape=one["shape"], begin=begin)
        found.append(part)
        begin = part.end
    return tuple(found)
