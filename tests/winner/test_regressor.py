"""Numbers through the scikit-learn door."""

from __future__ import annotations

import pickle  # noqa: TID251 - of an estimator the user made

import numpy as np
import pytest
from sklearn.base import clone, is_regressor

from fivefold import WinnerRegressor


@pytest.fixture(scope="module")
def waves():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 6))
    y = 3 * X[:, 0] - 2 * X[:, 1] + 0.1 * rng.normal(size=400)
    return X, y


@pytest.fixture(scope="module")
def fitted(waves):
    X, y = waves
    return WinnerRegressor(budget=2).fit(X[:300], y[:300])


def test_one_number(waves, fitted):
    X, y = waves
    assert is_regressor(fitted)
    assert fitted.predict(X[300:]).shape == (100,)
    assert fitted.score(X[300:], y[300:]) > 0.8
    assert (fitted.predict_std(X[300:]) > 0).all()
    assert fitted.report_.data["problem"]["metric"] == "rmse"
    assert clone(fitted).get_params() == fitted.get_params()


def test_it_travels(waves, fitted):
    X, _ = waves
    again = pickle.loads(pickle.dumps(fitted))
    assert np.allclose(again.predict(X[:5]), fitted.predict(X[:5]))


def test_several_numbers(waves):
    X, y = waves
    both = np.stack([y, X[:, 2] * 10], 1)
    model = WinnerRegressor(budget=2).fit(X, both)
    assert model.predict(X[:7]).shape == (7, 2)


def test_words_are_refused(waves):
    X, _ = waves
    with pytest.raises(ValueError, match="wanted numbers"):
        WinnerRegressor(budget=2).fit(X, np.array(["a"] * len(X)))
