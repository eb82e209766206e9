"""Metrics against scikit-learn, and properties that hold for any answers."""

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given, settings
from hypothesis import strategies as st

from fivefold.plumbing.errors import OptionError
from fivefold.scores.metrics import METRICS, better, calibration_error, log_loss, metric


def simulate(n: int, k: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (n, k) that are calibrated by construction, and targets (n,)."""
    logits = rng.normal(size=(n, k)) * 2.0
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    targets = (probabilities.cumsum(1) > rng.random((n, 1))).argmax(1)
    return probabilities.astype(np.float32), targets.astype(np.int64)


@st.composite
def answers(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    n, k = draw(st.integers(1, 60)), draw(st.integers(2, 12))
    return simulate(n, k, np.random.default_rng(draw(st.integers(0, 10_000))))


@given(answers())
@settings(deadline=None, max_examples=50)
def test_metrics_agree_with_scikit_learn(drawn):
    p, y = drawn
    labels = np.arange(p.shape[1])
    answer = p.argmax(1)
    recalls = reference.recall_score(y, answer, labels=np.unique(y), average=None, zero_division=0)
    top = (np.argsort(-p, axis=1)[:, :5] == y[:, None]).any(1).mean()
    loss = -np.log(np.clip(p[np.arange(len(y)), y], 1e-7, 1)).mean()
    assert METRICS["accuracy"].function(p, y) == pytest.approx(reference.accuracy_score(y, answer))
    assert METRICS["balanced_accuracy"].function(p, y) == pytest.approx(recalls.mean())
    assert METRICS["top5"].function(p, y) == pytest.approx(top)
    assert METRICS["log_loss"].function(p, y) == pytest.approx(loss, rel=1e-5)
    doubles = p / p.sum(1, keepdims=True, dtype=np.float64)
    assert log_loss(p, y) == pytest.approx(
        reference.log_loss(y, doubles, labels=labels), rel=1e-4, abs=1e-6
    )


@given(answers())
@settings(deadline=None, max_examples=50)
def test_metrics_lie_between_their_bounds_and_ignore_the_order_of_rows(drawn):
    p, y = drawn
    order = np.random.default_rng(0).permutation(len(y))
    for m in METRICS.values():
        score = m.function(p, y)
        assert 0.0 <= score <= m.most + 1e-9
        assert m.function(p[order], y[order]) == pytest.approx(score, abs=1e-9)


def test_calibration_error_is_the_gap_between_confidence_and_accuracy():
    p = np.tile(np.array([[0.9, 0.1]], np.float32), (10, 1))
    y = np.array([0] * 6 + [1] * 4)
    assert calibration_error(p, y) == pytest.approx(0.3, abs=1e-6)


def test_calibration_error_of_calibrated_answers_is_small():
    assert calibration_error(*simulate(20_000, 5, np.random.default_rng(0))) < 0.02


def test_a_wrong_answer_given_with_certainty_costs_a_finite_loss():
    p = np.array([[1.0, 0.0]], np.float32)
    assert log_loss(p, np.array([1])) == pytest.approx(-np.log(1e-7), rel=1e-6)


def test_top5_counts_ties_from_the_lowest_class():
    p = np.full((8, 8), 0.125, np.float32)
    assert METRICS["top5"].function(p, np.arange(8)) == pytest.approx(5 / 8)


def test_an_unknown_metric_is_refused_with_the_known_ones():
    with pytest.raises(OptionError, match="balanced_accuracy"):
        metric("f1")


def test_better_knows_which_way_is_up():
    assert better("accuracy", 0.9, 0.8)
    assert better("log_loss", 0.1, 0.2)
    assert not better("accuracy", 0.8, 0.8)
