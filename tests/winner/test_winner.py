"""The estimator beyond scikit-learn's checks: pictures, labels, folders, pickles, refusals."""

from __future__ import annotations

import gc
import pickle  # noqa: TID251 - of a Winner the user made

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits, make_blobs
from sklearn.exceptions import NotFittedError

from fivefold import DataError, OptionError, Winner


@pytest.fixture(scope="module")
def blobs():
    """60 vectors of 3 numbers in 2 classes, well apart."""
    return make_blobs(60, n_features=3, centers=[(0, 0, 0), (9, 9, 9)], random_state=0)


@pytest.fixture(scope="module")
def digits():
    """400 digits as float pictures (N, 8, 8) of 0 to 16, shifted below zero; and their labels."""
    X, y = load_digits(n_class=4, return_X_y=True)
    return X[:400].reshape(-1, 8, 8) - 8.0, y[:400]


def left_in(folder):
    return {path.name for path in folder.iterdir() if path.name.startswith("fivefold-")}


@pytest.mark.slow
def test_pictures_are_read_by_the_scale_they_were_learned_in(digits):
    X, y = digits
    winner = Winner(budget=4).fit(X[:300], y[:300])
    assert not hasattr(winner, "n_features_in_")
    assert winner.score(X[300:], y[300:]) > 0.9
    # One item alone has another range than all: only the stored scale reads it as before.
    together = winner.predict_proba(X[300:310])
    alone = np.concatenate([winner.predict_proba(X[i : i + 1]) for i in range(300, 310)])
    np.testing.assert_allclose(alone, together, atol=1e-5)
    assert winner.run_.bundle.facts.problem.inputs[0].scale == (-8.0, 8.0)
    with pytest.raises(DataError, match="wanted pictures, as in fit"):
        winner.predict(X[300:].reshape(-1, 64))


@pytest.mark.parametrize(
    "labels",
    [
        np.array([2, -10]),
        np.array([2.0, 1.0], dtype=np.float32),
        np.array([True, False]),
        np.array(["wal", "été"]),
        np.array(["b", "a"], dtype=object),
    ],
    ids=["whole", "float", "truth", "words", "objects"],
)
def test_labels_come_back_as_they_were(blobs, labels):
    X, y = blobs
    winner = Winner(budget=1).fit(X, labels[y])
    assert winner.classes_.dtype == labels.dtype
    assert winner.classes_.tolist() == sorted(labels.tolist())
    answers = winner.predict(X)
    assert answers.dtype == labels.dtype
    assert (answers == labels[y]).all()
    probabilities = winner.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    assert (winner.classes_[probabilities.argmax(axis=1)] == answers).all()
    assert set(winner.run_.bundle.classes) == {str(label) for label in labels.tolist()}


def test_a_temporary_run_goes_with_the_estimator(blobs, own_places):
    winner = Winner(budget=1).fit(*blobs)
    first = left_in(own_places)
    assert len(first) == 1
    winner.fit(*blobs)
    gc.collect()
    second = left_in(own_places)
    assert len(second) == 1
    assert second != first
    assert not (own_places / "user-cache").exists()
    del winner
    gc.collect()
    assert not left_in(own_places)


def test_a_refused_fit_leaves_nothing(blobs, own_places):
    X, y = blobs
    with pytest.raises(DataError, match="at least 10 usable rows"):
        Winner(budget=1).fit(X[:8], y[:8])
    with pytest.raises(ValueError, match="fivefold nets"):
        Winner(budget=1, net="perceptron").fit(X, y)
    assert not left_in(own_places)


def test_a_refused_fit_leaves_an_earlier_one_as_it_was(blobs):
    X, y = blobs
    winner = Winner(budget=1)
    with pytest.raises(ValueError, match="could not convert"):
        winner.fit(np.full(X.shape, "x"), y)
    with pytest.raises(NotFittedError):
        winner.predict(X)
    answers = winner.fit(X, y).predict(X)
    with pytest.raises(ValueError, match="could not convert"):
        winner.fit(np.full((len(X), 9), "x"), y)
    np.testing.assert_array_equal(winner.predict(X), answers)


def test_a_run_asked_for_by_name_stays(blobs, tmp_path):
    winner = Winner(budget=1, random_state=7, out=tmp_path / "run").fit(*blobs)
    assert winner.report_.data["seed"] == 7
    assert winner.run_.folder == tmp_path / "run"
    with pytest.raises(OptionError, match="is not empty"):
        clone(winner).fit(*blobs)
    del winner
    gc.collect()
    assert (tmp_path / "run" / "report.html").exists()


def test_a_pickle_predicts_when_the_run_is_gone(blobs, own_places):
    X, _ = blobs
    winner = Winner(budget=1).fit(*blobs)
    expected, score = winner.predict_proba(X), winner.report_.scores
    raw = pickle.dumps(winner)
    del winner
    gc.collect()
    assert not left_in(own_places)
    again = pickle.loads(raw)
    np.testing.assert_array_equal(again.predict_proba(X), expected)
    assert again.report_.scores == score
    assert again.report_.html.exists()


def test_random_state_is_the_seed_of_the_run(blobs):
    drawn = np.random.RandomState(3).randint(2**31 - 1)
    winner = Winner(budget=1, random_state=np.random.RandomState(3)).fit(*blobs)
    assert winner.report_.data["seed"] == drawn


def test_too_large_for_single_precision_is_refused(blobs):
    X, y = blobs
    with pytest.raises(ValueError, match="too large for dtype"):
        Winner(budget=1).fit(X * 1e300, y)
