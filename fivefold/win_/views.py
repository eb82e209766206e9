"""What a report shows of answers beside their scores: a view for each kind of target.

Axes: n vault rows, k classes, labels or tags, L tokens, M numbers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, final

import numpy as np
from scipy.special import ndtri

from fivefold.scores.intervals import wilson
from fivefold.scores.labels import marks
from fivefold.scores.numbers import REACH, halves
from fivefold.scores.numbers import surprise as number_surprise
from fivefold.targets.labels import Labels
from fivefold.targets.number import Number
from fivefold.win_ import tally

if TYPE_CHECKING:
    from fivefold.contracts.rows import FloatArray, IntArray, Targets
    from fivefold.win_.judge import Verdict

_POINTS = 600  # of a scatter; more would only paint it over
_LEVELS = np.arange(0.1, 1.0, 0.1)
Json = dict[str, Any]


class View(ABC):
    """What is told of the ensemble's answers on the vault, for one kind of target."""

    def judged(self, verdict: Verdict, words: tuple[str, ...]) -> Json:
        """Values of report.json: `confusion`, `confused`, `mistakes`, `by_word`, `numbers`.

        Args:
            verdict: The judged systems.
            words: The target's vocabulary.
        """
        content = verdict.content
        found: Json = {"confusion": None, "confused": [], "by_word": [], "numbers": []}
        answers = verdict.systems["ensemble"].probabilities
        found |= self.told(answers, content.targets, words)
        which = self.worst(verdict)
        mistakes = [
            {"item": content.names[i], **self.mistake(answers[i], content.targets[i], words)}
            for i in which
        ]
        return {**found, "mistakes": mistakes, "reliability": self.reliability(verdict)}

    @abstractmethod
    def told(self, answers: FloatArray, targets: Targets, words: tuple[str, ...]) -> Json:
        """What the kind can tell of `confusion`, `confused`, `by_word` and `numbers`."""

    @abstractmethod
    def worst(self, verdict: Verdict) -> IntArray:
        """Positions of the ensemble's worst mistakes, worst first."""

    @abstractmethod
    def mistake(self, answer: FloatArray, target: Targets, words: tuple[str, ...]) -> Json:
        """One of them: `true`, `predicted`, and its `probability` where it has one."""

    @abstractmethod
    def reliability(self, verdict: Verdict) -> dict[str, list[Json]]:
        """System -> stated `confidence`, how often that was right (`accuracy`), `rows`."""

    def balance(
        self, targets: Targets, vault_targets: Targets, words: tuple[str, ...]
    ) -> list[Json]:
        """Word -> open rows and vault rows that have it."""
        rows, vault_rows = (self.frequencies(t, len(words)) for t in (targets, vault_targets))
        return [
            {"name": name, "rows": rows[i], "vault_rows": vault_rows[i]}
            for i, name in enumerate(words)
        ]

    @abstractmethod
    def frequencies(self, targets: Targets, k: int) -> IntArray:
        """(k) how often each word of the vocabulary is a target."""


@final
class _Class(View):
    def told(self, answers: FloatArray, targets: Targets, words: tuple[str, ...]) -> Json:
        matrix = tally.confusion(answers, targets)
        return {
            "confusion": matrix if len(words) <= tally.FULL_MATRIX_UP_TO else None,
            "confused": tally.confused_pairs(matrix, words),
            "by_word": by_word(answers, targets, words),
        }

    def worst(self, verdict: Verdict) -> IntArray:
        return tally.worst(verdict.systems["ensemble"].probabilities, verdict.content.targets)

    def mistake(self, answer: FloatArray, target: Targets, words: tuple[str, ...]) -> Json:
        best = answer.argmax()
        return {
            "true": words[int(target)],
            "predicted": words[best],
            "probability": answer[best],
        }

    def reliability(self, verdict: Verdict) -> dict[str, list[Json]]:
        return tally.reliability_bins(verdict)

    def frequencies(self, targets: Targets, k: int) -> IntArray:
        return np.bincount(targets, minlength=k)


@final
class _Tags(View):
    """As of classes, token by token."""

    def told(self, answers: FloatArray, targets: Targets, words: tuple[str, ...]) -> Json:
        known = targets >= 0
        return _Class().told(answers[known], targets[known], words)

    def worst(self, verdict: Verdict) -> IntArray:
        """Sentences with the surest wrong tags."""
        answers, targets = verdict.systems["ensemble"].probabilities, verdict.content.targets
        wrong = (answers.argmax(2) != targets) & (targets >= 0)
        sure = np.where(wrong, answers.max(2), 0.0).max(1)
        order = np.argsort(-sure, kind="stable")[: tally.MISTAKES]
        return order[sure[order] > 0]

    def mistake(self, answer: FloatArray, target: Targets, words: tuple[str, ...]) -> Json:
        """The surest wrong tag of a sentence, with its place."""
        wrong = (answer.argmax(1) != target) & (target >= 0)
        place = int(np.where(wrong, answer.max(1), 0.0).argmax())
        best = int(answer[place].argmax())
        return {
            "true": f"{words[int(target[place])]} (token {place + 1})",
            "predicted": words[best],
            "probability": answer[place, best],
        }

    def reliability(self, verdict: Verdict) -> dict[str, list[Json]]:
        known = verdict.content.targets >= 0
        flat = verdict.content.targets[known]
        return {
            word: tally.bins_of(verdict.systems[word].probabilities[known], flat)
            for word in _SHOWN
            if word in verdict.systems
        }

    def frequencies(self, targets: Targets, k: int) -> IntArray:
        return np.bincount(targets[targets >= 0], minlength=k)


