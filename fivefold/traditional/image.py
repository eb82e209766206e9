"""Hand-crafted features of pictures: a thumbnail, colour histograms, HOG, SIFT words.

Axes: N pictures, H W C a picture (C is 1 or 3), F features, V words of the vocabulary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import numpy as np
from PIL import Image
from skimage.color import rgb2hsv
from skimage.feature import SIFT, hog
from sklearn.cluster import MiniBatchKMeans

from fivefold.contracts.roles import TraditionalFeatures

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from fivefold.contracts.rows import FloatArray, Items


@final
class Pixels(TraditionalFeatures):
    """The picture itself, 8 x 8 pixels small: what lies where."""

    name = "pixels"

    def learn(self, rows: Items, rng: np.random.Generator) -> None:
        """Nothing is learned."""

    def describe(self, items: NDArray[Any]) -> FloatArray:
        """Pictures (N, H, W, C) by (N, 64 C)."""
        small = _resized(items, 8, 8)
        return small.reshape(len(items), -1).astype(np.float32) / 255.0

    def state(self) -> dict[str, NDArray[Any]]:
        """Nothing was learned."""
        return {}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Nothing was learned."""


@final
class Colour(TraditionalFeatures):
    """Joint histograms of hue, saturation and value: of the picture, and of each of 3 x 3 cells.

    Grey pictures have no colour: they are described by no features at all.
    """

    name = "colour"

    def learn(self, rows: Items, rng: np.random.Generator) -> None:
        """Nothing is learned."""

    def describe(self, items: NDArray[Any]) -> FloatArray:
        """Pictures (N, H, W, C) by the square roots of their histograms (N, F)."""
        if items.shape[-1] != 3:
            return np.zeros((len(items), 0), np.float32)
        hsv = rgb2hsv(_scaled(items, least=32, most=64))
        whole = _histograms(hsv, bins=(8, 3, 3), grid=1)
        return np.hstack([whole, _histograms(hsv, bins=(6, 2, 3), grid=3)])

    def state(self) -> dict[str, NDArray[Any]]:
        """Nothing was learned."""
        return {}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Nothing was learned."""


@final
class Hog(TraditionalFeatures):
    """Histograms of oriented gradients (Dalal and Triggs 2005), 4 x 4 blocks of 2 x 2 cells."""

    name = "hog"

    def learn(self, rows: Items, rng: np.random.Generator) -> None:
        """Nothing is learned."""

    def describe(self, items: NDArray[Any]) -> FloatArray:
        """Pictures (N, H, W, C) by (N, F)."""
        # Squares of one size: a banner must not have ten times the features of a stamp.
        side = 32 if max(items.shape[1:3]) <= 40 else 64
        cell = side // 5
        return np.stack(
            [
                hog(
                    picture.astype(np.float32) / 255.0,
                    pixels_per_cell=(cell, cell),
                    cells_per_block=(2, 2),
                    channel_axis=-1,
                )
                for picture in _resized(items, side, side)
            ]
        ).astype(np.float32)

    def state(self) -> dict[str, NDArray[Any]]:
        """Nothing was learned."""
        return {}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Nothing was learned."""


