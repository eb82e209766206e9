"""Hand-crafted features of sound."""

from __future__ import annotations

import numpy as np
import pytest

from fivefold.traditional.audio import PADDING, features

pytest.importorskip("librosa")
RATE = 8000
RNG = np.random.default_rng(0)


class Clips:
    """Rows in memory."""

    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def take(self, which):
        return self.items[which]


def clip(pitch: float, seconds: float = 0.5) -> np.ndarray:
    wave = np.sin(2 * np.pi * pitch * np.arange(int(seconds * RATE)) / RATE)
    wave = 0.3 * (wave + 0.02 * RNG.standard_normal(len(wave)))
    item = np.full(RATE, PADDING, np.int16)
    item[: len(wave)] = 32767 * wave
    return item


@pytest.fixture(scope="module")
def blocks():
    return features({"rate": RATE, "item_shape": [RATE], "dtype": "int16"})


def test_tones_are_told_apart_whatever_their_length(blocks):
    lows = np.stack([clip(300, s) for s in (0.3, 0.5, 0.9)])
    highs = np.stack([clip(1500, s) for s in (0.3, 0.5, 0.9)])
    for block in blocks:
        block.learn(Clips(np.concatenate([lows, highs])), np.random.default_rng(0))
        low, high = block.describe(lows), block.describe(highs)
        assert low.dtype == np.float32
        within = np.linalg.norm(low - low.mean(0), axis=1).max()
        assert np.linalg.norm(low.mean(0) - high.mean(0)) > within


def test_what_was_learned_is_saved(blocks):
    fresh = features({"rate": RATE})
    items = np.stack([clip(200 + 100 * i) for i in range(5)])
    for block, other in zip(blocks, fresh, strict=True):
        block.learn(Clips(items), np.random.default_rng(0))
        other.restore(block.state())
        assert np.array_equal(block.describe(items), other.describe(items))


def test_silence_padding_and_tiny_clips_are_finite(blocks):
    items = np.zeros((3, RATE), np.int16)
    items[1] = PADDING
    items[2, 5:] = PADDING
    for block in blocks:
        assert np.isfinite(block.describe(items)).all()
        assert np.isfinite(block.describe(items[:, :3])).all()
