"""Hand-crafted features of clips: they see what moves, and which way."""

from __future__ import annotations

import numpy as np
import pytest

from fivefold import catalog
from fivefold.traditional.video import flow

RNG = np.random.default_rng(0)


def drifting(step: float, count: int = 6, side: int = 48) -> np.ndarray:
    """A smooth pattern (T, side, side) that moves right by `step` pixels a frame."""
    x = np.arange(side)[None, None, :] - step * np.arange(count)[:, None, None]
    y = np.arange(side)[None, :, None]
    return (0.5 + 0.25 * np.sin(x / 4) + 0.2 * np.cos(y / 5 + x / 9)).astype(np.float32)


@pytest.mark.parametrize("step", [-0.8, -0.3, 0.0, 0.4, 0.9])
def test_flow_measures_a_known_motion(step: float) -> None:
    across, down = flow(drifting(step))
    assert abs(np.median(across[:, 8:-8, 8:-8]) - step) < 0.12
    assert abs(np.median(down[:, 8:-8, 8:-8])) < 0.05
    turned, upright = flow(drifting(step).transpose(0, 2, 1))
    assert abs(np.median(upright[:, 8:-8, 8:-8]) - step) < 0.12
    assert abs(np.median(turned[:, 8:-8, 8:-8])) < 0.05


def test_features_are_finite_also_of_still_flat_and_short_clips() -> None:
    blocks = catalog.load("traditional", "video")({})
    assert [block.name for block in blocks] == ["differences", "flow", "hog"]
    for clips in (
        RNG.integers(0, 256, (3, 5, 20, 30, 3), np.uint8),
        np.full((2, 5, 20, 30, 3), 7, np.uint8),
        RNG.integers(0, 256, (2, 1, 20, 30, 3), np.uint8),
        RNG.integers(0, 256, (2, 2, 5, 5, 3), np.uint8),
    ):
        for block in blocks:
            found = block.describe(clips)
            assert found.dtype == np.float32
            assert found.shape[0] == len(clips)
            assert np.isfinite(found).all()
            alone = block.describe(clips[:1])
            assert np.array_equal(alone[0], found[0])


def test_motion_is_seen_by_differences_and_direction_by_flow_alone() -> None:
    pattern = (255 * drifting(0.8)).astype(np.uint8)[..., None].repeat(3, -1)
    right, left, still = pattern, pattern[::-1], pattern[:1].repeat(len(pattern), 0)
    differences, directions, _ = catalog.load("traditional", "video")({})
    of_right, of_left, of_still = differences.describe(np.stack([right, left, still]))
    assert np.abs(of_right - of_still).sum() > 1
    assert np.abs(of_right - of_left).sum() < 0.3
    ways = directions.describe(np.stack([right, left]))
    assert np.abs(ways[0] - ways[1]).sum() > 1
