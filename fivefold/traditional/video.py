"""Hand-crafted features of clips: HOG over frames, frame differences, histograms of optical flow.

Axes: N clips, T frames, H W a frame, F features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import numpy as np
from PIL import Image
from scipy.ndimage import uniform_filter
from skimage.feature import hog

from fivefold.contracts.roles import TraditionalFeatures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fivefold.contracts.rows import FloatArray, Items

_SIDE = 48  # frames are compared as squares of so many pixels
_GRID = 4  # cells a side
_WINDOW = 7  # pixels a side in which the flow is taken to be one
_DIRECTIONS = 8
_SPEEDS = (0.1, 0.3, 0.6, 1.0, 2.0)  # pixels a frame: borders of the histogram of speeds
_FIRM = 1e-4  # added to the gradients' products: a flat wall does not move


class _Unlearned(TraditionalFeatures):
    """Features that need no learning."""

    def learn(self, rows: Items, rng: np.random.Generator) -> None:
        """Nothing is learned."""

    def state(self) -> dict[str, NDArray[Any]]:
        """Nothing was learned."""
        return {}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Nothing was learned."""


@final
class Differences(_Unlearned):
    """How much changes from frame to frame, in cells of the picture and along the clip."""

    name = "differences"

    def describe(self, items: NDArray[Any]) -> FloatArray:
        """Clips (N, T, H, W, 3) by (N, F)."""
        return np.stack([_differences(_grey(clip)) for clip in items])


@final
class Flow(_Unlearned):
    """Histograms of optical flow (Lucas and Kanade 1981): where to and how fast, in cells."""

    name = "flow"

    def describe(self, items: NDArray[Any]) -> FloatArray:
        """Clips (N, T, H, W, 3) by (N, F)."""
        return np.stack([_flow_histograms(_grey(clip)) for clip in items])


@final
class Hog(_Unlearned):
    """Histograms of oriented gradients (Dalal and Triggs 2005): mean and spread over frames."""

    name = "hog"

    def describe(self, items: NDArray[Any]) -> FloatArray:
        """Clips (N, T, H, W, 3) by (N, F)."""
        found = []
        for clip in items:
            grey = _grey(clip[np.linspace(0, len(clip) - 1, 4).round().astype(int)])
            frames = np.stack(
                [hog(frame, pixels_per_cell=(8, 8), cells_per_block=(2, 2)) for frame in grey]
            )
            found.append(np.concatenate([frames.mean(0), frames.std(0)]))
        return np.stack(found).astype(np.float32)


def features(shape: Mapping[str, Any]) -> tuple[TraditionalFeatures, ...]:
    """The features of clips, cheapest first."""
    del shape
    return (Differences(), Flow(), Hog())


def _grey(clip: NDArray[Any]) -> FloatArray:
    """Frames (T, H, W, 3) as grey squares (T, 48, 48), 0 to 1."""
    square = (_SIDE, _SIDE)
    frames = (Image.fromarray(frame).convert("L") for frame in clip)
    small = [np.asarray(frame.resize(square, Image.Resampling.BOX)) for frame in frames]
    return np.stack(small).astype(np.float32) / 255.0


def _differences(grey: FloatArray) -> FloatArray:
    """Roots of the mean change in each cell: sorted over time, and over the whole picture."""
    found = []
    for gap in (1, 4):
        step = min(gap, len(grey) - 1)
        change = np.abs(grey[step:] - grey[: len(grey) - step])  # zeros of a clip of one frame
        cells = np.sqrt(_cells(change))
        ranks = np.quantile(cells, (0.1, 0.5, 0.9), axis=0)
        # The liveliest cell first, wherever it is: a fight may be in any corner.
        loud = -np.sort(-ranks, axis=1)
        whole = np.quantile(np.sqrt(change.mean((1, 2))), (0.0, 0.25, 0.5, 0.75, 1.0))
        jumpy = np.abs(np.diff(cells, axis=0)).mean(0) if len(cells) > 1 else np.zeros(_GRID**2)
        found += [loud.ravel(), ranks.ravel(), whole, -np.sort(-jumpy)]
    return np.concatenate(found).astype(np.float32)


def _cells(maps: FloatArray) -> FloatArray:
    """Means in a grid of cells: (T, 48, 48) -> (T, 16)."""
    side = _SIDE // _GRID
    return maps.reshape(-1, _GRID, side, _GRID, side).mean((2, 4)).reshape(-1, _GRID**2)


def _flow_histograms(grey: FloatArray) -> FloatArray:
    """Roots of histograms over the clip: direction by speed in cells; speeds; their change."""
    across, down = flow(grey)
    speed = np.hypot(across, down)
    angle = np.arctan2(down, across) % (2 * np.pi)
    direction = (angle * (_DIRECTIONS / (2 * np.pi))).astype(int) % _DIRECTIONS
    where = np.stack([_cells(speed * (direction == k)).mean(0) for k in range(_DIRECTIONS)])
    share = np.stack([_cells((speed > least).astype(np.float32)) for least in _SPEEDS])
    over_time = np.quantile(share.mean(2), (0.1, 0.5, 0.9), axis=1)
    loud = -np.sort(-share.mean(1), axis=1)
    # Of a crowd that walks, neighbours move alike; of people who fight, they do not.
    turmoil = np.sqrt(_cells(across).std(0) ** 2 + _cells(down).std(0) ** 2)
    parts = [where.ravel(), where.sum(1), over_time.ravel(), loud.ravel(), -np.sort(-turmoil)]
    return np.sqrt(np.concatenate(parts)).astype(np.float32)


def flow(grey: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Pixels that each place moves to the next frame, across and down, (T - 1, H, W) each.

    Least squares in a window around each pixel; true for moves of about a pixel, hence the small
    frames. Of a clip of one frame: nothing moves.

    Args:
        grey: Frames (T, H, W).
    """
    if len(grey) < 2:
        return np.zeros_like(grey), np.zeros_like(grey)
    middle = (grey[1:] + grey[:-1]) / 2
    dt = grey[1:] - grey[:-1]
    dy, dx = np.gradient(middle, axis=(1, 2))

    def near(product: Any) -> Any:  # noqa: ANN401 - numpy says no more
        return uniform_filter(product, (0, _WINDOW, _WINDOW), mode="nearest")

    xx, yy, xy = near(dx * dx) + _FIRM, near(dy * dy) + _FIRM, near(dx * dy)
    xt, yt = near(dx * dt), near(dy * dt)
    determinant = xx * yy - xy * xy
    return (xy * yt - yy * xt) / determinant, (xy * xt - xx * yt) / determinant
