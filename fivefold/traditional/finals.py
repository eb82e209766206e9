"""The best of the race, fitted to every fold on as many rows as the time left allows, and saved.

Axes: N open rows, K classes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fivefold.contracts.records import Fold, Member
from fivefold.contracts.roles import TraditionalFeatures
from fivefold.contracts.rows import FloatArray, IntArray
from fivefold.scores.metrics import metric
from fivefold.targets import target_of
from fivefold.traditional.answers import Card, part_file, save_card
from fivefold.traditional.describing import cores
from fivefold.traditional.race import Bench, Candidate, Fitted, first_rows, together
from fivefold.traditional.saving import save_model
from fivefold.traditional.ways import Calibration

if TYPE_CHECKING:
    from collections.abc import Callable


MEMBERS = 3
_RESERVE = 0.05  # share of the whole time kept for calibrating and saving
_LEAP = 8  # no fit has more than this many times the rows of the one its cost is foretold from
_GROWTH = 1.5  # nor is one repeated for less than this many times its rows


@dataclass(frozen=True, slots=True)
class Finals:
    """Fits finalists to all folds.

    Attributes:
        bench: Where they are fitted.
        blocks: The features, as they learned.
        costs: Name of the features -> seconds per row on one core.
        folder: The run's folder for training.
        later_rows: Rows to be answered later; their cost counts as if it were due now.
    """

    bench: Bench
    blocks: tuple[TraditionalFeatures, ...]
    costs: dict[str, float]
    folder: Path
    later_rows: int
    _judged: dict[int, IntArray] = field(init=False)

    def __post_init__(self) -> None:
        dataset = self.bench.dataset
        judged = {fold: np.flatnonzero(dataset.folds == fold) for fold in range(dataset.n_folds)}
        object.__setattr__(self, "_judged", judged)

    def play(
        self, ranked: list[Fitted], tick: Callable[[float], None] | None
    ) -> tuple[tuple[Member, ...], tuple[str, ...]]:
        """Fit, calibrate and save the best of each classifier, three at most, best first.

        Args:
            ranked: The race's outcome, best first.
            tick: Told the share (0 to 1) that is done.
        """
        picks = self._picks(ranked)
        beside = max(1, cores() // len(self._judged))  # finalists that fit side by side
        members: list[Member] = []
        notes: list[str] = []
        clock = self.bench.clock
        for start in range(0, len(picks), beside):
            group = picks[start : start + beside]
            more = start + beside < len(picks)
            left = clock.left() - _RESERVE * clock.budget
            until = clock.used() + left * (0.6 if more else 1.0)
            if members and not self._worthwhile(group, left):
                notes += [
                    f"{one.candidate.name}: not fitted to all folds, no time" for one in group
                ]
                continue
            members += [self._member(parts) for parts in self._fit(group, until)]
            if tick:
                tick(min(1.0, (start + beside) / len(picks)))
        word = self.bench.dataset.problem.metric
        members.sort(key=lambda m: m.score, reverse=metric(word).higher_is_better)
        return tuple(members), tuple(notes)

    def _picks(self, ranked: list[Fitted]) -> list[Fitted]:
        """The best of each classifier: members that differ pool better than ones that agree."""
        best: dict[str, Fitted] = {}
        for fitted in ranked:
            best.setdefault(fitted.candidate.classifier.word, fitted)
        return list(best.values())[:MEMBERS]

    def _worthwhile(self, group: list[Fitted], seconds: float) -> bool:
        """Whether all folds can be fitted to at least the rows of the race."""
        waves = -(-len(self._judged) * len(group) // cores())
        judged, later = len(self._judged[0]), self.later_rows
        return all(f.foretell(f.rows, judged, later) * waves < seconds for f in group)

    def _least(self, known: Fitted) -> int:
        """Rows worth fitting to at any time: those of the race's first round, which were cheap."""
        return min(known.rows, first_rows(len(self.bench.dataset.classes)))

    def _fit(self, group: list[Fitted], until: float) -> list[list[Fitted]]:
        """The parts of each finalist, on as many rows as fit into the time, wave by wave."""
        latest = list(group)
        parts: list[list[Fitted]] = [[] for _ in group]
        width = max(1, cores() // len(group))
        folds = list(self._judged)
        for start in range(0, len(folds), width):
            wave = folds[start : start + width]
            waves = -(-(len(folds) - start) // width)
            each = (until - self.bench.clock.used()) / waves
            jobs = [partial(self._part, one, fold, each) for one in latest for fold in wave]
            done = together(jobs)
            for i in range(len(group)):
                parts[i] += done[i * len(wave) : (i + 1) * len(wave)]
                latest[i] = parts[i][-1]
        return parts

    def _part(self, known: Fitted, fold: int, seconds: float) -> Fitted:
        """One fold of a finalist within `seconds`, its cost foretold from a fit that is known.

        Every fit tells more about the cost of the next: where one turns out cheap, it is
        made again on more rows. The first is made however late it is.
        """
        clock, judged = self.bench.clock, self._judged[fold]
        most = min(len(self.bench.orders[fold]), known.candidate.classifier.most_rows)
        until = clock.used() + seconds
        rows = known.affordable(until - clock.used(), len(judged), most, self.later_rows)
        rows = min(most, max(rows, self._least(known)))
        while True:
            rows = min(rows, _LEAP * known.rows)
            known = self.bench.fit(known.candidate, fold, rows, judged)
            rows = known.affordable(until - clock.used(), len(judged), most, self.later_rows)
            if rows < _GROWTH * known.rows:
                return known

    def _member(self, parts: list[Fitted]) -> Member:
        """Calibrate, save and record a finalist.

        One temperature is learned from the answers of all folds; it is the only number that
        validation rows give to a member.
        """
        dataset, candidate = self.bench.dataset, parts[0].candidate
        kind, rows = target_of(dataset.problem), np.flatnonzero(dataset.folds >= 0)
        spread = self._spread(parts)
        answers = self._calibrated(parts, Calibration(spread=spread))
        temperature = kind.fit_temperature(answers, dataset.targets[rows])
        calibration = Calibration(temperature=temperature, spread=spread)
        answers = self._calibrated(parts, calibration)
        judge = metric(dataset.problem.metric, dataset.classes).function
        files = [part_file(candidate.name, fold) for fold in self._judged]
        numbers = [
            save_model(part.model, self.folder / file)
            for part, file in zip(parts, files, strict=True)
        ]
        self._save_card(candidate, parts, calibration)
        return Member(
            name=candidate.name,
            kind="traditional",
            net=" + ".join(candidate.features) + ", then " + candidate.classifier.word,
            recipe=None,
            parts=tuple(
                Fold(
                    fold=fold,
                    file=file,
                    score=judge(
                        answers[np.searchsorted(rows, part.judged)], dataset.targets[part.judged]
                    ),
                    seconds=part.fit_seconds,
                    epochs=1.0,
                )
                for fold, file, part in zip(self._judged, files, parts, strict=True)
            ),
            parameters=max(numbers),
            score=judge(answers, dataset.targets[rows]),
            seconds=sum(part.fit_seconds for part in parts),
            answers=answers,
            rows=rows,
        )

    def _spread(self, parts: list[Fitted]) -> tuple[float, ...]:
        """How far the parts' raw answers are off, each fold counted by its rows."""
        targets = self.bench.dataset.targets
        found = np.array([self.bench.way.spread(p.raw, targets[p.judged]) for p in parts])
        rows = np.array([len(part.judged) for part in parts])
        return tuple(np.sqrt(np.average(found**2, axis=0, weights=rows)).tolist())

    def _calibrated(self, parts: list[Fitted], calibration: Calibration) -> FloatArray:
        """Answers (V, ...) of the rows with a fold, each by the part that has not seen it."""
        found = [self.bench.way.answers(part.raw, part.model, calibration) for part in parts]
        judged = np.concatenate([part.judged for part in parts])
        return np.concatenate(found)[np.argsort(judged)]

    def _save_card(
        self, candidate: Candidate, parts: list[Fitted], calibration: Calibration
    ) -> None:
        costs = {name: self.costs[name] for name in candidate.features}
        answering = sum(part.row_seconds_alone for part in parts)
        card = Card(
            input=self.bench.dataset.problem.kind,
            shape=self.bench.dataset.shape,
            features=costs,
            classes=len(self.bench.dataset.classes),
            temperature=calibration.temperature,
            spread=calibration.spread,
            target=self.bench.dataset.problem.target.kind,
            answer_seconds=answering,
            seconds_per_row=sum(costs.values()) / cores() + answering,
        )
        blocks = [block for block in self.blocks if block.name in candidate.features]
        save_card(self.folder, candidate.name, card, blocks)
