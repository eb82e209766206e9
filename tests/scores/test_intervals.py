"""Intervals hold the true score as often as they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from fivefold.scores.intervals import bootstrap, intervals, wilson
from fivefold.scores.metrics import METRICS
from fivefold.scores.resampling import draws, summed, tables


def two_classes(right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Answers that are right on the rows of a mask (N,), with confidences from 0.6 to 0.9."""
    sure = np.linspace(0.6, 0.9, len(right)).astype(np.float32)
    return np.stack([sure, 1 - sure], 1), np.where(right, 0, 1)


def test_bootstrap_covers_the_true_accuracy_about_95_times_in_100():
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        p, y = two_classes(rng.random(150) < 0.8)
        found = bootstrap(METRICS["accuracy"], p, y, rng=rng, times=300)
        held += found.low <= 0.8 <= found.high
    assert 180 <= held <= 199


@pytest.mark.parametrize("word", METRICS)
def test_resampled_sums_give_the_metric_of_the_copied_rows(word):
    rng = np.random.default_rng(1)
    p = rng.dirichlet(np.ones(7), size=90).astype(np.float32)
    y = rng.integers(0, 7, 90)
    drawn = draws(90, 5, rng)
    (sums,) = summed([tables(METRICS[word].contributions(p, y), drawn)], drawn.resamples())
    for score, count in zip(METRICS[word].finish(*sums), next(drawn.resamples()), strict=True):
        rows = np.repeat(np.arange(90), count.astype(int))
        assert score == pytest.approx(METRICS[word].function(p[rows], y[rows]), abs=1e-5)


def test_every_interval_holds_its_value():
    rng = np.random.default_rng(2)
    p = rng.dirichlet(np.ones(6), size=400).astype(np.float32)
    y = rng.integers(0, 6, 400)
    found = intervals(METRICS, p, y, drawn=draws(400, 200, rng))
    assert set(found) == set(METRICS)
    assert all(i.low < i.value < i.high for i in found.values())


@pytest.mark.parametrize("word", ["accuracy", "top5", "balanced_accuracy"])
def test_all_right_is_no_proof_of_never_being_wrong(word):
    p, y = two_classes(np.ones(100, bool))
    found = bootstrap(METRICS[word], p, y, rng=np.random.default_rng(0))
    assert found.value == found.high == 1.0
    assert found.low == pytest.approx(wilson(1.0, 100)[0])
    assert 0.9 < found.low < 0.99


@given(st.integers(1, 500), st.floats(0, 1))
def test_wilson_agrees_with_scipy(rows, share):
    right = round(rows * share)
    theirs = binomtest(right, rows).proportion_ci(0.95, method="wilson")
    low, high = wilson(right / rows, rows)
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_the_same_seed_gives_the_same_interval():
    p, y = two_classes(np.arange(60) % 3 > 0)
    one, two = (
        bootstrap(METRICS["log_loss"], p, y, rng=np.random.default_rng(5)) for _ in range(2)
    )
    assert one == two
