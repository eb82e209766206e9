"""The target `class`: one of k. Axes: N rows, K classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import numpy as np

from fivefold.contracts.target_kind import TargetKind
from fivefold.plumbing.order import natural
from fivefold.scores import calibration
from fivefold.scores.measure import LEAST
from fivefold.scores.metrics import metric as metric_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fivefold.contracts.rows import FloatArray, IntArray, Targets

_LEAST_CLASSES, _LEAST_OF_CLASS = 2, 2
_UNEVEN = 3.0  # the most frequent class has this many times the rows of the rarest
# Metrics to which every class counts as much as another, and the shares of its rarity to try.
_EVEN = {"balanced_accuracy": (1.0,), "macro_f1": (0.0, 0.25, 0.5, 0.75, 1.0)}


@final
class Class(TargetKind):
    """One of k words; the vocabulary is in natural order, so `2` stands before `10`."""

    metrics = ("accuracy", "balanced_accuracy", "macro_f1", "log_loss", "top5")
    shown = ("accuracy", "balanced_accuracy", "log_loss", "calibration_error")
    loss = "log_loss"
    calibration = "calibration_error"
    classes = True
    wanted = f"{_LEAST_CLASSES} classes with {_LEAST_OF_CLASS} of them each"

    def learn(self, labels: Sequence[str]) -> tuple[str, ...]:
        """The distinct labels, in natural order."""
        return tuple(sorted(set(labels), key=natural))

    def parse(self, labels: Sequence[str], vocabulary: tuple[str, ...]) -> IntArray:
        """Labels as class numbers (N,); -1 where a label is not in the vocabulary."""
        numbers = {word: number for number, word in enumerate(vocabulary)}
        return np.array([numbers.get(label, -1) for label in labels], dtype=np.int64)

    def known(self, targets: Targets) -> NDArray[np.bool_]:
        """(N,) rows whose label is in the vocabulary."""
        return np.asarray(targets >= 0)

    def strata(self, targets: Targets) -> IntArray:
        """The classes themselves."""
        return np.asarray(targets, np.int64)

    def stratum_names(self, targets: Targets, vocabulary: tuple[str, ...]) -> tuple[str, ...]:  # noqa: ARG002
        """The classes."""
        return vocabulary

    def count(self, vocabulary: tuple[str, ...]) -> str:
        """The number of classes."""
        return f"{len(vocabulary)} classes"

    def enough(self, targets: Targets) -> tuple[bool, str]:
        """Two classes of two rows each: below it no split leaves anything to learn or judge by."""
        counts = np.bincount(self.strata(targets))
        large = int((counts >= _LEAST_OF_CLASS).sum())
        found = (
            f"in {int((counts > 0).sum()):,} classes, {large:,} of them with {_LEAST_OF_CLASS} "
            "rows or more"
        )
        return large >= _LEAST_CLASSES, found

    def chance(
        self,
        targets: Targets,
        k: int,
        metric: str = "",  # noqa: ARG002
        vocabulary: tuple[str, ...] = (),  # noqa: ARG002
    ) -> FloatArray:
        """The frequencies (K,) of the classes in `targets` (N,): the best blind answer."""
        counts = np.bincount(self.strata(targets), minlength=k)
        return (counts / counts.sum()).astype(np.float32)

    def fit_temperature(self, answers: FloatArray, targets: Targets) -> float:
        """The temperature of the least log-loss."""
        return calibration.fit_temperature(answers, self.strata(targets))

    def apply_temperature(
        self, answers: NDArray[np.floating[Any]], temperature: float
    ) -> FloatArray:
        """Probabilities at a temperature."""
        return calibration.apply_temperature(answers, temperature)

    def fit_shift(self, answers: FloatArray, targets: Targets, metric: str) -> tuple[float, ...]:
        """Logs of the classes' rarity, where they are uneven and each counts as much as another.

        Dividing by the classes' frequency is the best that can be done for balanced accuracy; for
        F1 the share of it that does best is taken.
        """
        counts = np.bincount(self.strata(targets), minlength=answers.shape[1])
        if metric not in _EVEN or counts.max() <= _UNEVEN * max(counts.min(), 1):
            return ()
        rarity = -np.log((counts + 1.0) / (counts + 1.0).sum())
        rarity -= rarity.min()
        judge = metric_of(metric).function
        tried = [tuple((share * rarity).tolist()) for share in _EVEN[metric]]
        return max(tried, key=lambda shift: judge(self.shifted(answers, shift), targets))

    def shifted(self, answers: FloatArray, shift: tuple[float, ...]) -> FloatArray:
        """Probabilities times the exponential of the shift, summing to one again."""
        if not shift:
            return answers
        return calibration.softmax(np.log(np.maximum(answers, LEAST)) + np.array(shift))

    def confidence(self, answers: FloatArray) -> NDArray[np.floating[Any]]:
        """The top probability."""
        return answers.max(1)

    def sure_above(self, answers: FloatArray, targets: Targets) -> float:
        """The top probability from which on answers are right often enough."""
        return calibration.sure_above(self.confidence(answers), answers.argmax(1) == targets)

    def plain(self, answers: FloatArray, vocabulary: tuple[str, ...]) -> list[str]:
        """The most probable class of each row."""
        return list(self.decode(answers, vocabulary))

    def decode(self, answers: FloatArray, vocabulary: tuple[str, ...]) -> tuple[str, ...]:
        """The most probable class of each row of (N, K), in words."""
        return tuple(vocabulary[number] for number in answers.argmax(1))

    def told(self, answer: FloatArray, vocabulary: tuple[str, ...]) -> dict[str, Any]:
        """Class -> probability."""
        pairs = zip(vocabulary, answer, strict=True)
        return {"probabilities": {word: round(float(p), 6) for word, p in pairs}}
