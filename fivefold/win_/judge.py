"""Opens the vault and judges: scores with intervals, paired tests, a verdict in words.

Axes: n vault rows, k words of the vocabulary: classes say.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from fivefold.contracts.rows import FloatArray
from fivefold.contracts.vault import VaultContent
from fivefold.scores.intervals import Interval, intervals
from fivefold.scores.metrics import metric as metric_of
from fivefold.scores.paired import Comparison, paired
from fivefold.scores.resampling import draws
from fivefold.scores.tags import SPANS, has_spans
from fivefold.targets import target_of
from fivefold.win_.words import FEW_GROUPS, ONE_GROUP, Words, verdict_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from fivefold.contracts.ensembles import Ensemble
    from fivefold.contracts.protocols import Predictor
    from fivefold.contracts.records import Dataset
    from fivefold.contracts.target_kind import TargetKind
    from fivefold.contracts.vault import Vault
    from fivefold.scores.resampling import Draws

_PAIRS = (("ensemble", "traditional"), ("ensemble", "best_single"), ("best_single", "traditional"))
_FEW = 10  # groups, by which little can be told: of five no test can show anything
_CELLS = 10_000_000  # draws at most, if 200 times allow it: what resampling may cost in time


@dataclass(frozen=True, kw_only=True, slots=True)
class System:
    """One contender on the vault.

    Attributes:
        name: Which part, member or mixture it is, in words.
        probabilities: Its answers (n, ...), as the target has them: (n, k) probabilities say.
        scores: Metric word -> value with its 95 % interval.
    """

    name: str
    probabilities: FloatArray
    scores: dict[str, Interval]


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What the sealed rows say.

    Attributes:
        metric: The problem's metric; it decides.
        systems: `ensemble`, then `best_single` and `traditional` where there are any, `chance`.
        tests: Paired tests on `metric`.
        words: The verdict in plain words.
        groups: How many groups of rows were drawn and swapped whole; None where single rows were.
        caution: Why groups let intervals and tests say less than they seem to; empty if not so.
        content: The vault's rows, targets and names.
        opened: When the vault was opened (ISO 8601, UTC).
        origin: Where its rows come from, in words.
    """

    metric: str
    systems: dict[str, System]
    tests: tuple[Comparison, ...]
    words: Words
    groups: int | None
    caution: str
    content: VaultContent
    opened: str
    origin: str


def judge(
    dataset: Dataset,
    ensemble: Ensemble,
    vault: Vault,
    predictor: Predictor,
    *,
    seed: int,
    tick: Callable[[float], None] | None = None,
) -> Verdict:
    """Open the vault and judge the ensemble, one net, the traditional pipeline, chance.

    Args:
        dataset: The open rows; what their targets say of any row is chance.
        ensemble: Names a net of the best member and the best traditional member, with temperatures.
        vault: The sealed rows; opened here, for the only time in this sitting.
        predictor: Answers for every part of the ensemble and of those two.
        seed: Seed of resampling.
        tick: Told the share of the vault that is answered.

    Raises:
        RunError: The vault was opened before.
    """
    opened = datetime.now(UTC).isoformat(timespec="seconds")
    content = vault.open()
    parts = predictor.part_probabilities(content.rows, tick=tick)
    answers = _answers(dataset, ensemble, predictor, parts, len(content.targets))
    metric = dataset.problem.metric
    metrics = _metrics(target_of(dataset.problem), metric, dataset.classes)
    n = len(content.targets)
    times = int(np.clip(_CELLS / n, 200, 1000))
    drawn = draws(n, times, np.random.default_rng(seed), content.groups)
    systems = {
        word: System(
            name=name,
            probabilities=probabilities,
            scores=intervals(
                metrics,
                probabilities,
                content.targets,
                drawn=drawn,
                vocabulary=dataset.classes,
            ),
        )
        for word, (name, probabilities) in answers.items()
    }
    tests = tuple(
        paired(
            metric_of(metric, dataset.classes),
            (a, systems[a].probabilities),
            (b, systems[b].probabilities),
            content.targets,
            drawn=drawn,
        )
        for a, b in _PAIRS
        if a in systems and b in systems
    )
    scores = {word: system.scores[metric] for word, system in systems.items()}
    return Verdict(
        metric=metric,
        systems=systems,
        tests=tests,
        words=verdict_words(metric, scores, tests),
        groups=drawn.units if drawn.groups is not None else None,
        caution=_caution(content, drawn),
        content=content,
        opened=opened,
        origin=vault.origin,
    )


def _caution(content: VaultContent, drawn: Draws) -> str:
    """What is to be said of few groups, or of one."""
    if drawn.groups is None:
        groups = len(content.targets) if content.groups is None else len(np.unique(content.groups))
        return ONE_GROUP if groups == 1 < len(content.targets) else ""
    return FEW_GROUPS.format(drawn.units) if drawn.units < _FEW else ""


def _answers(
    dataset: Dataset,
    ensemble: Ensemble,
    predictor: Predictor,
    parts: dict[str, FloatArray],
    n: int,
) -> dict[str, tuple[str, FloatArray]]:
    """System -> (its name in words, answers (n, ...))."""
    kind = target_of(dataset.problem)
    answers = {"ensemble": (_mixture(ensemble), predictor.pool(parts))}
    for word, name in (
        ("best_single", ensemble.best_single),
        ("traditional", ensemble.best_traditional),
    ):
        if name is not None:
            answers[word] = (name, _alone(name, parts, ensemble, kind))
    blind = kind.chance(
        dataset.targets, len(dataset.classes), dataset.problem.metric, dataset.classes
    )
    what = "class frequencies" if kind.classes else "the best answer that ignores the input"
    answers["chance"] = (what, np.broadcast_to(blind, (n, *blind.shape)))
    return answers


def _mixture(ensemble: Ensemble) -> str:
    count = len(ensemble.weights)
    return f"{count} members, weighted" if count > 1 else next(iter(ensemble.weights))


def _alone(
    name: str, parts: dict[str, FloatArray], ensemble: Ensemble, kind: TargetKind
) -> FloatArray:
    """A part (`member/fold`) or the mixture of a member's parts, at the member's temperature.

    Rare words are favoured as in the ensemble, or that would win by it alone.
    """
    member = name.partition("/")[0]
    own = [p for part, p in parts.items() if part == name or part.startswith(f"{name}/")]
    pooled = kind.settled(np.mean([kind.addable(one) for one in own], axis=0))
    return kind.shifted(
        kind.apply_temperature(pooled, ensemble.temperatures[member]), ensemble.shift
    )


def _metrics(kind: TargetKind, metric: str, vocabulary: tuple[str, ...]) -> tuple[str, ...]:
    # Without spans, spans are single tokens, and their F1 is the accuracy told again.
    usual = [word for word in kind.shown if word != SPANS or has_spans(vocabulary)]
    if "top5" in kind.metrics and len(vocabulary) > 10:
        usual.insert(1, "top5")
    return tuple(usual) if metric in usual else (metric, *usual)
