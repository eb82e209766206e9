"""Features x classifiers against each other on small slices; and what a bigger fit will cost.

Axes: N rows, F features, K classes, J classes seen in training.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.pipeline import Pipeline

from fivefold.contracts.records import Dataset
from fivefold.contracts.rows import FloatArray, IntArray
from fivefold.plumbing.clock import Clock
from fivefold.scores.metrics import metric
from fivefold.targets import target_of
from fivefold.traditional.classifiers import Classifier
from fivefold.traditional.describing import Described, cores
from fivefold.traditional.ways import Calibration, Way

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fivefold.contracts.roles import TraditionalFeatures

_CAUTION = 1.3  # a cost foretold from a smaller fit is counted this many times
_JUDGES = 2_000  # validation rows that a race is judged on
_FINER = 4  # each round of the race has this many times the rows of the last


@dataclass(frozen=True, slots=True)
class Candidate:
    """Features and the classifier behind them."""

    features: tuple[str, ...]
    classifier: Classifier

    @property
    def name(self) -> str:
        """For example `colour+hog+svm`."""
        return "+".join((*self.features, self.classifier.word))


@dataclass(frozen=True, kw_only=True, slots=True)
class Fitted:
    """A candidate fitted to some rows of one fold, what it answered, and what that cost.

    Attributes:
        candidate: What was fitted.
        model: The fitted pipeline.
        rows: Number of rows it was fitted to.
        judged: (N,) rows of the data set it answered.
        raw: (N, ...) its raw answers.
        fit_seconds: Cost of the fit.
        row_seconds: Wall-clock of answering one row beside whatever else was fitted.
        row_seconds_alone: Processor time of it. Fits hold Python's lock by turns, so with many
            cores the wall-clock is a multiple, and nobody fits when the vault's rows are answered.
    """

    candidate: Candidate
    model: Pipeline
    rows: int
    judged: IntArray
    raw: FloatArray
    fit_seconds: float
    row_seconds: float
    row_seconds_alone: float

    def foretell(self, rows: int, answers: int, later: int = 0) -> float:
        """Seconds that fitting to `rows` rows and answering will take.

        Args:
            rows: Rows of the fit.
            answers: Rows that are answered beside other fits.
            later: Rows that are answered when all fits are done.
        """
        grown = rows / self.rows
        answering = self.row_seconds * answers + self.row_seconds_alone * later
        answering *= grown if self.candidate.classifier.kernel else 1
        return _CAUTION * (self.fit_seconds * grown**self.candidate.classifier.growth + answering)

    def affordable(self, seconds: float, answers: int, most: int, later: int = 0) -> int:
        """The most rows, up to `most`, whose fit and answers fit into `seconds`; at least 1."""
        rows = min(most, self.candidate.classifier.most_rows)
        while rows > 1 and self.foretell(rows, answers, later) > seconds:
            rows = int(rows * 0.9)
        return rows


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """Where candidates are fitted: the described rows, and the clock.

    Attributes:
        dataset: The open rows.
        described: Their features.
        orders: For each fold, the rows it trains on, in an order of which every beginning is
            stratified.
        clock: Counts the time down.
        seed: Seed of all fits.
        way: How features come to answers.
        strata: For every row of the data set, which it is alike to.
    """

    dataset: Dataset
    described: Described
    orders: tuple[IntArray, ...]
    clock: Clock
    seed: int
    way: Way
    strata: IntArray

    def fit(self, candidate: Candidate, fold: int, rows: int, judged: IntArray) -> Fitted:
        """Fit to the first `rows` rows of a fold's order and answer the rows `judged`."""
        chosen = self.orders[fold][:rows]
        start = time.monotonic()  # costs outlive a stop, at which the clock jumps to its end
        model = self.way.fit(
            candidate.classifier,
            self.described.take(candidate.features, chosen),
            self.dataset.targets[chosen],
            seed=self.seed,
            categories=self.described.codes(candidate.features),
        )
        fitted, busy = time.monotonic(), time.thread_time()
        found = self.way.raw(model, self.described.take(candidate.features, judged))
        alone = time.thread_time() - busy
        return Fitted(
            candidate=candidate,
            model=model,
            rows=len(chosen),
            judged=judged,
            raw=found,
            fit_seconds=fitted - start,
            row_seconds=(time.monotonic() - fitted) / len(judged),
            row_seconds_alone=alone / len(judged),
        )

    def merit(self, fitted: Fitted) -> tuple[float, float]:
        """The higher the better: the problem's metric, then the target's loss when calibrated."""
        problem, kind = self.dataset.problem, target_of(self.dataset.problem)
        targets = self.dataset.targets[fitted.judged]
        known = Calibration(spread=self.way.spread(fitted.raw, targets))
        answers = self.way.answers(fitted.raw, fitted.model, known)
        answers = kind.apply_temperature(answers, kind.fit_temperature(answers, targets))
        judge = metric(problem.metric, self.dataset.classes)
        score = judge.function(answers, targets)
        loss = metric(kind.loss).function(answers, targets)
        return score if judge.higher_is_better else -score, -loss


