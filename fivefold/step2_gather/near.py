"""Near duplicates: pictures that show the same, found by the likeness of small thumbnails.

A thumbnail less its mean colour, at length one, is a point on a sphere; re-encoded, resized or
re-exposed copies lie close together there, other pictures far apart. Copies are searched for with
a sweep along the strongest direction, so that all pairs within a radius are found.
Axes: N pictures, H W C thumbnail, D coarse values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fivefold.contracts.rows import FloatArray, IntArray

# Distances on the sphere. In CIFAR-10, copies saved anew as JPEG of quality 50 lie at 0.09
# (9 in 10 below 0.15), and of the 112 pairs of real pictures below 0.15 nearly all are true.
_RADII = (0.15, 0.08, 0.04)
# Below 16 pixels a thumbnail is the whole picture, and look-alikes come as close as copies: the
# handwritten digits (8 x 8) have 4 pairs below 0.15 and none below 0.1.
_SMALL, _SMALL_RADIUS = 16, 0.1
# At the finer size copies differ a little more.
_FINE = 1.6
# Root mean square difference in grey levels: sets apart what is alike in form only.
_LEVELS = 40.0
# Pictures with less contrast (deviation in grey levels) have no form to compare.
_FLAT = 4.0
# More rows than this would take minutes.
LIMIT = 200_000
_DIRECTIONS = 15
_BLOCK = 256


def groups_of(pairs: IntArray, n: int) -> IntArray:
    """Group number of each of `n` rows; the two rows of a pair (m, 2) belong together."""
    graph = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def near_pairs(
    thumbs: NDArray[np.uint8], labels: IntArray, *, short_side: int
) -> tuple[IntArray, str | None]:
    """Pairs of pictures that show the same; mirror images count where their labels agree.

    Args:
        thumbs: (N, H, W, C) thumbnails, H and W even.
        labels: (N,) any number per label.
        short_side: Shorter side of the pictures in the cache.

    Returns:
        (m, 2) rows, the smaller first; a note where the data do not allow to tell.
    """
    n = len(thumbs)
    none = np.zeros((0, 2), np.int64)
    coarse = _coarse(thumbs)
    points_ND, contrast_N = _on_sphere(coarse)
    rich = np.flatnonzero(contrast_N >= _FLAT)
    if len(rich) < 2:
        return none, None
    mirror_ND, _ = _on_sphere(coarse[rich, :, ::-1])
    most = max(20, n // 50)
    for step in _RADII:
        radius = min(step, _SMALL_RADIUS) if short_side < _SMALL else step
        found = _sweep(points_ND[rich], mirror_ND, radius, most=50 * n)
        if found is None:
            continue
        pairs, mirrored = found
        pairs = _confirmed(rich[pairs], mirrored, thumbs, labels, radius)
        if np.bincount(groups_of(pairs, n)).max() <= most:
            return pairs, None
    return none, (
        "most pictures look so alike that near duplicates cannot be told from them; only exact "
        "duplicates were looked for"
    )


def _coarse(thumbs: NDArray[np.uint8]) -> FloatArray:
    """Halve thumbnails (N, H, W, C) by averaging: (N, H / 2, W / 2, C)."""
    sums = thumbs[:, ::2, ::2].astype(np.float32)
    for part in (thumbs[:, 1::2, ::2], thumbs[:, ::2, 1::2], thumbs[:, 1::2, 1::2]):
        sums += part
    sums *= 0.25
    return sums


def _on_sphere(pictures: NDArray[np.generic]) -> tuple[FloatArray, FloatArray]:
    """(N, D) points of length one, and the contrast (N,) they had in grey levels."""
    values = pictures.astype(np.float32)
    values -= values.mean((1, 2), keepdims=True)
    points_ND = values.reshape(len(values), -1)
    length_N1 = np.linalg.norm(points_ND, axis=1, keepdims=True)
    points_ND /= np.maximum(length_N1, 1e-6)
    return points_ND, length_N1[:, 0] / np.sqrt(points_ND.shape[1])


def _sweep(
    points_ND: FloatArray, mirror_ND: FloatArray, radius: float, most: int
) -> tuple[IntArray, NDArray[np.bool_]] | None:
    """Candidates: all pairs within `radius`, and few others.

    Rows are sorted along the strongest direction that mirroring does not change, so each has to
    look no further than `radius` ahead. Products are taken over the strongest directions; what is
    left of a point is one more coordinate, its length, since the product of two rests is at most
    that of their lengths.

    Returns:
        (m, 2) rows, and (m,) whether the second one is mirrored; None if more than `most`.
    """
    key = points_ND @ _strongest(points_ND + mirror_ND, 1)[:, 0]
    order = np.argsort(key, kind="stable")
    # The margins cover single precision.
    ends = np.searchsorted(key[order], key[order] + radius + 1e-4)
    least = 1.0 - radius * radius / 2 - 1e-5
    directions = _strongest(points_ND, _DIRECTIONS)
    left, mirror = (_projected(x_ND[order], directions) for x_ND in (points_ND, mirror_ND))
    pairs: list[IntArray] = []
    mirrored: list[NDArray[np.bool_]] = []
    room = most
    for start in range(0, len(order), _BLOCK):
        block, end = left[start : start + _BLOCK], int(ends[min(start + _BLOCK, len(order)) - 1])
        for right in (left, mirror):
            close = (block @ right[start:end].T) >= least
            first, second = np.divmod(np.flatnonzero(close.ravel()), end - start)
            later = first < second
            pairs.append(np.stack([first[later], second[later]], axis=1) + start)
            mirrored.append(np.full(len(pairs[-1]), right is mirror))
            room -= len(pairs[-1])
        if room < 0:
            return None
    return order[np.concatenate(pairs)], np.concatenate(mirrored)


def _strongest(points_ND: FloatArray, count: int) -> FloatArray:
    """The (D, count) directions of length one along which points differ most."""
    sample = points_ND[:: max(1, len(points_ND) // 5000)]
    return np.linalg.eigh(np.cov(sample.T))[1][:, ::-1][:, :count].astype(np.float32)


def _projected(points_ND: FloatArray, directions: FloatArray) -> FloatArray:
    """Coordinates along the directions, and the length of the rest."""
    main = points_ND @ directions
    rest = np.sqrt(np.maximum(0.0, 1.0 - (main * main).sum(1, keepdims=True)))
    return np.concatenate([main, rest], axis=1)


def _confirmed(
    pairs: IntArray,
    mirrored: NDArray[np.bool_],
    thumbs: NDArray[np.uint8],
    labels: IntArray,
    radius: float,
) -> IntArray:
    """The candidates that are alike at full thumbnail size, the smaller row first.

    Args:
        pairs: (m, 2) candidates.
        mirrored: (m,) the second one is alike when mirrored.
        thumbs: (N, H, W, C).
        labels: (N,).
        radius: Largest distance at the coarse size.
    """
    keep = ~mirrored | (labels[pairs[:, 0]] == labels[pairs[:, 1]])
    pairs, mirrored = pairs[keep], mirrored[keep]
    good = np.zeros(len(pairs), bool)
    for start in range(0, len(pairs), 10_000):
        part = slice(start, start + 10_000)
        first, second = thumbs[pairs[part, 0]], thumbs[pairs[part, 1]]
        second = np.where(mirrored[part, None, None, None], second[:, :, ::-1], second)
        coarse = _distance(_on_sphere(_coarse(first))[0], _on_sphere(_coarse(second))[0])
        fine = _distance(_on_sphere(first)[0], _on_sphere(second)[0])
        gap = (first.astype(np.float32) - second).reshape(len(first), -1)
        levels = np.sqrt((gap * gap).mean(axis=1))
        good[part] = (coarse <= radius) & (fine <= _FINE * radius) & (levels <= _LEVELS)
    return np.unique(np.sort(pairs[good], axis=1), axis=0)


def _distance(a_ND: FloatArray, b_ND: FloatArray) -> FloatArray:
    return np.linalg.norm(a_ND - b_ND, axis=1)
