"""One number that mends confidence and leaves answers alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fivefold.scores.calibration import apply_temperature, fit_temperature, reliability
from fivefold.scores.metrics import calibration_error, log_loss

seeds = st.integers(0, 10_000)


def drawn(seed: int, n: int = 50, k: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(k), size=n)
    y = (p.cumsum(1) > rng.random((n, 1))).argmax(1)
    return p.astype(np.float32), y


@given(seeds, st.floats(0.1, 10))
@settings(deadline=None)
def test_temperature_keeps_answers_and_sums(seed, t):
    p, _ = drawn(seed)
    warm = apply_temperature(p, t)
    assert np.allclose(warm.sum(1), 1, atol=1e-5)
    top = np.take_along_axis(warm, p.argmax(1)[:, None], 1)[:, 0]
    assert np.allclose(top, warm.max(1))


@given(seeds)
@settings(deadline=None, max_examples=30)
def test_fitted_temperature_never_raises_the_loss(seed):
    p, y = drawn(seed, n=20)
    t = fit_temperature(p, y)
    assert 0.05 <= t <= 20
    assert log_loss(apply_temperature(p, t), y) <= log_loss(p, y) + 1e-6


@pytest.mark.parametrize("t", [0.5, 2.0])
def test_a_temperature_that_was_applied_is_found_again(t):
    p, y = drawn(0, n=20_000)
    distorted = apply_temperature(p, t)
    assert fit_temperature(distorted, y) == pytest.approx(1 / t, rel=0.05)
    assert calibration_error(apply_temperature(distorted, 1 / t), y) < 0.015


def test_three_rows_answered_right_do_not_make_a_model_sure_of_everything():
    p = np.tile(np.array([[0.6, 0.4]], np.float32), (3, 1))
    surer = apply_temperature(p, fit_temperature(p, np.zeros(3, np.int64)))
    assert 0.6 < surer.max() < 0.9


def test_reliability_counts_every_row_once_and_explains_the_calibration_error():
    p, y = drawn(1, n=500)
    table = reliability(p, y)
    assert sum(n for _, _, n in table) == 500
    gap = sum(abs(sure - right) * n for sure, right, n in table) / 500
    assert gap == pytest.approx(calibration_error(p, y), abs=1e-6)
