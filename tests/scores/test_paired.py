"""A difference is called one only where there is one."""

import numpy as np
import pytest
from scipy.stats import binomtest

from fivefold.scores.metrics import METRICS, metric
from fivefold.scores.paired import discordant_interval, mcnemar, paired
from fivefold.scores.resampling import draws


def system(right: np.ndarray, sure: float = 0.8) -> np.ndarray:
    """Answers (N, 2) to targets that are all 0."""
    p = np.where(right, sure, 1 - sure).astype(np.float32)
    return np.stack([p, 1 - p], 1)


def test_mcnemar_is_the_exact_binomial_test_on_rows_that_differ():
    a = np.array([True] * 30 + [False] * 10 + [True] * 60)
    b = np.array([False] * 30 + [True] * 10 + [True] * 60)
    assert mcnemar(a, b) == pytest.approx(binomtest(30, 40).pvalue)
    assert mcnemar(a, a) == 1.0


@pytest.mark.parametrize("word", METRICS)
def test_a_system_does_not_beat_itself(word):
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(6), size=200).astype(np.float32)
    y = rng.integers(0, 6, 200)
    found = paired(METRICS[word], ("a", p), ("b", p), y, drawn=draws(200, 200, rng))
    assert (found.difference, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)
    assert not found.beats


@pytest.mark.parametrize("word", ["accuracy", "balanced_accuracy", "log_loss"])
def test_a_clearly_better_system_beats_and_the_worse_one_does_not(word):
    rng = np.random.default_rng(0)
    y = np.zeros(400, np.int64)
    good, poor = system(rng.random(400) < 0.9), system(rng.random(400) < 0.7)
    drawn = draws(400, 1000, rng)
    assert paired(METRICS[word], ("good", good), ("poor", poor), y, drawn=drawn).beats
    assert not paired(METRICS[word], ("poor", poor), ("good", good), y, drawn=drawn).beats


@pytest.mark.parametrize("word", ["accuracy", "log_loss", "calibration_error"])
def test_equal_systems_are_called_different_about_one_time_in_twenty(word):
    rng = np.random.default_rng(3)
    y = np.zeros(120, np.int64)
    called = 0
    for _ in range(100):
        a, b = system(rng.random(120) < 0.8), system(rng.random(120) < 0.8)
        drawn = draws(120, 200, rng)
        called += paired(METRICS[word], ("a", a), ("b", b), y, drawn=drawn).p < 0.05
    assert called <= 12


def test_the_interval_leaves_out_zero_only_where_the_test_rejects():
    """Few discordant rows: an interval from resampling would contradict McNemar's test."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        a, b = rng.random(40) < 0.9, rng.random(40) < 0.8
        low, high = discordant_interval(a, b)
        assert low - 1e-9 <= a.mean() - b.mean() <= high + 1e-9
        if low > 0 or high < 0:
            assert mcnemar(a, b) < 0.05


def test_equal_answers_of_few_rows_leave_room_for_a_difference():
    for rows, most in ((3, 0.6), (10, 0.25), (1000, 0.003)):
        right = np.arange(rows) % 2 == 0
        low, high = discordant_interval(right, right)
        assert low == -high
        assert most / 2 < high < most


@pytest.mark.parametrize(
    ("rows", "only_a", "only_b"),
    [(10, 0.5, 0.0), (10, 0.3, 0.05), (50, 0.1, 0.02), (200, 0.03, 0.01), (200, 0.3, 0.1)],
)
def test_the_interval_holds_the_true_difference_as_often_as_it_says(rows, only_a, only_b):
    rng, held = np.random.default_rng(0), 0
    for _ in range(1000):
        at = rng.random(rows)
        low, high = discordant_interval(at < only_a, (at >= only_a) & (at < only_a + only_b))
        held += low <= only_a - only_b <= high
    assert held >= 930


def test_a_difference_of_amperes_is_tested_as_one_of_tons():
    """Scores of a target around 1e-8 are small; what is better is better all the same."""
    rng = np.random.default_rng(0)
    found = []
    for unit in (1.0, 1e-8):
        y = unit * rng.normal(size=(200, 1))
        good, poor = (np.hstack([y + unit * off, np.full_like(y, unit)]) for off in (0.1, 0.5))
        drawn = draws(200, 500, np.random.default_rng(0))
        found.append(paired(metric("rmse"), ("a", good), ("b", poor), y, drawn=drawn))
    assert [one.beats for one in found] == [True, True]
    assert found[1].p == pytest.approx(found[0].p)
