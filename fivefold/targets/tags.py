"""The target `tags`: one of k for each token. Axes: N sentences, L tokens, K tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import numpy as np

from fivefold.contracts.records import SEPARATOR
from fivefold.contracts.target_kind import TargetKind
from fivefold.plumbing.order import natural
from fivefold.scores import calibration
from fivefold.scores.tags import SPANS, has_spans, sentences_right, span_metric

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from fivefold.contracts.rows import FloatArray, IntArray, Targets

_BINS, _LEAST_OF_BIN = 5, 50


@final
class Tags(TargetKind):
    """One tag per token, joined by `SEPARATOR`."""

    metrics = ("token_accuracy", "span_f1", "sentence_accuracy", "token_log_loss")
    shown = (*metrics, "token_calibration_error")
    loss = "token_log_loss"
    calibration = "token_calibration_error"
    mixes = False
    wanted = "two tags"

    def usual(self, vocabulary: tuple[str, ...]) -> str:
        """Spans where the tags spell them, else single tokens."""
        return "span_f1" if has_spans(vocabulary) else "token_accuracy"

    def head(self, vocabulary: tuple[str, ...]) -> str:
        """Where tags spell spans, one tag tells which may follow it."""
        return "crf" if has_spans(vocabulary) else ""

    def learn(self, labels: Sequence[str]) -> tuple[str, ...]:
        """The distinct tags, in natural order."""
        return tuple(sorted({tag for label in labels for tag in _tags(label) if tag}, key=natural))

    def parse(self, labels: Sequence[str], vocabulary: tuple[str, ...]) -> IntArray:
        """(N, L) tag numbers, L being the longest sentence; -1 behind its end and if unknown."""
        numbers = {word: number for number, word in enumerate(vocabulary)}
        rows = [_tags(label) for label in labels]
        found = np.full((len(rows), max(map(len, rows), default=0)), -1, np.int64)
        for row, tags in zip(found, rows, strict=True):
            row[: len(tags)] = [numbers.get(tag, -1) for tag in tags]
        return found

    def fitted(self, targets: Targets, shape: Mapping[str, Any]) -> Targets:
        """As many tokens as the cache holds of an item."""
        length = shape["item_shape"][0]
        found = np.full((len(targets), length), -1, np.int64)
        found[:, : targets.shape[1]] = targets[:, :length]
        return found

    def known(self, targets: Targets) -> NDArray[np.bool_]:
        """(N,) sentences with a tag that is known."""
        return np.asarray((targets >= 0).any(1))

    def strata(self, targets: Targets) -> IntArray:
        """Bins of the sentences' length, where there are sentences enough."""
        lengths = _lengths(targets)
        bins = int(np.clip(len(lengths) // _LEAST_OF_BIN, 1, _BINS))
        edges = np.unique(np.quantile(lengths, np.linspace(0, 1, bins + 1)[1:-1]))
        found = np.searchsorted(edges, lengths, side="right")
        return np.unique(found, return_inverse=True)[1].astype(np.int64)

    def stratum_names(self, targets: Targets, vocabulary: tuple[str, ...]) -> tuple[str, ...]:  # noqa: ARG002
        """The lengths of each bin."""
        strata, lengths = self.strata(targets), _lengths(targets)
        bins = (lengths[strata == i] for i in range(int(strata.max(initial=-1)) + 1))
        return tuple(f"{some.min()} to {some.max()} tokens" for some in bins)

    def count(self, vocabulary: tuple[str, ...]) -> str:
        """How many tags."""
        return f"{len(vocabulary)} tags for each token"

    def enough(self, targets: Targets) -> tuple[bool, str]:
        """Two tags or more."""
        tags = len(np.unique(targets[targets >= 0]))
        return tags > 1, f"with {tags} tags"

    def chance(
        self, targets: Targets, k: int, metric: str = "", vocabulary: tuple[str, ...] = ()
    ) -> FloatArray:
        """The tags' frequencies, for every place alike (L, K).

        Where spans decide, the most likely tag, which mostly is no span, gives way to the one
        that gets the most of them right when it stands everywhere.
        """
        counts = np.bincount(targets[targets >= 0], minlength=k)
        frequency = (counts / max(counts.sum(), 1)).astype(np.float32)
        if metric == SPANS and vocabulary:
            judge, every = span_metric(vocabulary).function, np.eye(k, dtype=np.float32)
            scores = [judge(np.broadcast_to(e, (*targets.shape, k)), targets) for e in every]
            best, top = int(np.argmax(scores)), int(frequency.argmax())
            frequency[[best, top]] = frequency[[top, best]]
        return np.tile(frequency, (targets.shape[1], 1))

    def blank(self, vocabulary: tuple[str, ...], shape: Mapping[str, Any]) -> FloatArray:
        """(0, L, K), L being the tokens that the cache holds of an item."""
        return np.zeros((0, shape["item_shape"][0], len(vocabulary)), np.float32)

    def fit_temperature(self, answers: FloatArray, targets: Targets) -> float:
        """The temperature of the least log-loss of single tokens."""
        known = (targets >= 0) & _there(answers)
        if not known.any():
            return 1.0
        return calibration.fit_temperature(answers[known], targets[known])

    def apply_temperature(
        self, answers: NDArray[np.floating[Any]], temperature: float
    ) -> FloatArray:
        """Probabilities at a temperature; places without a token stay 0."""
        there = _there(answers)
        found = np.zeros(answers.shape, np.float32)
        found[there] = calibration.apply_temperature(answers[there], temperature)
        return found

    def confidence(self, answers: FloatArray) -> NDArray[np.floating[Any]]:
        """The top probability of the least certain token."""
        there = _there(answers)
        return np.where(there, answers.max(2), 1.0).min(1) * there.any(1)

    def sure_above(self, answers: FloatArray, targets: Targets) -> float:
        """The confidence from which on whole sentences are right often enough."""
        return calibration.sure_above(self.confidence(answers), sentences_right(answers, targets))

    def plain(self, answers: FloatArray, vocabulary: tuple[str, ...]) -> list[tuple[str, ...]]:
        """The tags of each sentence's tokens."""
        there, best = _there(answers), answers.argmax(2)
        return [
            tuple(vocabulary[i] for i in row[here]) for row, here in zip(best, there, strict=True)
        ]

    def decode(self, answers: FloatArray, vocabulary: tuple[str, ...]) -> tuple[str, ...]:
        """The tags of each sentence, joined."""
        return tuple(" ".join(tags) for tags in self.plain(answers, vocabulary))

    def told(self, answer: FloatArray, vocabulary: tuple[str, ...]) -> dict[str, Any]:
        """(tag, probability) of each token."""
        tokens = answer[_there(answer[None])[0]]
        return {
            "tags": tuple((vocabulary[int(p.argmax())], round(float(p.max()), 6)) for p in tokens)
        }


def _tags(label: str) -> list[str]:
    return [tag.strip() for tag in label.split(SEPARATOR)]


def _lengths(targets: Targets) -> IntArray:
    """(N,) places up to the last known tag."""
    places = np.arange(1, targets.shape[1] + 1)
    return np.where(targets >= 0, places, 0).max(1, initial=0)


def _there(answers: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    """(N, L) places that are tokens: the answers of others are 0."""
    return np.asarray(answers.sum(2) > 0)
