"""The target `labels`: any of k, several at a time or none. Axes: N rows, K labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import numpy as np
from scipy.special import expit

from fivefold.contracts.records import SEPARATOR
from fivefold.contracts.target_kind import TargetKind
from fivefold.plumbing.order import natural
from fivefold.scores import calibration
from fivefold.scores.labels import LIKELY, METRICS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fivefold.contracts.rows import FloatArray, IntArray, Targets

_LEAST_MARKED = 20  # rows with a label, to choose its threshold by
_THRESHOLDS = (0.5, 0.4, 0.3, 0.25, 0.2, 0.15, 0.1, 0.6)
_MARKED = ("macro_f1", "micro_f1")  # judged by labels that are given, not by probabilities


@final
class Labels(TargetKind):
    """Names joined by `SEPARATOR`, in any order; the empty text is a row without any."""

    metrics = (
        "macro_f1", "micro_f1", "subset_accuracy", "mean_average_precision", "label_log_loss"
    )  # fmt: skip
    shown = (*metrics, "label_calibration_error")
    loss = "label_log_loss"
    calibration = "label_calibration_error"
    wanted = "a label that some rows have and others have not"

    def learn(self, labels: Sequence[str]) -> tuple[str, ...]:
        """The distinct labels, in natural order."""
        return tuple(sorted({part for label in labels for part in _parts(label)}, key=natural))

    def parse(self, labels: Sequence[str], vocabulary: tuple[str, ...]) -> FloatArray:
        """(N, K) 1 for every label of the row; a label that is not in the vocabulary is dropped."""
        numbers = {word: number for number, word in enumerate(vocabulary)}
        found = np.zeros((len(labels), len(vocabulary)), np.float32)
        for row, label in zip(found, labels, strict=True):
            row[[numbers[part] for part in _parts(label) if part in numbers]] = 1.0
        return found

    def known(self, targets: Targets) -> NDArray[np.bool_]:
        """(N,) all rows: one without labels is an answer too."""
        return np.asarray(~np.isnan(targets).any(1))

    def strata(self, targets: Targets) -> IntArray:
        """The rarest label of each row; rows without any are alike."""
        return np.unique(_rarest(targets), return_inverse=True)[1].astype(np.int64)

    def stratum_names(self, targets: Targets, vocabulary: tuple[str, ...]) -> tuple[str, ...]:
        """Those labels."""
        return tuple((*vocabulary, "none")[i] for i in np.unique(_rarest(targets)))

    def count(self, vocabulary: tuple[str, ...]) -> str:
        """How many labels."""
        return f"any of {len(vocabulary)} labels"

    def enough(self, targets: Targets) -> tuple[bool, str]:
        """Some label has two rows with it and two without."""
        with_it = (targets > 0).sum(0)
        good = int(((with_it >= 2) & (len(targets) - with_it >= 2)).sum())
        return good > 0, f"in which {good} labels are there in some and not in others"

    def chance(
        self,
        targets: Targets,
        k: int,
        metric: str = "",
        vocabulary: tuple[str, ...] = (),  # noqa: ARG002
    ) -> FloatArray:
        """The labels' frequencies (K,); where F1 decides, frequent enough labels are given."""
        frequency = targets.mean(0, dtype=np.float64).astype(np.float32)
        if metric not in _MARKED:
            return frequency
        judge = METRICS[metric].function
        yes, no = np.maximum(frequency, LIKELY), np.minimum(frequency, 0.49)
        given = [np.where(frequency >= t, yes, no) for t in np.unique(frequency)]
        rows = [np.broadcast_to(one.astype(np.float32), (len(targets), k)) for one in given]
        scores = [judge(one, targets) for one in rows]
        return rows[int(np.argmax(scores))][0].copy()

    def fit_temperature(self, answers: FloatArray, targets: Targets) -> float:
        """One temperature for the log-odds of all labels."""
        return calibration.fit_binary_temperature(answers, targets)

    def apply_temperature(
        self, answers: NDArray[np.floating[Any]], temperature: float
    ) -> FloatArray:
        """Probabilities at a temperature."""
        return calibration.apply_binary_temperature(answers, temperature)

    def fit_shift(self, answers: FloatArray, targets: Targets, metric: str) -> tuple[float, ...]:
        """From which probability on to give a label, as F1 likes it: often below one half.

        For `macro_f1` each label has its own, if enough rows have it; for `micro_f1` one is for
        all.
        """
        if metric not in _MARKED:
            return ()
        if metric == "micro_f1":
            return (_best_shift(answers, targets),) * answers.shape[1]
        enough = targets.sum(0) >= _LEAST_MARKED
        each = range(answers.shape[1])
        return tuple(
            _best_shift(answers[:, [i]], targets[:, [i]]) if enough[i] else 0.0 for i in each
        )

    def shifted(self, answers: FloatArray, shift: tuple[float, ...]) -> FloatArray:
        """Probabilities whose log-odds are moved."""
        if not any(shift):
            return answers
        return expit(calibration.log_odds(answers) + np.array(shift)).astype(np.float32)

    def confidence(self, answers: FloatArray) -> NDArray[np.floating[Any]]:
        """The probability of the least certain label, there or not."""
        return np.maximum(answers, 1.0 - answers).min(1)

    def sure_above(self, answers: FloatArray, targets: Targets) -> float:
        """The confidence from which on all labels are right often enough."""
        right = ((answers >= LIKELY) == (targets > 0)).all(1)
        return calibration.sure_above(self.confidence(answers), right)

    def plain(self, answers: FloatArray, vocabulary: tuple[str, ...]) -> list[tuple[str, ...]]:
        """The labels of each row."""
        return [tuple(vocabulary[i] for i in np.flatnonzero(row >= LIKELY)) for row in answers]

    def decode(self, answers: FloatArray, vocabulary: tuple[str, ...]) -> tuple[str, ...]:
        """The labels of each row, joined."""
        return tuple(", ".join(given) or "none" for given in self.plain(answers, vocabulary))

    def told(self, answer: FloatArray, vocabulary: tuple[str, ...]) -> dict[str, Any]:
        """Label -> probability."""
        pairs = zip(vocabulary, answer, strict=True)
        return {"probabilities": {word: round(float(p), 6) for word, p in pairs}}


def _best_shift(answers: FloatArray, targets: Targets) -> float:
    """What moves the best threshold for F1 to one half; among equals the least."""
    judge = METRICS["micro_f1"].function
    scores = {t: judge(answers + (LIKELY - t), targets) for t in _THRESHOLDS}
    best = max(_THRESHOLDS, key=lambda t: (scores[t], -abs(t - LIKELY)))
    return float(-np.log(best / (1.0 - best)))


def _parts(label: str) -> list[str]:
    return [part.strip() for part in label.split(SEPARATOR) if part.strip()]


def _rarest(targets: Targets) -> IntArray:
    """(N,) number of each row's rarest label; K for none."""
    there = targets > 0
    rows = np.where(there, there.sum(0), np.iinfo(np.int64).max)
    return np.where(there.any(1), rows.argmin(1), targets.shape[1]).astype(np.int64)
