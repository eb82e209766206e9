"""Labels that look wrong: planted ones are found, clean ones are left alone."""

import numpy as np
import pytest

from fivefold.scores.suspects import doubts


def noisy(share, seed=0, n=2000, k=4, skill=3.0):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n)
    odds = rng.normal(size=(n, k)) + skill * np.eye(k)[truth]
    p = np.exp(odds) / np.exp(odds).sum(1, keepdims=True)
    wrong = rng.random(n) < share
    given = np.where(wrong, (truth + rng.integers(1, k, n)) % k, truth)
    # Calibrated to noisy labels, as out-of-fold answers of models trained on them are.
    p = (1 - share) * p + share / (k - 1) * (1 - p)
    return p.astype(np.float32), given, wrong


@pytest.mark.parametrize("share", [0.05, 0.2])
def test_planted_mistakes_are_found_and_counted(share):
    p, given, wrong = noisy(share)
    found = doubts(p, given)
    assert wrong[found.rows].mean() > 0.6
    assert wrong[found.rows[:50]].mean() > 0.9
    assert np.isin(np.flatnonzero(wrong), found.rows).mean() > 0.7
    assert found.estimated == pytest.approx(wrong.sum(), rel=0.6)


def test_clean_labels_raise_few_doubts():
    p, given, _ = noisy(0.0, skill=6.0)
    assert len(doubts(p, given).rows) < 0.01 * len(given)


def test_a_model_that_knows_nothing_does_not_accuse_everybody():
    rng = np.random.default_rng(0)
    p = np.full((500, 3), 1 / 3, np.float32) + rng.normal(0, 1e-3, (500, 3)).astype(np.float32)
    found = doubts(p, rng.integers(0, 3, 500))
    assert len(found.rows) <= 500
    assert found.estimated <= 500


def test_a_class_without_rows_is_nobodys_and_breaks_nothing():
    p = np.array([[0.9, 0.05, 0.05], [0.1, 0.85, 0.05]] * 5, np.float32)
    found = doubts(p, np.array([0, 1] * 5))
    assert len(found.rows) == 0
    assert found.estimated == 0