@final
class Sift(TraditionalFeatures):
    """SIFT descriptors (Lowe 2004) counted as words of a learned vocabulary.

    The vocabulary is a clustering of descriptors: no label enters it, so one vocabulary from
    all open rows serves every fold. Where the sample of pictures shows next to no keypoints
    there is no vocabulary, and pictures are described by no features at all.
    """

    name = "sift"

    def __init__(self) -> None:
        self._words = np.zeros((0, 128), np.float32)

    def learn(self, rows: Items, rng: np.random.Generator) -> None:
        """Cluster the descriptors of up to 200 pictures into up to 200 words."""
        chosen = np.sort(rng.permutation(len(rows))[:200])
        found = np.concatenate(list(_descriptors(rows.take(chosen))))
        words = min(200, len(found) // 4)
        if words < 8:
            self._words = np.zeros((0, 128), np.float32)
            return
        clusters = MiniBatchKMeans(
            words, n_init=1, max_iter=30, random_state=int(rng.integers(2**31))
        )
        self._words = clusters.fit(found).cluster_centers_.astype(np.float32)

    def describe(self, items: NDArray[Any]) -> FloatArray:
        """Pictures (N, H, W, C) by the square roots of their shares of words (N, V)."""
        counts = np.zeros((len(items), len(self._words)), np.float32)
        if not len(self._words):
            return counts
        lengths = (self._words**2).sum(1)
        for row, found in zip(counts, _descriptors(items), strict=True):
            nearest = (lengths - 2.0 * found @ self._words.T).argmin(1)
            row[:] = np.bincount(nearest, minlength=len(row))
        return np.sqrt(counts / np.maximum(counts.sum(1, keepdims=True), 1.0))

    def state(self) -> dict[str, NDArray[Any]]:
        """The vocabulary (V, 128)."""
        return {"words": self._words}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Put the vocabulary back."""
        self._words = state["words"]


def features(shape: Mapping[str, Any]) -> tuple[TraditionalFeatures, ...]:
    """The features of pictures, cheapest first."""
    del shape
    return (Pixels(), Colour(), Hog(), Sift())


def _scaled(items: NDArray[Any], *, least: int, most: int) -> NDArray[np.uint8]:
    """Pictures (N, H, W, C) in their own proportions, of an area from least**2 to most**2."""
    height, width = items.shape[1:3]
    side = np.sqrt(height * width)
    scale = float(np.clip(side, least, most) / side)
    return _resized(items, max(1, round(height * scale)), max(1, round(width * scale)))


def _resized(items: NDArray[Any], height: int, width: int) -> NDArray[np.uint8]:
    """Pictures (N, H, W, C) as (N, height, width, C)."""
    if items.shape[1:3] == (height, width):
        return items
    shrinks = height * width < items.shape[1] * items.shape[2]
    # BOX counts every pixel when it shrinks; BICUBIC draws no steps when it enlarges.
    kind = Image.Resampling.BOX if shrinks else Image.Resampling.BICUBIC
    grey = items.shape[-1] == 1
    pictures = (Image.fromarray(item[..., 0] if grey else item) for item in items)
    resized = np.stack([np.asarray(picture.resize((width, height), kind)) for picture in pictures])
    return resized[..., None] if grey else resized


def _histograms(hsv: NDArray[Any], *, bins: tuple[int, int, int], grid: int) -> FloatArray:
    """Square roots of the shares of colours in grid x grid cells of (N, H, W, 3): (N, F)."""
    n, height, width, _ = hsv.shape
    colour = np.zeros(hsv.shape[:3], np.int64)
    for channel, count in enumerate(bins):
        step = np.minimum((hsv[..., channel] * count).astype(np.int64), count - 1)
        colour = colour * count + step
    down, across = np.arange(height) * grid // height, np.arange(width) * grid // width
    cell = np.arange(n)[:, None, None] * grid**2 + down[:, None] * grid + across
    colours = int(np.prod(bins))
    counts = np.bincount((cell * colours + colour).ravel(), minlength=n * grid**2 * colours)
    return np.sqrt(counts.reshape(n, -1) * grid**2 / (height * width)).astype(np.float32)


def _descriptors(items: NDArray[Any]) -> Iterator[FloatArray]:
    """The SIFT descriptors (M, 128) of each picture (H, W, C); M is 0 where nothing stands out."""
    for picture in _scaled(items, least=64, most=128):
        grey = picture.mean(-1) / 255.0
        finder: Any = SIFT(upsampling=1)  # type: ignore[no-untyped-call]
        try:
            finder.detect_and_extract(grey)
        except RuntimeError:  # skimage's way to say that a picture has no keypoint
            yield np.zeros((0, 128), np.float32)
        else:
            yield finder.descriptors.astype(np.float32)
