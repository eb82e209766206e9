"""Draws come in blocks of bounded size, the same whenever they are asked for."""

import numpy as np
import pytest

from fivefold.scores import intervals as intervals_module
from fivefold.scores import paired as paired_module
from fivefold.scores import resampling
from fivefold.scores.metrics import METRICS
from fivefold.scores.resampling import draws


def test_blocks_are_bounded_and_repeatable(monkeypatch):
    monkeypatch.setattr(resampling, "BLOCK_CELLS", 1000)
    drawn = draws(300, 20, np.random.default_rng(0))
    for make in (drawn.resamples, drawn.swaps):
        blocks = list(make())
        assert max(block.size for block in blocks) <= 1000
        assert np.array_equal(np.concatenate(blocks), np.concatenate(list(make())))
        assert sum(map(len, blocks)) == 20
    assert (np.concatenate(list(drawn.resamples())).sum(1) == 300).all()


def test_few_units_are_swapped_in_every_way():
    swaps = np.concatenate(list(draws(4, 1000, np.random.default_rng(0)).swaps()))
    assert len(np.unique(swaps, axis=0)) == len(swaps) == 16


def test_what_an_exact_interval_is_told_of_is_not_resampled(monkeypatch):
    def never(*_):
        raise AssertionError("resampled in vain")

    monkeypatch.setattr(resampling.Draws, "_blocks", never)
    y = np.zeros(200, np.int64)
    right = np.tile([0.9, 0.1], (200, 1)).astype(np.float32)
    drawn = draws(200, 200, np.random.default_rng(0))
    found = intervals_module.intervals(["accuracy", "top5"], right, y, drawn=drawn)
    assert found["accuracy"].high == 1.0
    wrong = right[:, ::-1]
    pair = ("a", right), ("b", wrong)
    assert paired_module.paired(METRICS["accuracy"], *pair, y, drawn=drawn).beats
    with pytest.raises(AssertionError, match="in vain"):
        intervals_module.intervals(["log_loss"], right, y, drawn=drawn)
