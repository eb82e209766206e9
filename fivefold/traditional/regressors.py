"""What is fitted to hand-crafted features where the target is not one class of a row.

Axes: N rows, F features, K labels, M numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge, RidgeCV, SGDClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC

from fivefold.traditional.classifiers import NUMBERS, Classifier, tree_settings

if TYPE_CHECKING:
    from fivefold.traditional.classifiers import Size

_TREES = 200
_DIRECTIONS = 64  # more features than these are first brought down to them


def _ridge(size: Size, seed: int) -> Pipeline:  # noqa: ARG001 - nothing in it is drawn
    # The penalty is chosen by leaving one row out, which costs nothing here.
    return make_pipeline(RidgeCV(alphas=size.spread * np.logspace(-4, 2, 7)))


def _sparse_ridge(size: Size, seed: int) -> Pipeline:  # noqa: ARG001 - nothing in it is drawn
    return make_pipeline(Ridge(alpha=0.5 * size.spread, solver="lsqr"))


def _forest(size: Size, seed: int) -> Pipeline:
    return make_pipeline(
        ExtraTreesRegressor(
            _TREES,
            min_samples_leaf=2 if size.rows > 200 else 1,
            max_features=max(1, size.features // 3),
            max_leaf_nodes=max(16, NUMBERS // (2 * _TREES * size.classes)),
            random_state=seed,
        )
    )


def _boosting(size: Size, seed: int) -> Pipeline:
    boosting = HistGradientBoostingRegressor(
        max_iter=120,
        max_leaf_nodes=15,
        min_samples_leaf=max(1, min(20, size.rows // 20)),
        early_stopping=False,
        random_state=seed,
    )
    several = MultiOutputRegressor(boosting) if size.classes > 1 else boosting
    return make_pipeline(*_narrowed(size, seed), several)


def _logistic_each(size: Size, seed: int) -> Pipeline:
    logistic = LogisticRegression(C=10.0 / size.spread, max_iter=100, random_state=seed)
    return make_pipeline(OneVsRestClassifier(logistic))


def _forest_all(size: Size, seed: int) -> Pipeline:
    return make_pipeline(
        ExtraTreesClassifier(
            _TREES,
            min_samples_leaf=2 if size.rows > 200 else 1,
            max_leaf_nodes=max(16, NUMBERS // (2 * _TREES * size.classes)),
            random_state=seed,
        )
    )


def _boosting_each(size: Size, seed: int) -> Pipeline:
    boosting = HistGradientBoostingClassifier(
        max_iter=60,
        max_leaf_nodes=15,
        min_samples_leaf=max(1, min(20, size.rows // 20)),
        early_stopping=False,
        random_state=seed,
    )
    return make_pipeline(*_narrowed(size, seed), OneVsRestClassifier(boosting))


def _logistic_in_passes(size: Size, seed: int) -> Pipeline:  # noqa: ARG001 - one for all sizes
    # Hundreds of thousands of columns: single steps on rows learn in five passes what a solver
    # with a memory of whole gradients does not in thirty (lab/LOG.md, Tags).
    return make_pipeline(
        SGDClassifier(loss="log_loss", alpha=1e-6, max_iter=5, tol=None, random_state=seed)
    )


def _linear_svm_of_tokens(size: Size, seed: int) -> Pipeline:  # noqa: ARG001 - one for all sizes
    return make_pipeline(LinearSVC(C=1.0, max_iter=20, random_state=seed))


def _boosted_trees(size: Size, seed: int) -> Pipeline:
    boosting = HistGradientBoostingRegressor(**tree_settings(size, seed))
    return make_pipeline(MultiOutputRegressor(boosting) if size.classes > 1 else boosting)


def _boosted_trees_each(size: Size, seed: int) -> Pipeline:
    boosting = HistGradientBoostingClassifier(**tree_settings(size, seed))
    return make_pipeline(OneVsRestClassifier(boosting))


def _narrowed(size: Size, seed: int) -> list[PCA]:
    if size.features <= _DIRECTIONS:
        return []
    return [PCA(min(_DIRECTIONS, size.rows), random_state=seed)]


def _by_word(*entrants: Classifier) -> dict[str, Classifier]:
    return {one.word: one for one in entrants}


REGRESSORS = _by_word(
    Classifier(word="ridge", build=_ridge),
    Classifier(word="sparse_ridge", build=_sparse_ridge, on_request=True),
    Classifier(word="forest", build=_forest, growth=1.1, effort=3.0),
    Classifier(word="boosting", build=_boosting, effort=10.0),
    Classifier(
        word="boosted_trees",
        build=_boosted_trees,
        effort=10.0,
        most_rows=1_000_000,
        on_request=True,
    ),
)
MARKERS = _by_word(
    Classifier(word="logistic", build=_logistic_each),
    Classifier(word="forest", build=_forest_all, growth=1.1, effort=3.0),
    Classifier(word="boosting", build=_boosting_each, effort=10.0, most_classes=30),
    Classifier(
        word="boosted_trees",
        build=_boosted_trees_each,
        effort=10.0,
        most_classes=30,
        on_request=True,
    ),
)
TAGGERS = _by_word(
    Classifier(word="logistic", build=_logistic_in_passes),
    Classifier(word="linear_svm", build=_linear_svm_of_tokens),
)
