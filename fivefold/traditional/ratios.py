"""A linear support vector machine on features weighed by how much more one class has of them.

Paper: Wang 2012, Baselines and Bigrams (NB-SVM). Origin: written for fivefold. Changed: values are
those of tf-idf instead of 0 and 1, rows are brought to length one after weighing, and of more than
two classes each is told from all others.

Axes: N rows, F features, K classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.svm import LinearSVC

if TYPE_CHECKING:
    from fivefold.contracts.rows import FloatArray, IntArray


@final
class RatioSVC(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """The classifier, for sparse features that are not negative.

    Args:
        C: Of the support vector machine: the larger, the more a wrong row costs.
        random_state: Seed.

    Attributes:
        classes_: (K,) class numbers.
        ratios_: (J, F) log of how much more a class has of a feature; J is 1 for two classes, else
            K.
        coef_: (J, F) weights of weighed rows.
        intercept_: (J,).
    """

    def __init__(self, C: float = 1.0, random_state: int = 0) -> None:
        self.C = C
        self.random_state = random_state

    def fit(self, X: Any, y: IntArray) -> RatioSVC:  # noqa: ANN401 - scipy has no types
        """Fit to X (N, F) and y (N,)."""
        X = sparse.csr_array(X)
        self.classes_ = np.unique(y)
        told = self.classes_[1:] if len(self.classes_) == 2 else self.classes_
        ratios, weights, shifts = [], [], []
        for word in told:
            own = y == word
            ratio = _ratio(X, own)
            svm = LinearSVC(C=self.C, max_iter=200, random_state=self.random_state)
            svm.fit(_weighed(X, ratio), own)
            ratios.append(ratio)
            weights.append(svm.coef_[0].astype(np.float32))
            shifts.append(svm.intercept_[0])
        self.ratios_, self.coef_ = np.stack(ratios), np.stack(weights)
        self.intercept_ = np.array(shifts, np.float32)
        return self

    def decision_function(self, X: Any) -> FloatArray:  # noqa: ANN401 - as above
        """Margins (N,) for two classes, else (N, K)."""
        X = sparse.csr_array(X)
        pairs = zip(self.ratios_, self.coef_, self.intercept_, strict=True)
        found = [_weighed(X, ratio) @ weight + shift for ratio, weight, shift in pairs]
        return found[0] if len(found) == 1 else np.stack(found, 1)

    def predict(self, X: Any) -> IntArray:  # noqa: ANN401 - as above
        """Class numbers (N,)."""
        margins = self.decision_function(X)
        best = (margins > 0).astype(int) if margins.ndim == 1 else margins.argmax(1)
        return self.classes_[best]


def _ratio(X: Any, own: Any) -> FloatArray:  # noqa: ANN401 - as above
    """(F,) log of a feature's share in one class over that in all others."""
    seen = X.sign()
    of, off = (np.asarray(abs(seen)[rows].sum(0)).ravel() + 1.0 for rows in (own, ~own))
    return np.log((of / of.sum()) / (off / off.sum())).astype(np.float32)


def _weighed(X: Any, ratio: FloatArray) -> Any:  # noqa: ANN401 - as above
    """Rows times ratios, brought to length one."""
    weighed = X.copy()
    weighed.data = weighed.data * ratio[weighed.indices]
    squares = np.asarray(weighed.multiply(weighed).sum(1)).ravel()
    lengths = np.sqrt(np.maximum(squares, 1e-18)).astype(np.float32)
    weighed.data /= np.repeat(lengths, np.diff(weighed.indptr))
    return weighed
