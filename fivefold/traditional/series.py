"""Hand-crafted features of series: statistics, windows, spectrum.

Axes: N rows, T steps, C channels, F features. NaN is a missing number; rows of NaN at the end of a
series are padding.
"""

from __future__ import annotations

import warnings
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from fivefold.traditional.standardised import Standardised

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fivefold.contracts.roles import TraditionalFeatures
    from fivefold.contracts.rows import FloatArray

PLACES = 64  # that a series is brought to for windows
WINDOWS = 8
BANDS = 12
LAGS = (1, 2, 4, 8, 16)
_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
_MOST_PAIRS = 40  # of channels


def features(shape: Mapping[str, Any]) -> tuple[TraditionalFeatures, ...]:
    """The features of series, cheapest first."""
    del shape
    return (
        Standardised("windows", windows),
        Standardised("statistics", statistics),
        Standardised("spectrum", spectrum),
    )


def windows(items: NDArray[Any]) -> FloatArray:
    """Mean, deviation and slope in eighths of each series, and the last eighth in steps: (N, F)."""
    even = _evened(items, PLACES)
    n, _, channels = even.shape
    parts = even.reshape(n, WINDOWS, PLACES // WINDOWS, channels)
    at = np.linspace(-1, 1, PLACES // WINDOWS, dtype=np.float32)[:, None]
    slope = (parts * at).sum(2) / (at**2).sum()
    ends = np.stack([_tail(item, PLACES // WINDOWS) for item in items])
    found = [parts.mean(2), parts.std(2), slope, ends]
    return np.concatenate([f.reshape(n, -1) for f in found], 1).astype(np.float32)


def statistics(items: NDArray[Any]) -> FloatArray:
    """What each channel is like as a whole, how channels go together, and the length: (N, F)."""
    lengths = _lengths(items)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of channels without a number: NaN it is
        mean, deviation = np.nanmean(items, 1), np.nanstd(items, 1)
        centred = (items - mean[:, None]) / np.maximum(deviation, 1e-9)[:, None]
        change = np.diff(items, axis=1)
        found = [
            mean, deviation, np.nanmin(items, 1), np.nanmax(items, 1),
            *np.nanquantile(items, _QUANTILES, axis=1).astype(np.float32),
            np.nanmean(centred**3, 1), np.nanmean(centred**4, 1),
            np.nanmean(np.abs(change), 1), np.nanstd(change, 1),
            np.nanmean(np.abs(np.diff(np.sign(centred), axis=1)) > 1, 1),
            np.isnan(items).mean(1) - (1 - lengths / items.shape[1])[:, None],
        ]  # fmt: skip
        found += [
            np.nanmean(centred[:, lag:] * centred[:, :-lag], 1)
            for lag in LAGS
            if items.shape[1] > 2 * lag
        ]
        pairs = list(combinations(range(items.shape[2]), 2))[:_MOST_PAIRS]
        together = [np.nanmean(centred[..., a] * centred[..., b], 1)[:, None] for a, b in pairs]
    return np.concatenate([*found, *together, lengths[:, None]], 1).astype(np.float32)


def spectrum(items: NDArray[Any]) -> FloatArray:
    """Logarithms of the power in bands of frequency of each channel: (N, F)."""
    filled = _filled(items)
    filled = filled - filled.mean(1, keepdims=True)
    power = np.abs(np.fft.rfft(filled, axis=1)) ** 2 / _lengths(items)[:, None, None]
    edges = np.unique(np.geomspace(1, power.shape[1], BANDS + 1).round().astype(int))
    bands = [power[:, a:b].mean(1) for a, b in pairwise(edges)]
    if not bands:
        return np.zeros((len(items), 0), np.float32)
    return np.log(np.concatenate(bands, 1) + 1e-6).astype(np.float32)


def _lengths(items: NDArray[Any]) -> FloatArray:
    """Steps (N,) up to the last one that has a number; at least one."""
    there = np.isfinite(items).any(2)
    last = there.shape[1] - np.argmax(there[:, ::-1], 1)
    return np.where(there.any(1), last, 1).astype(np.float32)


def _filled(items: NDArray[Any]) -> NDArray[Any]:
    """Series (N, T, C) with gaps bridged by straight lines; padding is the mean."""
    found = np.zeros_like(items, np.float32)
    for number, (item, steps) in enumerate(zip(items, _lengths(items).astype(int), strict=True)):
        found[number, :steps] = _bridged(item[:steps])
        found[number, steps:] = found[number, :steps].mean(0)
    return found


def _bridged(item: NDArray[Any]) -> NDArray[Any]:
    """One series (T, C) without gaps; a channel without a number is zero."""
    there = np.isfinite(item)
    if there.all():
        return item
    at = np.arange(len(item))
    columns = [
        np.interp(at, at[own], line[own]) if own.any() else np.zeros(len(item))
        for line, own in zip(item.T, there.T, strict=True)
    ]
    return np.stack(columns, 1).astype(np.float32)


def _evened(items: NDArray[Any], places: int) -> NDArray[Any]:
    """Every series (N, T, C) over its own length at `places` places: (N, places, C)."""
    found = np.empty((len(items), places, items.shape[2]), np.float32)
    for number, (item, steps) in enumerate(zip(items, _lengths(items).astype(int), strict=True)):
        whole = _bridged(item[:steps])
        at = np.linspace(0, steps - 1, places)
        before = np.floor(at).astype(int)
        after = np.minimum(before + 1, steps - 1)
        share = (at - before)[:, None]
        found[number] = whole[before] * (1 - share) + whole[after] * share
    return found


def _tail(item: NDArray[Any], steps: int) -> NDArray[Any]:
    """The last steps of one series (T, C), the first of them repeated where it is shorter."""
    length = int(_lengths(item[None])[0])
    at = np.maximum(np.arange(length - steps, length), 0)
    return _bridged(item[:length])[at]
