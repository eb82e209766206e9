"""Hand-crafted features of series and arrays tell what they are made to tell."""

import warnings

import numpy as np
import pytest

from fivefold.contracts.rows import Held
from fivefold.traditional import array, series
from fivefold.traditional.standardised import Standardised

NAN = float("nan")


def waves(period, n=40, seed=0):
    """Series of uneven length with a gap, a wave of `period` steps and noise."""
    rng = np.random.default_rng(seed)
    x = np.full((n, 80, 2), np.nan, np.float32)
    for row in x:
        length = rng.integers(40, 81)
        at = np.arange(length)[:, None] + rng.uniform(0, 50)
        row[:length] = np.sin(2 * np.pi * at / period) + rng.normal(0, 0.3, (length, 2))
        row[7, 0] = np.nan
    return x


def nearest_centre(block, first, second):
    """Share of a second half that lies nearer to the centre of its own class."""
    block.learn(Held(np.concatenate([first, second])), np.random.default_rng(0))
    a, b = block.describe(first), block.describe(second)
    centres = [f[: len(f) // 2].mean(0) for f in (a, b)]
    found = [
        ((rest - centres[own]) ** 2).sum(1) < ((rest - centres[1 - own]) ** 2).sum(1)
        for own, rest in enumerate((a[len(a) // 2 :], b[len(b) // 2 :]))
    ]
    return np.concatenate(found).mean()


@pytest.mark.parametrize("name", ["statistics", "spectrum"])
def test_slow_and_fast_waves_are_told_apart(name):
    block = next(b for b in series.features({}) if b.name == name)
    assert nearest_centre(block, waves(12), waves(5, seed=1)) > 0.95


def test_windows_tell_where_something_happens():
    early, late = np.zeros((2, 30, 40, 1), np.float32)
    early[:, 5:12], late[:, 25:32] = 1, 1
    noise = np.random.default_rng(0).normal(0, 0.2, (30, 40, 1)).astype(np.float32)
    assert nearest_centre(series.features({})[0], early + noise, late + noise) == 1


@pytest.mark.parametrize("block", series.features({}), ids=lambda b: b.name)
def test_odd_series_are_described_without_a_warning(block):
    x = np.full((5, 20, 3), np.nan, np.float32)
    x[0, :1] = 1  # a single step
    x[1] = 4  # constant
    x[2, :, 0] = np.arange(20)  # a channel without a number
    x[3] = np.random.default_rng(0).normal(size=(20, 3)) * 1e6
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        block.learn(Held(x), np.random.default_rng(0))
        found = block.describe(x)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert np.array_equal(found, np.concatenate([block.describe(one[None]) for one in x]))


def test_features_survive_saving():
    x = waves(6)
    for block, fresh in zip(series.features({}), series.features({}), strict=True):
        block.learn(Held(x), np.random.default_rng(0))
        fresh.restore(block.state())
        assert np.array_equal(block.describe(x), fresh.describe(x))


def test_textures_of_equal_numbers_are_told_apart_by_statistics_of_maps():
    rng = np.random.default_rng(0)
    rough = rng.integers(0, 2, (40, 16, 16)).astype(np.float32)
    smooth = np.repeat(np.repeat(rng.integers(0, 2, (40, 4, 4)), 4, 1), 4, 2).astype(np.float32)
    blocks = {b.name: b for b in array.features({"item_shape": [16, 16]})}
    assert set(blocks) == {"columns", "thumbnail", "statistics"}
    assert nearest_centre(blocks["statistics"], rough, smooth) == 1


@pytest.mark.parametrize("shape", [(3,), (5, 9), (2, 30, 31), (1, 4, 4)])
def test_arrays_of_any_shape_are_described(shape):
    x = np.random.default_rng(0).normal(size=(12, *shape)).astype(np.float32)
    for block in array.features({"item_shape": list(shape)}):
        block.learn(Held(x), np.random.default_rng(0))
        found = block.describe(x)
        assert found.shape[0] == 12
        assert np.isfinite(found).all()


def test_a_constant_column_is_not_blown_up():
    x = np.ones((10, 2), np.float32)
    x[:, 1] = np.arange(10)
    block = Standardised("columns", array.flat)
    block.learn(Held(x), np.random.default_rng(0))
    assert np.abs(block.describe(x + 1e-6)[:, 0]).max() < 1e-3
    assert block.describe(np.array([[1, NAN]], np.float32)).tolist() == [[0, 0]]
