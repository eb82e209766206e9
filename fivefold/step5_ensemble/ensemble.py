"""Step 5: members are selected, pooled and calibrated on validation answers alone.

Axes: M members, N open rows, V rows that all kept members answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fivefold.contracts.ensembles import Ensemble
from fivefold.contracts.rows import answered as rows_answered
from fivefold.plumbing.errors import RunError
from fivefold.scores.metrics import metric
from fivefold.step5_ensemble.selection import Jury, pool, select
from fivefold.step5_ensemble.suspects import suspects_among
from fivefold.targets import target_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fivefold.contracts.records import Dataset, Fleet, Member
    from fivefold.contracts.rows import FloatArray, Targets
    from fivefold.contracts.target_kind import TargetKind

_COVERAGE = 0.15  # of what the best covered member answers: one fold of five is enough
_MOSTLY = 0.75  # where rows are few and others of its kind answer more
_FEW_ROWS = 1_000  # by which members are hardly told apart


def ensemble(dataset: Dataset, fleet: Fleet, *, seed: int) -> Ensemble:
    """Select, pool and calibrate the fleet's members.

    Each member is calibrated alone, or nets trained with smoothed labels would weigh less than
    their answers deserve; members are pooled as a mixture, for classes the weighted mean of their
    probabilities; then one more temperature is applied to the pool. Only rows that every kept
    member answers are used; a member whose answers leave too few rows in common is left out, and
    `notes` says so, and where the rows that are left are few. The loss is cross-fitted: each fifth
    of the rows is judged at a temperature learned from the others.

    Raises:
        RunError: No member answers any row.
    """
    rng = np.random.default_rng(seed)
    members, rows, notes = _comparable(fleet.members, len(dataset.targets))
    kind, word = target_of(dataset.problem), dataset.problem.metric
    jury = Jury(kind, word, dataset.classes)
    targets = dataset.targets[rows]
    raw = {m.name: _answers(m, rows) for m in members}
    alone = {name: kind.fit_temperature(said, targets) for name, said in raw.items()}
    answers = np.stack([kind.apply_temperature(raw[m.name], alone[m.name]) for m in members])
    selection = select(answers, targets, jury, rng)
    pooled = pool(answers, selection.weights, kind)
    temperature = kind.fit_temperature(pooled, targets)
    calibrated = kind.apply_temperature(pooled, temperature)
    shift = kind.fit_shift(calibrated, targets, word)
    final = kind.shifted(calibrated, shift)
    scores = {
        member.name: jury.plain_score(answer, targets)
        for member, answer in zip(members, answers, strict=True)
    }
    deep = _best([m for m in members if m.kind == "deep"], scores, word)
    traditional = _best([m for m in members if m.kind == "traditional"], scores, word)
    return Ensemble(
        weights={
            member.name: float(weight)
            for member, weight in zip(members, selection.weights, strict=True)
            if weight > 0
        },
        temperature=temperature,
        score=jury.plain_score(final, targets),
        log_loss=_cross_fitted_loss(kind, pooled, targets, rng),
        best_single=_usual_part(deep, word) if deep else None,
        best_traditional=traditional.name if traditional else None,
        temperatures=alone,
        sure_above=kind.sure_above(final, targets),
        path=tuple((members[i].name, score) for i, score in selection.path),
        notes=notes,
        shift=shift,
        suspects=suspects_among(dataset, rows, calibrated) if kind.classes else None,
    )


def _comparable(
    fleet: tuple[Member, ...], n: int
) -> tuple[list[Member], NDArray[np.bool_], tuple[str, ...]]:
    """Members with rows in common, the mask (N,) of those rows, and what is to be told of both."""
    answered = {member.name: _answered(member, n) for member in fleet}
    by_coverage = sorted(fleet, key=lambda m: -int(answered[m.name].sum()))
    most = int(answered[by_coverage[0].name].sum()) if by_coverage else 0
    if not most:
        raise RunError(
            found=f"{len(fleet)} members, none with an answer to a validation row",
            wanted="at least one member that was trained and judged",
            hint="give more time with --budget",
        )
    rows = answered[by_coverage[0].name]
    kept: list[Member] = []
    notes = []
    for member in by_coverage:
        common = rows & answered[member.name]
        others = any(one.kind == member.kind for one in kept)
        short = others and common.sum() < min(_FEW_ROWS, _MOSTLY * rows.sum())
        if short or common.sum() < _COVERAGE * most:
            share = f"{int(common.sum()):,} of {most:,}"
            notes.append(f"{member.name}: left out, it answers {share} validation rows")
        else:
            kept.append(member)
            rows = common
    judged = int(rows.sum())
    if judged < min(most, _FEW_ROWS):
        notes.append(
            f"chosen and calibrated by {judged:,} of {most:,} validation rows, those that every "
            "member answers"
        )
    return kept, rows, tuple(notes)


def _answered(member: Member, n: int) -> NDArray[np.bool_]:
    """(N,) which rows of the data set a member answers."""
    found = np.zeros(n, np.bool_)
    found[slice(None) if member.rows is None else member.rows] = rows_answered(member.answers)
    return found


def _answers(member: Member, rows: NDArray[np.bool_]) -> FloatArray:
    """Its answers to rows that it answers, of a mask (N,)."""
    return member.answers[rows if member.rows is None else rows[member.rows]]


def _best(members: list[Member], scores: dict[str, float], word: str) -> Member | None:
    """The best by its score on the common rows."""
    sign = 1.0 if metric(word).higher_is_better else -1.0
    return max(members, key=lambda m: sign * scores[m.name], default=None)


def _usual_part(member: Member, word: str) -> str:
    """`member/fold` of a net of the member: one net, not the mean of its folds.

    Folds are scored on different rows, so that the highest score may be of the easiest rows: the
    middle one is taken, of two the better.
    """
    sign = 1.0 if metric(word).higher_is_better else -1.0
    parts = sorted(member.parts, key=lambda p: sign * p.score)
    return f"{member.name}/{parts[len(parts) // 2].fold}"


def _cross_fitted_loss(
    kind: TargetKind, pooled: FloatArray, targets: Targets, rng: np.random.Generator
) -> float:
    fifth = rng.permutation(len(targets)) % 5
    judged = np.empty_like(pooled)
    for i in np.unique(fifth):
        here = fifth == i
        # With a lone row there are no others: the temperature stays 1.
        temperature = 1.0 if here.all() else kind.fit_temperature(pooled[~here], targets[~here])
        judged[here] = kind.apply_temperature(pooled[here], temperature)
    return metric(kind.loss).function(judged, targets)
