"""Input kind `table`: a row of cells, brought as a JSON object column -> value.

Axes: D numbers of a row, see `plumbing/columns.py`.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from fivefold.contracts.roles import InputKind
from fivefold.plumbing.cells import one_truth, plain
from fivefold.plumbing.columns import learn_columns, numbers_of, words_about
from fivefold.plumbing.errors import BadItem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from fivefold.plumbing.cells import Cell
    from fivefold.plumbing.columns import Slot

_OBJECT = re.compile(rb'\s*\{\s*["}]')
_PART = re.compile(rb'"kind"\s*:\s*"')
_MOST = float(np.finfo(np.float32).max)


@final
class Table(InputKind):
    """Rows of cells -> float32 (D,): numbers, codes of categories, NaN where a cell is missing."""

    samples: ClassVar[int] = 20_000  # rare categories are worth a long look at cheap rows

    def recognise(self, name: str, head: bytes) -> bool:  # noqa: ARG002 - names lie
        """Whether this is a JSON object, and none of parts of other kinds."""
        return _OBJECT.match(head) is not None and _PART.search(head) is None

    def open(self, raw: bytes) -> NDArray[np.generic]:
        """Read one row; it comes back as the bytes of its cells in plain form, uint8.

        What the cells mean is decided by all rows together, in `learn`.

        Raises:
            BadItem: No JSON object, or not one of its cells holds anything.
        """
        try:
            row = json.loads(raw)
        except (ValueError, RecursionError) as cause:
            raise BadItem(f"is no row of a table, a JSON object of cells ({cause})") from cause
        if not isinstance(row, dict):
            raise BadItem(f"is a JSON {type(row).__name__} where an object of cells belongs")
        return _packed(row)

    def learn(self, samples: Sequence[NDArray[np.generic]]) -> dict[str, Any]:
        """The type of each column.

        Returns:
            `item_shape`, `dtype`; `columns`: D slots, see `plumbing/columns.py`; `left_out`:
            column -> why; `texts`: columns of free text; `beyond`: columns with numbers that
            float32 has no room for.
        """
        rows = [_cells(sample) for sample in samples]
        found = learn_columns(rows)
        return {
            "item_shape": [len(found.slots)],
            "dtype": "float32",
            "columns": found.slots,
            "left_out": found.left_out,
            "texts": found.texts,
            "beyond": _beyond(rows, found.slots),
        }

    def fit(self, item: NDArray[np.generic], shape: dict[str, Any]) -> NDArray[np.generic]:
        """The row as numbers (D,); one that float32 has no room for is missing, not infinite.

        Raises:
            BadItem: It has none of the columns that are used.
        """
        cells = _cells(item)
        if not any(slot["of"] in cells for slot in shape["columns"]):
            wanted = ", ".join(dict.fromkeys(slot["of"] for slot in shape["columns"]))
            raise BadItem(f"has none of the columns {wanted}")
        return _finite(numbers_of(cells, shape["columns"]))

    def show(self, item: NDArray[np.generic], shape: dict[str, Any]) -> str:
        """The cells that are there, in words."""
        slots = shape["columns"]
        said = (words_about(float(v), slot) for v, slot in zip(item, slots, strict=True))
        return ", ".join(word for word in said if word)

    def blank(self, shape: dict[str, Any]) -> NDArray[np.generic]:
        """Every cell missing."""
        return np.full(shape["item_shape"], np.nan, np.float32)

    def length(self, sides: tuple[int, ...], shape: dict[str, Any]) -> tuple[float, str]:  # noqa: ARG002
        """Columns that are used; the bytes of a row say nothing."""
        return float(len({slot["of"] for slot in shape["columns"]})), "columns"

    def tell(self, shape: dict[str, Any]) -> tuple[str, ...]:
        """Columns that are not used, and those of which only words are."""
        told = [f"column {name} is left out: it {why}" for name, why in shape["left_out"].items()]
        told += [
            f"column {name} is free text, of which a table sees single words only; as the text "
            "part of several inputs it is read whole"
            for name in shape["texts"]
        ]
        told += [
            f"column {name} has numbers beyond {_MOST:.2g}, which count as missing"
            for name in shape.get("beyond", ())  # a cache of an older version has none
        ]
        return tuple(told)


def _packed(row: Mapping[str, object]) -> NDArray[np.uint8]:
    cells = {str(name).strip(): _cell(value) for name, value in row.items()}
    if all(cell is None for cell in cells.values()):
        raise BadItem("has no cell that holds anything")
    return np.frombuffer(json.dumps(cells, sort_keys=False).encode(), np.uint8)


def _cell(value: object) -> Cell:
    cell = plain(value)
    return one_truth(cell) if isinstance(cell, str) else cell


def _finite(numbers: Sequence[float]) -> NDArray[np.float32]:
    """Numbers in float32, NaN where they are too large for it."""
    with np.errstate(over="ignore"):
        found = np.array(numbers, np.float32)
    found[~np.isfinite(found)] = np.nan
    return found


def _beyond(rows: Sequence[Mapping[str, Cell]], slots: Sequence[Slot]) -> list[str]:
    """Columns in which some row has a number that `_finite` takes for missing."""
    plain_ones = [slot for slot in slots if slot["take"] in ("value", "digits")]
    most = np.zeros(len(plain_ones))
    for row in rows:
        most = np.fmax(most, np.abs(numbers_of(row, plain_ones)))
    return [slot["of"] for slot, one in zip(plain_ones, most, strict=True) if one > _MOST]


def _cells(item: NDArray[np.generic]) -> dict[str, Cell]:
    cells: dict[str, Cell] = json.loads(item.tobytes())
    return cells