def together(jobs: Sequence[Callable[[], Fitted]]) -> list[Fitted]:
    """Run jobs side by side in threads, one per core: the fits leave Python's lock."""
    threads = ThreadPoolExecutor(cores())
    try:
        return [done.result() for done in [threads.submit(job) for job in jobs]]
    finally:
        threads.shutdown(wait=False, cancel_futures=True)  # who interrupts does not wait for fits


def stratified(strata: IntArray, rng: np.random.Generator) -> IntArray:
    """An order of rows (N,) of which every beginning holds the classes in their shares.

    One row of every class comes first, so that no beginning as long as K lacks a class.
    """
    order = rng.permutation(len(strata))
    by_class = order[np.argsort(strata[order], kind="stable")]
    counts = np.bincount(strata)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    rank = np.arange(len(strata)) - first[strata[by_class]]
    place = (rank + rng.random(len(strata))) / counts[strata[by_class]]
    place[rank == 0] -= 1.0
    return by_class[np.argsort(place, kind="stable")]


def candidates(blocks: Sequence[TraditionalFeatures], way: Way) -> tuple[Candidate, ...]:
    """Every entrant on all features that it suits first, then on each of them for itself."""
    entrants = [one for one in way.entrants.values() if way.outputs <= one.most_classes]
    suited = [
        (tuple(block.name for block in blocks if _suits(one, block, entrants)), one)
        for one in entrants
    ]
    together = [Candidate(names, one) for names, one in suited if names]
    alone = [
        Candidate((block.name,), one)
        for block in blocks
        for names, one in suited
        if block.name in names and len(names) > 1
    ]
    return (*together, *alone)


def _suits(one: Classifier, block: TraditionalFeatures, entrants: Sequence[Classifier]) -> bool:
    """Whether an entrant is worth trying on features: one that they name, or, without any, most."""
    named = [other.word for other in entrants if other.word in block.classifiers]
    return one.word in named if named else not one.on_request


def first_rows(classes: int) -> int:
    """Rows of the race's first round."""
    return max(500, 8 * classes)


def race(bench: Bench, entrants: Sequence[Candidate], until: float) -> list[Fitted]:
    """Fit candidates to ever more rows of the first fold while there is time; best first.

    Args:
        bench: Where they are fitted.
        entrants: Who takes part, the most promising first; the first is always tried.
        until: Time on the bench's clock at which no further fit is begun.
    """
    order = bench.orders[0]
    judged = np.flatnonzero(bench.dataset.folds == 0)
    judged = np.sort(judged[stratified(bench.strata[judged], _rng(bench))][:_JUDGES])
    rows = min(len(order), first_rows(len(bench.dataset.classes)))
    tried = _round(bench, entrants, rows, judged, until)
    standing = tried
    while rows < len(order) and len(standing) > 1:
        rows = min(rows * _FINER, len(order))
        room = (until - bench.clock.used()) * cores()
        promising = _affordable(standing[: max(4, len(standing) // 3)], rows, len(judged), room)
        if len(promising) < 2:
            break
        standing = _round(bench, promising, rows, judged, until)
        again = {f.candidate for f in standing}
        tried = standing + [f for f in tried if f.candidate not in again]
    return tried


def _affordable(ranked: list[Fitted], rows: int, answers: int, room: float) -> list[Candidate]:
    """Those of the ranked, from the best on, whose next fits together cost less than `room`."""
    chosen = []
    for fitted in ranked:
        cost = fitted.foretell(rows, answers)
        if cost < room:
            room -= cost
            chosen.append(fitted.candidate)
    return chosen


def _round(
    bench: Bench, entrants: Sequence[Candidate], rows: int, judged: IntArray, until: float
) -> list[Fitted]:
    """Fit the entrants wave by wave, leaving out those that are likely to end too late."""
    done: list[Fitted] = []
    waiting = list(entrants)
    typical = 0.0  # slowest wave so far, for a classifier of effort 1
    while waiting:
        room = until - bench.clock.used()
        if done:
            waiting = [c for c in waiting if typical * c.classifier.effort < room]
        wave, waiting = waiting[: cores()], waiting[cores() :]
        began = bench.clock.used()
        done += together([_job(bench, one, rows, judged) for one in wave])
        effort = max((one.classifier.effort for one in wave), default=1.0)
        typical = max(typical, (bench.clock.used() - began) / effort)
    return sorted(done, key=bench.merit, reverse=True)


def _job(bench: Bench, candidate: Candidate, rows: int, judged: IntArray) -> Callable[[], Fitted]:
    return lambda: bench.fit(candidate, 0, min(rows, candidate.classifier.most_rows), judged)


def _rng(bench: Bench) -> np.random.Generator:
    return np.random.default_rng(bench.seed)
