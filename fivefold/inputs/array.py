"""Input kind `array`: numbers of one fixed shape - vectors, matrices, fields, frames of sensors.

A file per array: .npy, .npz, HDF5, or a text matrix; or what the Python API hands over.

Axes: D numbers of a vector, H W a map, C channels of a map.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any, final

import numpy as np

from fivefold.contracts.roles import InputKind
from fivefold.plumbing.errors import BadItem
from fivefold.plumbing.number_files import is_array_file, read_array
from fivefold.plumbing.number_text import number_columns, read_numbers
from fivefold.plumbing.sketch import curve, grey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fivefold.plumbing.number_text import NumberText

MOST_NUMBERS = 16 << 20  # of one item: 64 MB
_MOST_LEADING = 8  # numbers before a grid whose sides the first ones state
_LEAST_SIDE = 4  # of a grid that is told by its stated sides
_FEW = 4  # channels at most that stand last, as in (H, W, C)


@final
class Array(InputKind):
    """Arrays (D,), (H, W) or (C, H, W) in float32."""

    def __init__(self) -> None:
        self._dropped: Counter[tuple[int, tuple[int, ...]]] = Counter()
        self._example: tuple[float, ...] = ()

    def recognise(self, name: str, head: bytes) -> bool:  # noqa: ARG002 - names lie
        """Whether a file begins as .npy, .npz, HDF5 or rows of numbers do."""
        return is_array_file(head) or number_columns(head) > 0

    def open(self, raw: bytes) -> NDArray[np.generic]:
        """Read one array, in float32.

        Of a text, numbers before its regular grid are left out: they describe the grid (its
        size, how it was made) and may well give the answer away.

        Raises:
            BadItem: It cannot be read, is too large, or holds something else than real numbers.
        """
        if not raw:
            raise BadItem("is empty (0 bytes)")
        if is_array_file(raw[:512]):
            return as_array(read_array(raw))
        leading, grid = _grid(read_numbers(raw))
        if leading:
            self._dropped[len(leading), grid.shape] += 1
            self._example = self._example or leading
        return as_array(grid)

    def take(
        self,
        item: NDArray[np.generic],
        scale: tuple[float, float] | None,  # noqa: ARG002 - of pictures
    ) -> NDArray[np.generic]:
        """One array in numbers, in float32.

        Raises:
            BadItem: It is too large or holds something else than real numbers.
        """
        return as_array(item)

    def learn(self, samples: Sequence[NDArray[np.generic]]) -> dict[str, Any]:
        """The most common shape; maps as (H, W) or (C, H, W), with the axis of channels found."""
        raw = Counter(sample.shape for sample in samples).most_common(1)[0][0]
        last = len(raw) == 3 and raw[2] <= _FEW < min(raw[:2])
        return {
            "item_shape": list(_laid_out(raw, channels_last=last)),
            "dtype": "float32",
            "raw_shape": list(raw),
            "channels_last": last,
            "told": self._told(),
        }

    def fit(self, item: NDArray[np.generic], shape: dict[str, Any]) -> NDArray[np.generic]:
        """The item in the common shape, float32.

        Raises:
            BadItem: Another shape, or values that are not finite.
        """
        wanted = tuple(shape.get("raw_shape", shape["item_shape"]))
        array = np.asarray(item, dtype=np.float32)
        if array.shape != wanted and array.ndim == 1 == len(wanted):
            raise BadItem(f"has {array.size} values where the others have {wanted[0]}")
        if array.shape != wanted:
            raise BadItem(f"has the shape {array.shape} where the others have {wanted}")
        if not np.isfinite(array).all():
            raise BadItem("has values that are not finite")
        laid = np.moveaxis(array, 2, 0) if shape.get("channels_last") else array
        return np.ascontiguousarray(laid).reshape(shape["item_shape"])

    def show(
        self,
        item: NDArray[np.generic],
        shape: dict[str, Any],  # noqa: ARG002 - all is in the item
    ) -> NDArray[np.uint8]:
        """Vectors as a curve, maps in grey; of several channels the first."""
        if item.ndim == 1:
            return curve(item.reshape(-1, 1))
        return grey(item if item.ndim == 2 else item[0])

    def _told(self) -> list[str]:
        return [
            f"{n} numbers before the {'x'.join(map(str, grid))} grid of {count:,} files looked at "
            f"are left out (for example {', '.join(f'{x:g}' for x in self._example)}): only the "
            "grid is the input"
            for (n, grid), count in self._dropped.most_common(1)
        ]


def as_array(values: NDArray[np.generic]) -> NDArray[np.float32]:
    """Real numbers as float32; a lone number is a vector of one.

    Raises:
        BadItem: Something else, nothing, or too much.
    """
    if values.dtype.kind not in "biuf":
        raise BadItem(f"holds {values.dtype}, which is no real number")
    if not 0 < values.size <= MOST_NUMBERS:
        raise BadItem(f"has the shape {values.shape}, {values.size:,} numbers")
    with np.errstate(over="ignore"):
        return np.atleast_1d(np.asarray(values, np.float32))


def _grid(found: NumberText) -> tuple[tuple[float, ...], NDArray[np.float64]]:
    """The numbers before a text's grid, and the grid itself."""
    values = found.values
    if min(values.shape) > 1:
        return found.leading, values
    flat = values.ravel()
    for count in range(1, min(_MOST_LEADING, len(flat) - 1) + 1):
        sides = _stated(flat[:count], len(flat) - count)
        if sides:
            return (*found.leading, *flat[:count].tolist()), flat[count:].reshape(sides)
    sides = _stated(np.array(found.leading), len(flat))
    return found.leading, flat.reshape(sides) if sides else flat


def _stated(numbers: NDArray[np.float64], size: int) -> tuple[int, int] | None:
    """Sides (H, W) of a grid of `size` numbers, if the first one or two of `numbers` state them."""
    if not numbers.size or not np.isfinite(numbers[:2]).all():
        return None
    side = math.isqrt(size)
    if side >= _LEAST_SIDE and side * side == size and numbers[0] in (side, size):
        return side, side
    if numbers.size > 1 and min(numbers[:2]) >= _LEAST_SIDE and numbers[0] * numbers[1] == size:
        return int(numbers[0]), int(numbers[1])
    return None


def _laid_out(raw: tuple[int, ...], *, channels_last: bool) -> tuple[int, ...]:
    """A shape as it is cached: axes beyond two are channels."""
    if channels_last:
        return raw[2], *raw[:2]
    if len(raw) == 2 and 1 in raw:  # one row or one column is a vector
        return (math.prod(raw),)
    return raw if len(raw) <= 3 else (math.prod(raw[:-2]), *raw[-2:])
