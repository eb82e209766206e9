"""The classifiers behind hand-crafted features, and probabilities from any of them.

Axes: N rows, F features, K classes, J classes seen in training.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import SVC, LinearSVC
from threadpoolctl import threadpool_limits

from fivefold.scores.calibration import softmax
from fivefold.scores.measure import LEAST
from fivefold.traditional.ratios import RatioSVC

if TYPE_CHECKING:
    from fivefold.contracts.rows import Features, FloatArray, IntArray

NUMBERS = 20_000_000  # fitted numbers that one forest may hold


@dataclass(frozen=True, slots=True)
class Size:
    """How much a classifier is fitted to: N rows, F features of summed variance `spread`, K.

    `categories` are those of the features that are codes.
    """

    rows: int
    features: int
    spread: float
    classes: int
    categories: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Classifier:
    """One classifier and how its cost grows.

    Attributes:
        word: The word in member names.
        build: (size, seed) -> unfitted pipeline.
        growth: Fitting costs rows to this power.
        effort: How many times the cost of others a small fit may have.
        kernel: Answering one row costs as much again for every row trained on.
        most_rows: More rows than this are not worth their cost.
        most_classes: It is not tried on more classes.
        on_request: It is tried on features that name it only.
    """

    word: str
    build: Callable[[Size, int], Pipeline]
    growth: float = 1.0
    effort: float = 1.0
    kernel: bool = False
    most_rows: int = 60_000
    most_classes: int = 1_000
    on_request: bool = False


def fit(
    classifier: Classifier,
    features: Features,
    targets: IntArray,
    *,
    classes: int,
    seed: int,
    categories: tuple[int, ...] = (),
) -> Pipeline:
    """Fit to features (N, F) and targets (N,); a lone class gets a constant answer."""
    if len(np.unique(targets)) == 1:
        return make_pipeline(DummyClassifier(strategy="prior")).fit(features, targets)
    size = size_of(features, classes, categories)
    # OpenMP counts its threads per calling thread, so the limit is set here, where fits that run
    # side by side call; boosting with more threads than cores is ten times as slow.
    with threadpool_limits(1):
        return classifier.build(size, seed).fit(features, targets)


def size_of(features: Features, classes: int, categories: tuple[int, ...] = ()) -> Size:
    """How much features (N, F) are, of which `categories` are codes.

    No column is scaled: features come in one unit, and scaling each to deviation 1 would make as
    much of a pixel that never changes as of one that tells the classes apart.
    """
    rows, columns = features.shape
    return Size(rows, columns, max(_spread(features), 1e-6), classes, categories)


def _spread(features: Features) -> float:
    """Variance of the columns, summed."""
    if not sparse.issparse(features):
        return float(np.nan_to_num(features.var(0, dtype=np.float64)).sum())
    squares = float(np.square(features.data, dtype=np.float64).sum()) / features.shape[0]
    return squares - float(np.square(np.asarray(features.mean(0), np.float64)).sum())


def logits(model: Pipeline, features: Features) -> FloatArray:
    """Margins or log-probabilities (N, J) of the classes seen, in the order of `classes_`."""
    with threadpool_limits(1):
        if not isinstance(model[-1], SVC | LinearSVC | RatioSVC):
            return np.log(np.maximum(model.predict_proba(features), LEAST)).astype(np.float32)
        margins = model.decision_function(features)
    if margins.ndim == 1:
        margins = np.stack([-margins, margins], axis=1) / 2.0
    return margins.astype(np.float32)


def placed(found: FloatArray, seen: IntArray, *, classes: int, temperature: float) -> FloatArray:
    """Probabilities (N, K) from logits (N, J) of the classes `seen` (J,); 0 for the others.

    The softmax of margin / temperature makes probabilities of a support vector machine's
    margins, and softens or sharpens the probabilities of the others.
    """
    answers = np.zeros((len(found), classes), np.float32)
    answers[:, seen] = softmax(found, temperature)
    return answers


def _logistic(size: Size, seed: int) -> Pipeline:
    # Many features fit few rows by chance, so the penalty grows with what they vary in all.
    return make_pipeline(LogisticRegression(C=10.0 / size.spread, max_iter=100, random_state=seed))


def _svm(size: Size, seed: int) -> Pipeline:
    # The kernel costs rows x rows x features: 128 directions hold what it needs.
    return make_pipeline(
        PCA(min(128, size.rows, size.features), random_state=seed),
        SVC(C=5.0, cache_size=500, random_state=seed),
    )


def _linear_svm(size: Size, seed: int) -> Pipeline:
    return make_pipeline(
        LinearSVC(C=1.0 / size.spread, max_iter=200, random_state=seed),
    )


def _ratio_svm(size: Size, seed: int) -> Pipeline:
    del size  # it brings rows to length one itself
    return make_pipeline(RatioSVC(random_state=seed))


def _bayes(size: Size, seed: int) -> Pipeline:
    """Naive Bayes by the words of all other classes (Rennie 2003); wrong labels mislead it less."""
    del size, seed
    return make_pipeline(ComplementNB(alpha=0.3))


def _forest(size: Size, seed: int) -> Pipeline:
    trees = 200
    return make_pipeline(
        ExtraTreesClassifier(
            trees,
            min_samples_leaf=2 if size.rows > 200 else 1,
            max_leaf_nodes=max(16, NUMBERS // (2 * trees * size.classes)),
            random_state=seed,
        )
    )


def _boosting(size: Size, seed: int) -> Pipeline:
    return make_pipeline(
        PCA(min(64, size.rows, size.features), random_state=seed),
        HistGradientBoostingClassifier(
            max_iter=60,
            max_leaf_nodes=15,
            min_samples_leaf=max(1, min(20, size.rows // (4 * size.classes))),
            early_stopping=False,  # it would hold rows out, and fail on a class of one row
            random_state=seed,
        ),
    )


def _boosted_trees(size: Size, seed: int) -> Pipeline:
    """Boosting on the columns of a table: on the cells as they are, so the trees can say why.

    Trees of more leaves and more of them where there are more rows (lab/LOG.md, Tables).
    """
    return make_pipeline(HistGradientBoostingClassifier(**tree_settings(size, seed)))


def tree_settings(size: Size, seed: int) -> dict[str, Any]:
    """Settings of boosting on the columns of a table, whatever it answers."""
    codes = np.zeros(size.features, bool)
    codes[list(size.categories)] = True
    return {
        "learning_rate": 0.05,
        "max_iter": int(np.clip(4 * size.rows**0.5, 60, 300)),
        "max_leaf_nodes": int(np.clip(size.rows**0.32, 4, 31)),
        "min_samples_leaf": max(1, min(20, size.rows // (4 * size.classes))),
        "l2_regularization": 1.0,
        "max_features": 0.5,
        "categorical_features": codes if codes.any() else None,
        "early_stopping": False,
        "random_state": seed,
    }


def _bagged_trees(size: Size, seed: int) -> Pipeline:
    """Random forest; it knows missing values, and of codes that trees part them in steps."""
    trees = 200
    return make_pipeline(
        RandomForestClassifier(
            trees,
            min_samples_leaf=3 if size.rows > 200 else 1,
            max_leaf_nodes=max(16, NUMBERS // (2 * trees * size.classes)),
            random_state=seed,
        )
    )


CLASSIFIERS: dict[str, Classifier] = {
    c.word: c
    for c in (
        # The first ones are tried first: of sparse features these are the best for their cost.
        Classifier(word="ratio_svm", build=_ratio_svm, most_classes=50, on_request=True),
        Classifier(word="bayes", build=_bayes, on_request=True),
        Classifier(word="logistic", build=_logistic),
        Classifier(
            word="svm", build=_svm, growth=1.7, kernel=True, most_rows=12_000, most_classes=50
        ),
        Classifier(word="forest", build=_forest, growth=1.1, effort=3.0),
        Classifier(word="linear_svm", build=_linear_svm),
        Classifier(word="boosting", build=_boosting, effort=10.0, most_classes=30),
        Classifier(
            word="boosted_trees",
            build=_boosted_trees,
            effort=10.0,
            most_rows=1_000_000,
            most_classes=30,
            on_request=True,
        ),
        Classifier(
            word="bagged_trees", build=_bagged_trees, growth=1.1, effort=3.0, on_request=True
        ),
    )
}
