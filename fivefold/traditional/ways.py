"""How hand-crafted features come to answers: one way for each kind of target.

Axes: N rows, L tokens, F features, K classes, labels or tags, J of them seen in training,
M numbers.

A pipeline gives raw answers; calibrated they are answers as the target kind has them. What is
learned for that, from rows the pipeline has not seen, is a temperature and, for numbers, a spread.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np
from threadpoolctl import threadpool_limits

from fivefold.scores.calibration import apply_binary_temperature
from fivefold.traditional import classifiers, regressors
from fivefold.traditional.classifiers import CLASSIFIERS, Classifier, logits, placed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sklearn.pipeline import Pipeline

    from fivefold.contracts.rows import FloatArray, Targets

    Codes = tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """What validation rows told of a member.

    Attributes:
        temperature: As the target kind has it.
        spread: (M,) deviation of the true numbers from those that were answered.
    """

    temperature: float = 1.0
    spread: tuple[float, ...] = ()


class Way(ABC):
    """How hand-crafted features answer one kind of target.

    Args:
        outputs: K or M.
        length: L, for tokens.

    Attributes:
        entrants: Word -> what is fitted to the features.
        per_token: It reads features of every token.
    """

    entrants: ClassVar[Mapping[str, Classifier]]
    per_token: ClassVar[bool] = False

    def __init__(self, outputs: int, length: int) -> None:
        self.outputs, self.length = outputs, length

    @abstractmethod
    def fit(
        self,
        entrant: Classifier,
        features: Any,  # noqa: ANN401 - an array or scipy's CSR
        targets: Targets,
        *,
        seed: int,
        categories: Codes = (),
    ) -> Pipeline:
        """Fit to features (N, F), of tokens (N * L, F), and targets of N rows.

        `categories` are those of the features that are codes.
        """

    @abstractmethod
    def raw(self, model: Pipeline, features: Any) -> FloatArray:  # noqa: ANN401
        """What a pipeline says of rows, before calibration (N, ...)."""

    def spread(self, raw: FloatArray, targets: Targets) -> tuple[float, ...]:  # noqa: ARG002
        """How far raw answers are off; () where that has no meaning."""
        return ()

    @abstractmethod
    def answers(self, raw: FloatArray, model: Pipeline, calibration: Calibration) -> FloatArray:
        """Answers as the target kind has them."""


@final
class _Class(Way):
    entrants = CLASSIFIERS

    def fit(
        self,
        entrant: Classifier,
        features: Any,  # noqa: ANN401
        targets: Targets,
        *,
        seed: int,
        categories: Codes = (),
    ) -> Pipeline:
        return classifiers.fit(
            entrant, features, targets, classes=self.outputs, seed=seed, categories=categories
        )

    def raw(self, model: Pipeline, features: Any) -> FloatArray:  # noqa: ANN401
        return logits(model, features)

    def answers(self, raw: FloatArray, model: Pipeline, calibration: Calibration) -> FloatArray:
        temperature = calibration.temperature
        return placed(raw, model.classes_, classes=self.outputs, temperature=temperature)


@final
class _Labels(Way):
    entrants = regressors.MARKERS

    def fit(
        self,
        entrant: Classifier,
        features: Any,  # noqa: ANN401
        targets: Targets,
        *,
        seed: int,
        categories: Codes = (),
    ) -> Pipeline:
        size = classifiers.size_of(features, self.outputs, categories)
        with threadpool_limits(1), warnings.catch_warnings():
            # A label that all of the first rows have, or none, is answered so; that is no news.
            warnings.filterwarnings("ignore", "Label .* is present in all training examples")
            warnings.filterwarnings("ignore", "Label not .* is present in all training examples")
            return entrant.build(size, seed).fit(features, targets.astype(np.int64))

    def raw(self, model: Pipeline, features: Any) -> FloatArray:  # noqa: ANN401
        with threadpool_limits(1):
            found = model.predict_proba(features)
        if isinstance(found, list):  # a forest answers label by label: (N, 1 or 2) each
            seen = [1.0 * (classes == 1) for classes in model[-1].classes_]
            found = np.stack([p @ one for p, one in zip(found, seen, strict=True)], axis=1)
        return np.asarray(found, np.float32).reshape(-1, self.outputs)

    def answers(self, raw: FloatArray, model: Pipeline, calibration: Calibration) -> FloatArray:  # noqa: ARG002
        return apply_binary_temperature(raw, calibration.temperature)


@final
class _Number(Way):
    entrants = regressors.REGRESSORS

    def fit(
        self,
        entrant: Classifier,
        features: Any,  # noqa: ANN401
        targets: Targets,
        *,
        seed: int,
        categories: Codes = (),
    ) -> Pipeline:
        size = classifiers.size_of(features, self.outputs, categories)
        wanted = targets.astype(np.float64)
        with threadpool_limits(1):
            model = entrant.build(size, seed)
            return model.fit(features, wanted[:, 0] if self.outputs == 1 else wanted)

    def raw(self, model: Pipeline, features: Any) -> FloatArray:  # noqa: ANN401
        with threadpool_limits(1):
            found = model.predict(features)
        return np.asarray(found, np.float32).reshape(-1, self.outputs)

    def spread(self, raw: FloatArray, targets: Targets) -> tuple[float, ...]:
        """Root of the mean squared residual of each number."""
        return tuple(np.sqrt(((raw - targets) ** 2).mean(0, dtype=np.float64)).tolist())

    def answers(self, raw: FloatArray, model: Pipeline, calibration: Calibration) -> FloatArray:  # noqa: ARG002
        deviations = np.broadcast_to(np.array(calibration.spread, np.float32), raw.shape)
        return np.concatenate([raw, deviations * np.float32(calibration.temperature)], axis=1)


@final
class _Tags(Way):
    entrants = regressors.TAGGERS
    per_token = True

    def fit(
        self,
        entrant: Classifier,
        features: Any,  # noqa: ANN401
        targets: Targets,
        *,
        seed: int,
        categories: Codes = (),
    ) -> Pipeline:
        del categories  # no tokens have any
        known = np.flatnonzero(targets.ravel() >= 0)
        flat = targets.ravel()[known]
        return classifiers.fit(entrant, features[known], flat, classes=self.outputs, seed=seed)

    def raw(self, model: Pipeline, features: Any) -> FloatArray:  # noqa: ANN401
        """Logits and mask (N, L, J + 1): tokens without any feature are padding."""
        there = np.diff(features.indptr) > 0
        found = np.zeros((features.shape[0], len(model.classes_) + 1), np.float32)
        if there.any():
            found[there, :-1] = logits(model, features[np.flatnonzero(there)])
        found[:, -1] = there
        return found.reshape(-1, self.length, found.shape[1])

    def answers(self, raw: FloatArray, model: Pipeline, calibration: Calibration) -> FloatArray:
        flat = raw.reshape(-1, raw.shape[2])
        temperature = calibration.temperature
        found = placed(flat[:, :-1], model.classes_, classes=self.outputs, temperature=temperature)
        found[flat[:, -1] == 0] = 0.0
        return found.reshape(len(raw), self.length, self.outputs)


_WAYS: dict[str, type[Way]] = {
    "class": _Class,
    "labels": _Labels,
    "number": _Number,
    "tags": _Tags,
}


def way_of(target: str, outputs: int, shape: Mapping[str, Any]) -> Way | None:
    """The way to answer a target kind (a catalog word); None where there is none.

    Args:
        target: The kind.
        outputs: Length of the vocabulary.
        shape: What the input kind learned of its items.
    """
    way = _WAYS.get(target)
    return way(outputs, shape.get("item_shape", (0,))[0]) if way else None
