"""The target `number`: one or several, each with how far it may be off.

Axes: N rows, M numbers. Answers are (N, 2M): M means, then M deviations of a normal distribution.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import numpy as np

from fivefold.contracts.records import SEPARATOR
from fivefold.contracts.target_kind import TargetKind
from fivefold.scores.calibration import COLDEST, HOTTEST
from fivefold.scores.numbers import REACH, halves

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from fivefold.contracts.rows import FloatArray, IntArray, Targets

_BINS, _LEAST_OF_BIN = 10, 8
_MOST = float(np.finfo(np.float32).max)


@final
class Number(TargetKind):
    """Numbers as text, several of them joined by `SEPARATOR`."""

    metrics = ("rmse", "mae", "r2", "nll")
    shown = ("rmse", "mae", "r2", "nll", "coverage")
    loss = "nll"
    calibration = "coverage"
    wanted = "numbers that differ"

    def learn(self, labels: Sequence[str]) -> tuple[str, ...]:
        """Names of the numbers; there are as many as most labels have."""
        counts = np.bincount([len(label.split(SEPARATOR)) for label in labels])
        several = int(counts.argmax())
        return ("value",) if several == 1 else tuple(f"value {i + 1}" for i in range(several))

    def parse(self, labels: Sequence[str], vocabulary: tuple[str, ...]) -> FloatArray:
        """(N, M); a row of NaN where a label is not as many finite numbers."""
        return np.array([_read(label, len(vocabulary)) for label in labels], np.float32).reshape(
            len(labels), len(vocabulary)
        )

    def known(self, targets: Targets) -> NDArray[np.bool_]:
        """(N,) rows with every number."""
        return np.asarray(~np.isnan(targets).any(1))

    def strata(self, targets: Targets) -> IntArray:
        """Bins of about as many rows each, by the first number."""
        return np.unique(_binned(targets), return_inverse=True)[1].astype(np.int64)

    def stratum_names(self, targets: Targets, vocabulary: tuple[str, ...]) -> tuple[str, ...]:  # noqa: ARG002
        """From the least to the greatest number of each bin."""
        strata = self.strata(targets)
        first = targets[:, 0]
        bins = (first[strata == i] for i in range(int(strata.max(initial=-1)) + 1))
        return tuple(f"{some.min():.4g} to {some.max():.4g}" for some in bins)

    def count(self, vocabulary: tuple[str, ...]) -> str:
        """How many numbers."""
        return "a number" if len(vocabulary) == 1 else f"{len(vocabulary)} numbers"

    def enough(self, targets: Targets) -> tuple[bool, str]:
        """Every number differs from row to row."""
        flat = int((np.ptp(targets, axis=0) == 0).sum()) if len(targets) else targets.shape[1]
        return flat == 0, "whose number is always the same" if flat else "with numbers"

    def chance(
        self,
        targets: Targets,
        k: int,  # noqa: ARG002
        metric: str = "",
        vocabulary: tuple[str, ...] = (),  # noqa: ARG002
    ) -> FloatArray:
        """The mean of the numbers and their deviation; the median for the mean distance."""
        middle = (
            np.median(targets, axis=0) if metric == "mae" else targets.mean(0, dtype=np.float64)
        )
        spread = np.sqrt(((targets - middle) ** 2).mean(0, dtype=np.float64))
        return np.concatenate([middle, spread]).astype(np.float32)

    def blank(self, vocabulary: tuple[str, ...], shape: Mapping[str, Any]) -> FloatArray:  # noqa: ARG002
        """(0, 2M)."""
        return np.zeros((0, 2 * len(vocabulary)), np.float32)

    def addable(self, answers: FloatArray) -> NDArray[np.floating[Any]]:
        """Means, their squares and squared deviations (N, 3M): a mixture has the mean of each.

        Squares stay apart, or of a large mean with a small deviation the latter would be lost.
        """
        means, deviations = halves(answers)
        return np.concatenate([means, means**2, deviations**2], axis=1)

    def settled(self, means: NDArray[np.floating[Any]]) -> FloatArray:
        """Mean and deviation of a mixture: where members disagree it is less sure."""
        first, second, within = np.split(means, 3, axis=1)
        between = np.maximum(second - first**2, 0.0)
        deviations = np.sqrt(within + between)
        return np.concatenate([first, deviations], axis=1).astype(np.float32)

    def fit_temperature(self, answers: FloatArray, targets: Targets) -> float:
        """What deviations are to be multiplied by: the root of the mean squared distance in them.

        A prior of one distance of 1 is counted like one row.
        """
        means, deviations = halves(answers)
        tiny = 1e-6 * np.maximum(targets.std(0, dtype=np.float64), 1e-9)
        squares = ((targets - means) / np.maximum(deviations, tiny)) ** 2
        found = np.sqrt((squares.mean(1).sum() + 1.0) / (len(targets) + 1.0))
        return float(np.clip(found, COLDEST, HOTTEST))

    def apply_temperature(
        self, answers: NDArray[np.floating[Any]], temperature: float
    ) -> FloatArray:
        """The same means with deviations times the temperature."""
        several = answers.shape[1] // 2
        return np.concatenate(
            [answers[:, :several], answers[:, several:] * temperature], axis=1
        ).astype(np.float32)

    def confidence(self, answers: FloatArray) -> NDArray[np.floating[Any]]:
        """Minus the deviation, of several numbers minus the mean deviation."""
        return -halves(answers)[1].mean(1)

    def sure_above(self, answers: FloatArray, targets: Targets) -> float:  # noqa: ARG002
        """Nine of ten answers are called sure, those of a usual deviation; equal ones all are."""
        return float(np.quantile(self.confidence(answers), 0.1)) * 1.001

    def plain(self, answers: FloatArray, vocabulary: tuple[str, ...]) -> list[Any]:
        """A float, or a tuple of floats."""
        means = halves(answers)[0].tolist()
        return [row[0] for row in means] if len(vocabulary) == 1 else [tuple(r) for r in means]

    def decode(self, answers: FloatArray, vocabulary: tuple[str, ...]) -> tuple[str, ...]:  # noqa: ARG002
        """`21.3 \u00b1 0.4`: no more digits than the deviation is worth."""
        means, deviations = halves(answers)
        return tuple(
            ", ".join(_said(m, d) for m, d in zip(*row, strict=True))
            for row in zip(means.tolist(), deviations.tolist(), strict=True)
        )

    def told(self, answer: FloatArray, vocabulary: tuple[str, ...]) -> dict[str, Any]:
        """Each number and the interval that should hold nine of ten true ones."""
        means, deviations = (half[0].tolist() for half in halves(answer[None]))
        rows = list(zip(vocabulary, means, deviations, strict=True))
        return {
            "values": {name: m for name, m, _ in rows},
            "intervals": {name: (m - REACH * d, m + REACH * d) for name, m, d in rows},
        }


def _read(label: str, several: int) -> list[float]:
    try:
        found = [float(part) for part in label.split(SEPARATOR)]
    except ValueError:
        found = []
    good = len(found) == several and all(abs(number) <= _MOST for number in found)
    return found if good else [float("nan")] * several


def _binned(targets: Targets) -> IntArray:
    first = targets[:, 0]
    bins = int(np.clip(len(first) // _LEAST_OF_BIN, 1, _BINS))
    edges = np.quantile(first, np.linspace(0, 1, bins + 1)[1:-1]) if len(first) else first
    return np.searchsorted(np.unique(edges), first, side="right").astype(np.int64)


def _said(mean: float, deviation: float) -> str:
    if not np.isfinite(deviation) or deviation <= 0:
        return f"{mean:.6g}"
    digits = -int(np.floor(np.log10(deviation)))
    digits += f"{deviation:e}".startswith("1")  # 0.14 as 0.1 would be off by a third
    if digits > 0:
        return f"{mean:.{digits}f} \u00b1 {deviation:.{digits}f}"
    return f"{round(mean, digits):,.0f} \u00b1 {round(deviation, digits):,.0f}"
