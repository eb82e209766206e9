"""Input kind `series`: T steps of C channels, of uneven length, some of it missing.

A file per series: columns of numbers (CSV or other text, a row per step), .npy, .npz, HDF5.

Axes: T steps, C channels.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, final

import numpy as np

from fivefold.contracts.roles import InputKind
from fivefold.plumbing.errors import BadItem
from fivefold.plumbing.files import printable
from fivefold.plumbing.number_files import is_array_file, npy_shape, read_array
from fivefold.plumbing.number_text import number_columns, read_numbers
from fivefold.plumbing.sketch import curve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fivefold.contracts.rows import FloatArray

MOST_STEPS = 2048  # cached; of longer series neighbouring steps are averaged
LONG = 2.0  # times the 98th percentile: a longer series does not decide how long all are
# Columns that only count: they would tell when something was recorded, not what.
_CLOCKS = frozenset(
    {"time", "timestamp", "t", "date", "datetime", "index", "idx", "step", "id", "unnamed: 0", ""}
)


@final
class Series(InputKind):
    """Series (T, C) in float32; NaN is a missing number, rows of NaN at the end are padding."""

    def __init__(self) -> None:
        self._left_out: Counter[str] = Counter()

    def recognise(self, name: str, head: bytes) -> bool:  # noqa: ARG002 - names lie
        """Whether a file begins as rows of numbers do, or as an array of one or two axes."""
        if is_array_file(head):
            shape = npy_shape(head)
            return shape is None or len(shape) in (1, 2)
        return number_columns(head) > 0

    def open(self, raw: bytes) -> NDArray[np.generic]:
        """Read one series: (T, C) float32, without missing rows at its end.

        Columns that only count the steps (`time`, `index`) or hold no number are left out.

        Raises:
            BadItem: It is no regular table of numbers, is empty, or has infinite values.
        """
        if not raw:
            raise BadItem("is empty (0 bytes)")
        if is_array_file(raw[:512]):
            return as_series(read_array(raw))
        found = read_numbers(raw)
        clock = _clock(found.names, found.values)
        counting = [found.names[at] for at in np.flatnonzero(clock)]
        self._left_out.update([*found.left_out, *counting])
        return as_series(found.values[:, ~clock])

    def take(
        self,
        item: NDArray[np.generic],
        scale: tuple[float, float] | None,  # noqa: ARG002 - of pictures
    ) -> NDArray[np.generic]:
        """One series in numbers, (T,) or (T, C), as `open` gives it.

        Raises:
            BadItem: Another shape, no number, or infinite values.
        """
        return as_series(item)

    def learn(self, samples: Sequence[NDArray[np.generic]]) -> dict[str, Any]:
        """Steps T and channels C of the cache.

        T is the length of the longest, unless few are far longer than all others. Above
        `MOST_STEPS` every `stride` neighbouring steps become their mean, in all series alike, so
        that rates stay comparable. What is longer than T even so is squeezed into T steps.
        """
        two = [s.shape if s.ndim == 2 else (len(s), 1) for s in samples]
        turned = _turned(two)
        shapes = [(s[1], s[0]) if turned else s for s in two]
        channels = Counter(shape[1] for shape in shapes).most_common(1)[0][0]
        lengths = np.array([shape[0] for shape in shapes if shape[1] == channels])
        usual = float(np.percentile(lengths, 98))
        longest = int(lengths.max())
        steps = longest if longest <= LONG * usual else round(usual)
        stride = -(-steps // MOST_STEPS)
        steps = -(-steps // stride)
        return {
            "item_shape": [steps, int(channels)],
            "dtype": "float32",
            "channels": int(channels),
            "stride": stride,
            "turned": turned,
            "told": self._told(lengths, steps, stride),
        }

    def fit(self, item: NDArray[np.generic], shape: dict[str, Any]) -> NDArray[np.generic]:
        """One series as (T, C) float32, padded at its end with rows of NaN.

        Raises:
            BadItem: Another number of channels.
        """
        steps, channels = shape["item_shape"]
        series = as_series(item.T if shape["turned"] else item)
        if series.shape[1] != channels:
            raise BadItem(f"has {series.shape[1]} channels where the others have {channels}")
        series = _averaged(series, shape["stride"])
        if len(series) > steps:
            series = _squeezed(series, steps)
        padded = np.full((steps, channels), np.nan, np.float32)
        padded[: len(series)] = series
        return padded

    def length(self, sides: tuple[int, ...], shape: dict[str, Any]) -> tuple[float, str]:  # noqa: ARG002
        """Its steps."""
        return float(sides[0]), "steps"

    def show(
        self,
        item: NDArray[np.generic],
        shape: dict[str, Any],  # noqa: ARG002 - all is in the item
    ) -> NDArray[np.uint8]:
        """The channels as curves."""
        return curve(item[: length(item)])

    def _told(self, lengths: NDArray[np.int64], steps: int, stride: int) -> list[str]:
        told = []
        if lengths.min() != lengths.max():
            told.append(
                f"series of {lengths.min():,} to {lengths.max():,} steps, padded to {steps}"
            )
        if stride > 1:
            told.append(f"every {stride} neighbouring steps are averaged: the series are long")
        longer = int((-(-lengths // stride) > steps).sum())
        if longer:
            told.append(
                f"{longer} of {len(lengths)} series looked at are far longer than the others and "
                f"are squeezed into {steps} steps"
            )
        for name, count in self._left_out.most_common(5):
            told.append(
                f"column {printable(name)!r} is left out of {count:,} series looked at: it only "
                "counts, or holds no number"
            )
        return told


def as_series(values: NDArray[np.generic]) -> FloatArray:
    """Numbers (T,) or (T, C) as a series (T, C) float32 without missing rows at its end.

    Raises:
        BadItem: Another shape, no number, or infinite values.
    """
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2:
        raise BadItem(f"has the shape {values.shape}, which is no series (steps, channels)")
    with np.errstate(over="ignore"):
        series = np.asarray(values, np.float32)
    if np.isinf(series).any():
        raise BadItem("has infinite values")
    steps = length(series)
    if not steps:
        raise BadItem("holds not one number")
    return series[:steps]


def length(series: NDArray[np.generic]) -> int:
    """Steps of (T, C) up to the last one that has a number."""
    there = np.flatnonzero(np.isfinite(series).any(1))
    return int(there[-1]) + 1 if there.size else 0


def _clock(names: tuple[str, ...], values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(C,) which columns only count the steps; never all of them."""
    named = np.array([name.strip().lower() in _CLOCKS for name in names], bool)
    if not named.size:
        return np.zeros(values.shape[1], bool)
    rising = np.isfinite(values).all(0) & (np.diff(values, axis=0) >= 0).all(0)
    clock = named & rising
    return np.zeros_like(clock) if clock.all() else clock


def _turned(shapes: Sequence[tuple[int, ...]]) -> bool:
    """Whether items lie as (C, T): their first axis is the same in all, the second is not."""
    firsts, seconds = ({shape[axis] for shape in shapes} for axis in (0, 1))
    return len(firsts) == 1 and len(seconds) > 1


def _averaged(series: FloatArray, stride: int) -> FloatArray:
    """Means of every `stride` steps (T, C), counting what is there."""
    if stride == 1:
        return series
    steps = -(-len(series) // stride)
    padded = np.full((steps * stride, series.shape[1]), np.nan, np.float32)
    padded[: len(series)] = series
    blocks = padded.reshape(steps, stride, -1)
    there = np.isfinite(blocks)
    total = np.where(there, blocks, 0).sum(1)
    count = there.sum(1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def _squeezed(series: FloatArray, steps: int) -> FloatArray:
    """A longer series (T, C) at `steps` places over its whole length."""
    at = np.linspace(0, len(series) - 1, steps)
    before = np.floor(at).astype(np.int64)
    after = np.minimum(before + 1, len(series) - 1)
    share = (at - before)[:, None].astype(np.float32)
    return series[before] * (1 - share) + series[after] * share
