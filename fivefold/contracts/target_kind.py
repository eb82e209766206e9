"""The role of a target kind: what is answered.

Axes: N rows, K classes, M numbers, L tokens.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from fivefold.contracts.rows import FloatArray, IntArray, Targets


class TargetKind(ABC):
    """One kind of target, and all that a step must know of it, so that no step asks which it is.

    Numpy only. `targets` and `answers` are arrays of N rows whose other axes are the kind's own:

    | kind | targets | answers |
    |---|---|---|
    | class | (N,) class numbers, -1 unknown | (N, K) probabilities |
    | labels | (N, K) 0 or 1, NaN unknown | (N, K) probabilities |
    | number | (N, M), NaN unknown | (N, 2M): M means, then M deviations |
    | tags | (N, L) tag numbers, -1 padding or unknown | (N, L, K) probabilities, 0 where padded |

    A row of answers that begins with NaN is no answer. The vocabulary has K words (M names of
    numbers), and a head has as many outputs.

    Attributes:
        metrics: Words of the metrics that may decide, the default first.
        shown: Words of those that every report tells.
        loss: Word of the proper score, which decides where a metric is too coarse.
        calibration: Word of the score that tells whether stated certainty can be believed.
        mixes: Targets of two rows can be mixed, as mixup and cutmix do.
        classes: Every distinct label is a class, so its spelling and its frequency matter.
        wanted: What is enough to learn from beside a number of rows, in words.
    """

    metrics: ClassVar[tuple[str, ...]]
    shown: ClassVar[tuple[str, ...]]
    loss: ClassVar[str]
    calibration: ClassVar[str]
    mixes: ClassVar[bool] = True
    classes: ClassVar[bool] = False
    wanted: ClassVar[str]

    def usual(self, vocabulary: tuple[str, ...]) -> str:  # noqa: ARG002 - most have one for all
        """Word of the metric that decides where nobody asks for another."""
        return self.metrics[0]

    def head(self, vocabulary: tuple[str, ...]) -> str:  # noqa: ARG002 - most have one for all
        """Word of the head that answers best; empty for the catalog's default."""
        return ""

    @abstractmethod
    def learn(self, labels: Sequence[str]) -> tuple[str, ...]:
        """The vocabulary, in a fixed order, from the labels of training rows."""

    @abstractmethod
    def parse(self, labels: Sequence[str], vocabulary: tuple[str, ...]) -> Targets:
        """Labels as targets; what is not in the vocabulary, or cannot be read, is unknown."""

    @abstractmethod
    def known(self, targets: Targets) -> NDArray[np.bool_]:
        """(N,) which rows can be learned from or judged."""

    @abstractmethod
    def strata(self, targets: Targets) -> IntArray:
        """(N,) numbers from 0 on of rows that are alike: for stratified splits and orders."""

    @abstractmethod
    def stratum_names(self, targets: Targets, vocabulary: tuple[str, ...]) -> tuple[str, ...]:
        """What `strata` of the same targets counts into, in words."""

    @abstractmethod
    def count(self, vocabulary: tuple[str, ...]) -> str:
        """How much there is to answer, in words: `10 classes`."""

    @abstractmethod
    def enough(self, targets: Targets) -> tuple[bool, str]:
        """Whether these differ enough to be learned, and what there is, to follow `rows`."""

    def fitted(self, targets: Targets, shape: Mapping[str, Any]) -> Targets:  # noqa: ARG002
        """Targets of items that are cached as `Dataset.shape` says; as they are unless overridden.

        Tags of tokens that the cache leaves out go with them.
        """
        return targets

    @abstractmethod
    def chance(
        self, targets: Targets, k: int, metric: str = "", vocabulary: tuple[str, ...] = ()
    ) -> FloatArray:
        """The best answer by `metric` to one row that ignores the input, from others' targets."""

    def blank(self, vocabulary: tuple[str, ...], shape: Mapping[str, Any]) -> FloatArray:  # noqa: ARG002
        """Answers to no items: no rows, and the other axes as answers have them."""
        return np.zeros((0, len(vocabulary)), np.float32)

    def addable(self, answers: FloatArray) -> NDArray[np.floating[Any]]:
        """What of answers may be averaged over members; the answers unless overridden."""
        return answers

    def settled(self, means: NDArray[np.floating[Any]]) -> FloatArray:
        """Answers from averages of what `addable` gave."""
        return means.astype(np.float32, copy=False)

    @abstractmethod
    def fit_temperature(self, answers: FloatArray, targets: Targets) -> float:
        """The one number that makes answers best believed on these rows."""

    @abstractmethod
    def apply_temperature(
        self, answers: NDArray[np.floating[Any]], temperature: float
    ) -> FloatArray:
        """Answers that are less sure where `temperature` is above 1, surer below."""

    def fit_shift(
        self,
        answers: FloatArray,  # noqa: ARG002
        targets: Targets,  # noqa: ARG002
        metric: str,  # noqa: ARG002
    ) -> tuple[float, ...]:
        """What to favour rare words of the vocabulary by, as `metric` counts them; () for nothing.

        Args:
            answers: Calibrated answers to validation rows.
            targets: Of those.
            metric: The word of the metric that decides.
        """
        return ()

    def shifted(self, answers: FloatArray, shift: tuple[float, ...]) -> FloatArray:  # noqa: ARG002
        """Answers with rare words favoured; as they are unless `fit_shift` ever says so."""
        return answers

    @abstractmethod
    def confidence(self, answers: FloatArray) -> NDArray[np.floating[Any]]:
        """(N,) how sure each answer is; the higher the surer."""

    @abstractmethod
    def sure_above(self, answers: FloatArray, targets: Targets) -> float:
        """The confidence from which on an answer is called sure, from validation rows."""

    @abstractmethod
    def plain(self, answers: FloatArray, vocabulary: tuple[str, ...]) -> list[Any]:
        """The answer of each row as Python has it: a word, a number, a tuple of them."""

    @abstractmethod
    def decode(self, answers: FloatArray, vocabulary: tuple[str, ...]) -> tuple[str, ...]:
        """The answer of each row in words."""

    @abstractmethod
    def told(self, answer: FloatArray, vocabulary: tuple[str, ...]) -> dict[str, Any]:
        """What else one answer says, as fields of `bundle.Answer`: probabilities, intervals."""