@final
class _Labels(View):
    def told(self, answers: FloatArray, targets: Targets, words: tuple[str, ...]) -> Json:
        return {"by_word": by_word(answers, targets, words)}

    def worst(self, verdict: Verdict) -> IntArray:
        """Rows whose labels are wrong, the least likely truths first."""
        answers, targets = verdict.systems["ensemble"].probabilities, verdict.content.targets
        given, true = marks(answers, targets)
        likely = np.log(np.clip(np.where(true, answers, 1.0 - answers), 1e-7, 1.0)).sum(1)
        order = np.argsort(likely, kind="stable")
        return order[(given != true).any(1)[order]][: tally.MISTAKES]

    def mistake(self, answer: FloatArray, target: Targets, words: tuple[str, ...]) -> Json:
        kind = Labels()
        return {
            "true": kind.decode(target[None], words)[0],
            "predicted": kind.decode(answer[None], words)[0],
            "probability": kind.confidence(answer[None])[0],
        }

    def reliability(self, verdict: Verdict) -> dict[str, list[Json]]:
        """Each label of each row for itself: stated probability, share that has it."""
        truth = verdict.content.targets.ravel() > 0
        found = {}
        for word in _SHOWN:
            if word in verdict.systems:
                stated = verdict.systems[word].probabilities.ravel()
                found[word] = tally.bins_of(np.stack([1.0 - stated, stated], 1), truth.astype(int))
        return found

    def frequencies(self, targets: Targets, k: int) -> IntArray:  # noqa: ARG002 - a column each
        return (targets > 0).sum(0)


@final
class _Number(View):
    def told(self, answers: FloatArray, targets: Targets, words: tuple[str, ...]) -> Json:
        means, deviations = halves(answers)
        step = -(-len(means) // _POINTS)
        return {
            "numbers": [
                {
                    "name": name,
                    "rmse": np.sqrt(((means[:, m] - targets[:, m]) ** 2).mean()),
                    "bias": (means[:, m] - targets[:, m]).mean(),
                    "deviation": deviations[:, m].mean(),
                    "coverage": _held(means[:, m], deviations[:, m], targets[:, m], REACH),
                    "least": targets[:, m].min(),
                    "most": targets[:, m].max(),
                    "points": np.stack([targets[:, m], means[:, m], deviations[:, m]], 1)[::step],
                }
                for m, name in enumerate(words)
            ]
        }

    def worst(self, verdict: Verdict) -> IntArray:
        """Rows whose true numbers were least expected."""
        answers = verdict.systems["ensemble"].probabilities
        surprise = number_surprise(answers, verdict.content.targets)
        return np.argsort(-surprise, kind="stable")[: tally.MISTAKES]

    def mistake(self, answer: FloatArray, target: Targets, words: tuple[str, ...]) -> Json:
        true = ", ".join(f"{number:.6g}" for number in target)
        return {
            "true": true,
            "predicted": Number().decode(answer[None], words)[0],
            "probability": None,
        }

    def reliability(self, verdict: Verdict) -> dict[str, list[Json]]:
        """Intervals that should hold 10 %, 20 % ... of the true numbers, and what they do hold."""
        targets = verdict.content.targets
        found = {}
        for word in _SHOWN:
            if word in verdict.systems:
                means, deviations = halves(verdict.systems[word].probabilities)
                found[word] = [
                    {
                        "confidence": level,
                        "accuracy": _held(means, deviations, targets, ndtri(0.5 + level / 2)),
                        "rows": len(targets),
                    }
                    for level in _LEVELS
                ]
        return found

    def balance(
        self,
        targets: Targets,
        vault_targets: Targets,
        words: tuple[str, ...],  # noqa: ARG002 - rows are told by their first number
    ) -> list[Json]:
        """Ten equal stretches of the first number and the rows in each."""
        first, sealed = targets[:, 0], vault_targets[:, 0]
        both = np.concatenate([first, sealed])
        edges = np.linspace(both.min(), both.max(), 11)
        rows, vault_rows = (np.histogram(some, edges)[0] for some in (first, sealed))
        return [
            {
                "name": f"{edges[i]:.4g} to {edges[i + 1]:.4g}",
                "rows": rows[i],
                "vault_rows": vault_rows[i],
            }
            for i in range(10)
        ]

    def frequencies(self, targets: Targets, k: int) -> IntArray:
        return np.full(k, len(targets))


_SHOWN = ("ensemble", "best_single")
_VIEWS: dict[str, View] = {
    "class": _Class(),
    "labels": _Labels(),
    "number": _Number(),
    "tags": _Tags(),
}


def view_of(target: str) -> View:
    """The view of a target kind (a catalog word); a plugin's is shown as classes are."""
    return _VIEWS.get(target, _VIEWS["class"])


def by_word(answers: FloatArray, targets: Targets, words: tuple[str, ...]) -> list[Json]:
    """Of each class, label or tag: how often it is true and given, precision, recall, F1.

    `low` and `high` are Wilson's interval of the recall.
    """
    given, true = marks(answers, targets)
    hits, rows, taken = (given & true).sum(0), true.sum(0), given.sum(0)
    found = []
    for i, name in enumerate(words):
        low, high = wilson(hits[i] / rows[i], rows[i]) if rows[i] else (None, None)
        found.append(
            {
                "name": name,
                "rows": rows[i],
                "given": taken[i],
                "precision": hits[i] / taken[i] if taken[i] else None,
                "recall": hits[i] / rows[i] if rows[i] else None,
                "low": low,
                "high": high,
                "f1": 2 * hits[i] / (rows[i] + taken[i]) if rows[i] + taken[i] else None,
            }
        )
    return found


def _held(means: Any, deviations: Any, targets: Any, reach: float) -> float:  # noqa: ANN401 - arrays of any one shape
    return float((np.abs(targets - means) <= reach * deviations).mean())
