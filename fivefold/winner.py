"""fivefold as scikit-learn estimators: `Winner(budget="1m").fit(X, y).predict(X)`."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_is_fitted, check_X_y, validate_data

from fivefold.pipeline import win
from fivefold.plumbing.errors import DataError
from fivefold.plumbing.files import read_json
from fivefold.plumbing.no_arrays import no_array
from fivefold.run import Run
from fivefold.win_ import Report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

    FloatArray = NDArray[np.float64]
    Numbers = NDArray[np.generic]

_SEEN = ("n_features_in_", "feature_names_in_")  # what scikit-learn keeps of X


class _Winning(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What both estimators share: the options, the run, and how X is read."""

    def __init__(  # noqa: PLR0913, PLR0917 - the options, as the field has them
        self,
        budget: str | float = "10m",
        nets: int | None = None,
        net: str | None = None,
        metric: str | None = None,
        device: str = "auto",
        random_state: int | np.random.RandomState | None = 0,
        out: str | Path | None = None,
    ) -> None:
        self.budget = budget
        self.nets = nets
        self.net = net
        self.metric = metric
        self.device = device
        self.random_state = random_state
        self.out = out

    @property
    def report_(self) -> Report:
        """What came out on the vault."""
        return self.run_.report

    def _win(self, X: Numbers, y: Numbers, target: str) -> None:
        """Do the five steps; `run_` is what came out."""
        temporary = None if self.out is not None else Path(tempfile.mkdtemp(prefix="fivefold-"))
        try:
            self.run_ = win(
                (X, y),
                budget=self.budget,
                out=self.out if temporary is None else temporary,
                nets=self.nets,
                net=self.net,
                metric=self.metric,
                device=self.device,
                seed=_seed(self.random_state),
                target=target,
            )
        except BaseException:
            if temporary is not None:
                shutil.rmtree(temporary, ignore_errors=True)
            raise
        if temporary is not None:
            _remove_with(self.run_, temporary)

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401 - scikit-learn has no types
        """What scikit-learn wants to know of an estimator."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.non_deterministic = True  # the clock decides how far training gets
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """The state with the run's folder as bytes, so that it predicts wherever it is loaded."""
        state = dict(super().__getstate__())
        if "run_" in state:
            state["run_"] = _packed(state["run_"].folder)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Put the run into a temporary folder of its own."""
        if "run_" in state:
            state = {**state, "run_": _unpacked(state["run_"])}
        super().__setstate__(state)

    def _training(
        self, X: ArrayLike, y: ArrayLike, *, numeric: bool = False
    ) -> tuple[Numbers, Numbers]:
        asked = {"y_numeric": numeric, "multi_output": numeric}
        earlier = {name: self.__dict__.pop(name) for name in _SEEN if name in self.__dict__}
        try:
            with _told(X):
                if np.asarray(X).ndim > 2:
                    return check_X_y(X, y, allow_nd=True, **asked)
                with _quiet():
                    return validate_data(self, X, y, dtype=np.float32, **asked)
        except BaseException:  # what an earlier fit has learned still answers
            for name in _SEEN:
                self.__dict__.pop(name, None)
            self.__dict__.update(earlier)
            raise

    def _new(self, X: ArrayLike) -> Numbers:
        if hasattr(self, "n_features_in_"):
            with _told(X), _quiet():
                return validate_data(self, X, dtype=np.float32, reset=False)
        with _told(X):
            pictures = check_array(X, allow_nd=True)
        if pictures.ndim < 3:
            raise DataError(
                found=f"X of shape {pictures.shape}",
                wanted="pictures, as in fit",
                hint="reshape X to (N, H, W) or (N, H, W, C)",
            )
        return pictures


@final
class Winner(ClassifierMixin, _Winning):  # type: ignore[misc]
    """The five steps behind fit and predict, for pictures and for vectors.

    `fit` seals a fifth of the rows in the vault, trains on the others, and judges the ensemble on
    the vault: `report_` is what came out. It takes about as long as `budget` says, and since the
    clock decides how far training gets, two fits are alike but not equal. Below some ten seconds
    there is time for traditional models only.

    Args:
        budget: Wall-clock for a fit, as seconds or text such as `10m`.
        nets: Number of deep nets; None leaves it to the plan.
        net: Encoder word; None takes the kind's default.
        metric: Metric that decides; None is accuracy.
        device: `auto`, `cpu` or `cuda`.
        random_state: Seed of every random choice: a number, a numpy RandomState, or None.
        out: New folder for the run. Without it the run lies in a temporary folder, removed when
            nothing refers to `run_` any more.

    Attributes:
        classes_: (K,) labels, sorted, with the values and type they have in y.
        n_features_in_: D; only after fitting vectors (N, D).
        run_: The finished run.
        report_: Its report.
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Winner:
        """Do the five steps inside the budget.

        Args:
            X: Pictures (N, H, W), (N, H, W, C) or (N, C, H, W), or vectors (N, D).
            y: (N,) labels: words, whole numbers or truth values.

        Raises:
            ValueError: X or y cannot be learned from; a DataError where that has a hint.
        """
        X, y = self._training(X, y)
        check_classification_targets(y)
        self.classes_, numbers = np.unique(y, return_inverse=True)
        words = np.array([str(label) for label in self.classes_.tolist()], dtype=object)
        self._win(X, words[numbers], "class")
        return self

    def predict(self, X: ArrayLike) -> Numbers:
        """The label (N,) of each item of X, shaped and scaled as in `fit`."""
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Calibrated probabilities (N, K), columns as in `classes_`.

        Raises:
            ValueError: X has another shape than in `fit`, or values that are not finite.
        """
        check_is_fitted(self, "run_")
        found = self.run_.predict_proba(self._new(X)).astype(np.float64)
        column = {word: i for i, word in enumerate(self.run_.bundle.classes)}
        answers = np.zeros((len(found), len(self.classes_)))
        for k, label in enumerate(self.classes_.tolist()):
            if (at := column.get(str(label))) is not None:
                answers[:, k] = found[:, at]
        return answers / answers.sum(axis=1, keepdims=True)


@final
class WinnerRegressor(RegressorMixin, _Winning):  # type: ignore[misc]
    """The five steps behind fit and predict, where the answer is a number, or several.

    Args and attributes as those of `Winner`, but for `classes_`; without a metric the root of the
    mean squared error decides.
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> WinnerRegressor:
        """Do the five steps inside the budget.

        Args:
            X: Pictures (N, H, W), (N, H, W, C) or (N, C, H, W), or vectors (N, D).
            y: (N,) numbers, or (N, M): M numbers of each row.

        Raises:
            ValueError: X or y cannot be learned from; a DataError where that has a hint.
        """
        X, y = self._training(X, y, numeric=True)
        self._win(X, y, "number")
        return self

    def predict(self, X: ArrayLike) -> FloatArray:
        """The number (N,), or the M numbers (N, M), of each item of X, as in `fit`."""
        check_is_fitted(self, "run_")
        return self._numbers(X)[0]

    def predict_std(self, X: ArrayLike) -> FloatArray:
        """The calibrated deviations of those numbers, of the same shape."""
        check_is_fitted(self, "run_")
        return self._numbers(X)[1]

    def _numbers(self, X: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Means and deviations."""
        found = self.run_.predict_proba(self._new(X)).astype(np.float64)
        means, deviations = np.split(found, 2, axis=1)
        lone = means.shape[1] == 1
        return (means[:, 0], deviations[:, 0]) if lone else (means, deviations)


@contextmanager
def _told(X: ArrayLike) -> Iterator[None]:
    """What is refused because X is no array of numbers is refused in words that say so."""
    try:
        yield
    except (ValueError, TypeError) as cause:
        if told := no_array(X):
            raise told from cause
        raise


def _quiet() -> np.errstate:
    """What overflows in single precision is refused by the check itself, in better words."""
    return np.errstate(over="ignore", invalid="ignore")


def _seed(random_state: int | np.random.RandomState | None) -> int:
    if isinstance(random_state, int | np.integer):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))


def _remove_with(run: Run, folder: Path) -> None:
    """Remove `folder` when nothing refers to `run` any more, or when Python ends."""
    weakref.finalize(run, shutil.rmtree, folder, ignore_errors=True)


def _packed(folder: Path) -> dict[str, bytes]:
    """What predicts and what was reported, by path within the run folder; no cache, no training."""
    inner = (folder / "bundle").rglob("*")
    files = [*inner, folder / "report.json", folder / "report.html"]
    return {str(f.relative_to(folder)): f.read_bytes() for f in files if f.is_file()}


def _unpacked(files: dict[str, bytes]) -> Run:
    folder = Path(tempfile.mkdtemp(prefix="fivefold-"))
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    json, html = folder / "report.json", folder / "report.html"
    run = Run(folder, Report(data=read_json(json), json=json, html=html))
    _remove_with(run, folder)
    return run
