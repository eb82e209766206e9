"""Rows of a group are no independent witnesses: intervals and tests are of groups then."""

import numpy as np
import pytest

from fivefold.scores.intervals import intervals, wilson
from fivefold.scores.metrics import METRICS
from fivefold.scores.paired import paired
from fivefold.scores.resampling import draws, summed, tables


def answers(right, sure=0.8):
    """Answers (N, 2) to targets that are all 0."""
    p = np.where(right, sure, 1 - sure).astype(np.float32)
    return np.stack([p, 1 - p], 1)


def by_group(rng, groups, each, mean, spread):
    """Which rows are right, each group with its own chance."""
    chance = np.clip(mean + spread * rng.normal(size=groups), 0, 1)
    return rng.random(groups * each) < np.repeat(chance, each)


def drawn_of(groups, each, rng, times=200):
    return draws(groups * each, times, rng, np.repeat(np.arange(groups), each))


@pytest.mark.parametrize("word", ["accuracy", "log_loss", "balanced_accuracy"])
@pytest.mark.parametrize("groups", [5, 20])
def test_equally_good_systems_are_rarely_called_different(word, groups):
    rng = np.random.default_rng(0)
    y, called = np.zeros(groups * 100, np.int64), 0
    for _ in range(60):
        a, b = (answers(by_group(rng, groups, 100, 0.8, 0.05)) for _ in range(2))
        drawn = drawn_of(groups, 100, rng)
        called += paired(METRICS[word], ("a", a), ("b", b), y, drawn=drawn).p < 0.05
    assert called <= (0 if groups == 5 else 7)


def test_a_system_that_is_better_in_every_one_of_ten_groups_beats():
    rng = np.random.default_rng(0)
    y = np.zeros(1000, np.int64)
    good, poor = (answers(by_group(rng, 10, 100, mean, 0.02)) for mean in (0.9, 0.8))
    drawn = drawn_of(10, 100, rng)
    found = paired(METRICS["accuracy"], ("good", good), ("poor", poor), y, drawn=drawn)
    assert found.beats
    assert found.p == 2 / 2**10  # every way to swap ten groups was looked at


@pytest.mark.parametrize("groups", [6, 30])
def test_intervals_hold_what_new_groups_would_give(groups):
    rng = np.random.default_rng(1)
    y, held = np.zeros(groups * 50, np.int64), {"accuracy": 0, "rows": 0}
    for _ in range(150):
        p = answers(by_group(rng, groups, 50, 0.75, 0.1))
        drawn = {"accuracy": drawn_of(groups, 50, rng), "rows": draws(len(y), 200, rng)}
        for name, each in drawn.items():
            found = intervals(["accuracy"], p, y, drawn=each)["accuracy"]
            held[name] += found.low <= 0.75 <= found.high
    assert held["accuracy"] >= 0.9 * 150
    assert held["rows"] < 0.85 * 150


def test_all_right_in_few_groups_is_weak_proof():
    y, p = np.zeros(500, np.int64), answers(np.ones(500, bool))
    drawn = drawn_of(5, 100, np.random.default_rng(0))
    found = intervals(["accuracy"], p, y, drawn=drawn)["accuracy"]
    assert (found.low, found.high) == pytest.approx(wilson(1.0, 5))


def test_few_errors_that_are_spread_over_groups_count_like_errors_of_rows():
    y = np.zeros(2000, np.int64)
    right = np.ones(2000, bool)
    right[::401] = False
    drawn = drawn_of(20, 100, np.random.default_rng(0))
    found = intervals(["accuracy"], answers(right), y, drawn=drawn)["accuracy"]
    assert found.low < right.mean() < found.high
    assert found.low > wilson(right.mean(), 20)[0] + 0.05
    assert found.low == pytest.approx(wilson(right.mean(), 2000)[0], abs=0.003)


@pytest.mark.parametrize("word", METRICS)
def test_resampled_groups_give_the_metric_of_the_copied_rows(word):
    rng = np.random.default_rng(1)
    p = rng.dirichlet(np.ones(7), size=90).astype(np.float32)
    y = rng.integers(0, 7, 90)
    groups = rng.integers(0, 12, 90)
    drawn = draws(90, 5, rng, groups)
    (sums,) = summed([tables(METRICS[word].contributions(p, y), drawn)], drawn.resamples())
    for score, count in zip(METRICS[word].finish(*sums), next(drawn.resamples()), strict=True):
        rows = np.repeat(np.arange(90), count.astype(int)[drawn.groups])
        assert score == pytest.approx(METRICS[word].function(p[rows], y[rows]), abs=1e-5)


@pytest.mark.parametrize("groups", [None, np.arange(30), np.zeros(30, np.int64)])
def test_rows_are_drawn_where_there_are_no_groups_or_one(groups):
    assert draws(30, 5, np.random.default_rng(0), groups).groups is None
