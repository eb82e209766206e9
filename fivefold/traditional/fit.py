"""The traditional opponent within a stated time: describe rows, race, fit the best on all folds.

Axes: N open rows, F features, K classes.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from fivefold import catalog
from fivefold.contracts.records import Member
from fivefold.contracts.roles import TraditionalFeatures
from fivefold.plumbing.clock import Clock
from fivefold.targets import target_of
from fivefold.traditional.describing import (
    LEARNING_ROWS,
    POOL_START,
    Described,
    cores,
    describe,
    measure,
    portion,
)
from fivefold.traditional.finals import Finals
from fivefold.traditional.race import Bench, candidates, race, stratified
from fivefold.traditional.ways import way_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fivefold.contracts.records import Dataset
    from fivefold.contracts.rows import IntArray

DESCRIBING, RACING = 0.4, 0.6  # shares of the time that are over when these stages end
MIN_TRAINED = 500  # rows to train on that are described even when it is late
_NO_WAY = "no traditional member: none of its features answer such a target"
_NUMBERS = 250_000_000  # described numbers (1 GB) that are held at once


@dataclass(frozen=True, kw_only=True, slots=True)
class TraditionalResult:
    """The best members, best first, and what was left out or cut down, in words."""

    members: tuple[Member, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """Which features are used, what they cost, and how many rows they describe.

    Attributes:
        blocks: The features.
        costs: Name -> seconds per row on one core.
        rows: Number of rows to describe, validation rows included.
        notes: What was left out, and why.
    """

    blocks: tuple[TraditionalFeatures, ...]
    costs: dict[str, float]
    rows: int
    notes: tuple[str, ...]


def fit_traditional(
    dataset: Dataset,
    *,
    seconds: float,
    seed: int,
    folder: Path,
    later_rows: int = 0,
    tick: Callable[[float], None] | None = None,
) -> TraditionalResult:
    """Fit the hand-crafted pipeline to all folds within `seconds`; at least one member comes out.

    Args:
        dataset: The open rows; rows of fold f are answered by a part that never saw them.
        seconds: Wall-clock for all of it. Too little for even one small fit is overrun by it.
        seed: Seed of all choices and fits.
        folder: The run's folder for training; files go to `folder/traditional/`.
        later_rows: Rows that will have to be described and answered later (the vault), so that
            nothing is chosen that cannot be paid for then.
        tick: Told the share (0 to 1) of the time that is used.

    Raises:
        OSError: The disk is full or the folder cannot be written.
    """
    clock = Clock(seconds)
    return fit_within(dataset, clock, seed=seed, folder=folder, later_rows=later_rows, tick=tick)


def fit_within(
    dataset: Dataset,
    clock: Clock,
    *,
    seed: int,
    folder: Path,
    later_rows: int = 0,
    tick: Callable[[float], None] | None = None,
) -> TraditionalResult:
    """`fit_traditional` on a clock that is handed in."""
    rng = np.random.default_rng(seed)
    # A fit that is stopped by its number of steps is what a budget asks for; and one thread per
    # fit, since the fits themselves run side by side.
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)
        # With many classes of a few rows each that is so, and a thousand lines of it help nobody.
        warnings.filterwarnings("ignore", "The number of unique classes is greater than 50%")
        way = way_of(dataset.problem.target.kind, len(dataset.classes), dataset.shape)
        choice = choose(dataset, clock, later_rows, rng, per_token=way.per_token) if way else None
        if way is None or choice is None or not choice.blocks:
            return TraditionalResult(members=(), notes=(_NO_WAY,))
        described = _describe(dataset, choice, clock, rng, portion(tick, 0.0, DESCRIBING))
        orders = tuple(_order(dataset, described, fold, rng) for fold in range(dataset.n_folds))
        bench = Bench(
            dataset=dataset,
            described=described,
            orders=orders,
            clock=clock,
            seed=seed,
            way=way,
            strata=_strata(dataset),
        )
        entrants = candidates(choice.blocks, way)
        until = max(clock.used(), clock.budget * RACING)
        ranked = race(bench, entrants, until)
        if tick:
            tick(RACING)
        finals = Finals(bench, choice.blocks, choice.costs, folder, later_rows)
        members, notes = finals.play(ranked, portion(tick, RACING, 1 - RACING))
    missed = (
        ("rows not described", len(dataset.rows) - len(described.positions), len(dataset.rows)),
        ("features x classifiers not tried", len(entrants) - len(ranked), len(entrants)),
    )
    said = tuple(f"{n:,} of {of:,} {what}: no time" for what, n, of in missed if n)
    return TraditionalResult(members=members, notes=(*choice.notes, *said, *notes))


def choose(
    dataset: Dataset,
    clock: Clock,
    later_rows: int,
    rng: np.random.Generator,
    *,
    per_token: bool = False,
) -> Choice:
    """Choose features that the time allows, cheapest first, and how many rows they describe."""
    every = catalog.load("traditional", dataset.problem.kind)(dataset.shape)
    blocks = [block for block in every if block.per_token == per_token]
    looks = [(*measure(block, dataset.rows, rng), block) for block in blocks]
    judged = int((dataset.folds >= 0).sum())
    enough = judged + min(len(dataset.rows) - judged, max(1000, 10 * len(dataset.classes)))
    chosen: list[TraditionalFeatures] = []
    costs: dict[str, float] = {}
    notes: list[str] = []
    numbers = 0
    for cost, width, block in sorted(looks, key=lambda look: look[0]):
        total = cost + sum(costs.values())
        if not width:
            notes.append(f"{block.name}: left out, these items show nothing it describes")
        elif chosen and (
            _capacity(clock, total) < enough or total * later_rows / cores() > clock.budget / 2
        ):
            notes.append(f"{block.name}: left out, {cost * 1e3:.2g} ms a row is too slow here")
        else:
            chosen.append(block)
            costs[block.name] = cost
            numbers += width
    room = min(_capacity(clock, sum(costs.values())), _NUMBERS // max(1, numbers))
    rows = min(len(dataset.rows), max(room, judged + min(1000, enough - judged)))
    order = {block.name: i for i, block in enumerate(blocks)}
    chosen.sort(key=lambda block: order[block.name])
    return Choice(blocks=tuple(chosen), costs=costs, rows=rows, notes=tuple(notes))


def _capacity(clock: Clock, seconds_per_row: float) -> int:
    """Rows that can be described in the time for it, learning included."""
    time = clock.budget * DESCRIBING - clock.used() - LEARNING_ROWS * seconds_per_row
    pooled = (time - POOL_START) * cores()
    return max(0, int(max(time, pooled) / seconds_per_row))


def _describe(
    dataset: Dataset,
    choice: Choice,
    clock: Clock,
    rng: np.random.Generator,
    tick: Callable[[float], None] | None,
) -> Described:
    """Describe all validation rows, then as many of the others as were chosen and time allows."""
    judged = np.flatnonzero(dataset.folds >= 0)
    others = np.flatnonzero(dataset.folds < 0)
    others = others[stratified(_strata(dataset)[others], rng)][: choice.rows - len(judged)]
    positions = np.concatenate([judged, others])
    rows = dataset.rows.select(positions)
    least = min(len(positions), len(judged) + max(MIN_TRAINED, 2 * len(dataset.classes)))
    total = sum(choice.costs.values())
    found, begun = {}, 0.0
    for block in choice.blocks:
        block.learn(rows, rng)
        cost = choice.costs[block.name]
        found[block.name] = describe(
            block,
            rows,
            seconds_per_row=cost,
            tick=portion(tick, begun, cost / total),
            stop=partial(_late, clock, least),
        )
        begun += cost / total
    # One line per row, or one per token.
    each = {b.name: dataset.rows.item_shape[0] if b.per_token else 1 for b in choice.blocks}
    n = min(block.shape[0] // each[name] for name, block in found.items())
    return Described(
        positions=positions[:n],
        blocks={name: block[: n * each[name]] for name, block in found.items()},
        categories={b.name: b.categories for b in choice.blocks if b.categories},
    )


def _strata(dataset: Dataset) -> IntArray:
    return target_of(dataset.problem).strata(dataset.targets)


def _late(clock: Clock, least: int, rows: int) -> bool:
    """Whether enough rows are described and the time for it is over."""
    return rows >= least and clock.used() > clock.budget * DESCRIBING


def _order(dataset: Dataset, described: Described, fold: int, rng: np.random.Generator) -> IntArray:
    """The described rows that a fold trains on, in a stratified order."""
    trained = described.positions[dataset.folds[described.positions] != fold]
    return trained[stratified(_strata(dataset)[trained], rng)]
