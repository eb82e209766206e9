"""Whose plan is played: the planner's own or a hand-made one.

A plan that is not the planner's is prepared outside its budget.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchmarks.harness import training_rows
from fivefold.contracts.records import Plan, PlanLine, Recipe, Timing
from fivefold.step4_train import plan_nets
from fivefold.step4_train.plan import answering_within

if TYPE_CHECKING:
    from benchmarks.harness import Arena, MakePlan, Prepare, Stand

BATCHES = {"cifar10": 512, "flowers12": 32, "digits": 64}
LOW, LOW_SHARE = 0.75, 0.45  # the first 45 % of the time at three quarters of the side
LEAST_LOW = 24  # pixels; smaller pictures are trained at one size
TIMED_SECONDS = 4.0  # for a hand-made recipe, outside its budget


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A hand-made recipe, the same for every net of a cell.

    Attributes:
        width: Of the convnet.
        side: Pixels of the shorter side.
        nets: How many.
        slots: How many side by side; None takes what measures faster.
    """

    width: float
    side: int
    nets: int = 1
    slots: int | None = None

    def __str__(self) -> str:
        slots = "" if self.slots is None else f"-{self.slots}slots"
        return f"w{self.width:g}-{self.side}px-{self.nets}nets{slots}"


def hand_recipe(arena: Arena, choice: Choice, seed: int = 0) -> Recipe:
    """The whole recipe of a choice; nothing of it comes from the planner."""
    height, width, _ = arena.dataset.rows.item_shape
    short = min(height, width)
    size = (round(height * choice.side / short), round(width * choice.side / short))
    recipe = Recipe(
        net="convnet",
        width=choice.width,
        size=size,
        batch=BATCHES[arena.name],
        optimiser="muon",
        rate=0.12,
        seed=seed,
    )
    if choice.side < LEAST_LOW:
        return recipe
    low = tuple(round(side * LOW / 4) * 4 for side in size)
    return replace(recipe, low_size=low, low_share=LOW_SHARE)


def by_planner(nets: int | None = None) -> Prepare:
    """The planner's own choice, its timing inside the budget."""

    def prepare(stand: Stand) -> MakePlan:
        get_ready(stand)
        return lambda share: plan_nets(stand.site, stand.launchers, share, stand.wish(nets))

    return prepare


def by_hand(choice: Choice) -> Prepare:
    """A hand-made plan. It is timed, to know what answering will cost, outside its budget."""

    def prepare(stand: Stand) -> MakePlan:
        get_ready(stand)
        recipe = hand_recipe(stand.arena, choice, stand.seed)
        plan = _plan(stand, recipe, choice.nets, choice.slots)
        return lambda _: plan

    return prepare


def _plan(stand: Stand, recipe: Recipe, nets: int, slots: int | None) -> Plan:
    """A plan of `nets` equal nets, on the launcher that measures faster or as asked."""
    launchers = [one for one in stand.launchers if one.slots <= nets]
    speeds = {one.slots: one.rows_per_second(recipe, seconds=TIMED_SECONDS) for one in launchers}
    best = max(speeds, key=speeds.__getitem__)
    if slots is not None:
        best = min(speeds, key=lambda offered: abs(offered - slots))
    speed, alone = speeds[best], speeds[min(speeds)]
    dataset, wish = stand.arena.dataset, stand.wish(nets)
    each = stand.budget / nets
    answering = answering_within(dataset, wish, speed, each)
    epochs = speed * max(0.0, each - answering.held - answering.vault) / training_rows(dataset)
    recipe = replace(recipe, epochs=round(epochs, 1))
    return Plan(
        lines=lines(recipe, nets, dataset.n_folds, seconds=each),
        timings=(Timing(recipe=recipe, rows_per_second=speed, chosen=True, slots=best),),
        slots=best,
        alone=min(1.0, speed / best / alone),
        held_seconds=answering.held * best,
        vault_seconds=answering_within(dataset, wish, alone, each).vault,
        views=answering.views,
    )


def lines(
    recipe: Recipe,
    nets: int,
    folds: int,
    *,
    seconds: float,
    member: str = "hand",
    steps: int | None = None,
) -> tuple[PlanLine, ...]:
    """Plan lines of equal nets: a member per round of folds, each with a seed of its own.

    Args:
        recipe: Of every net, before its own seed.
        nets: How many.
        folds: Of the data set.
        seconds: Of one net.
        member: How the members' names begin.
        steps: Fixed number of steps of each net; None goes by the clock.
    """
    return tuple(
        PlanLine(
            member=f"{member}-{first // folds + 1}",
            recipe=replace(recipe, seed=recipe.seed + 1000 * (first // folds)),
            seconds=seconds * min(folds, nets - first),
            nets=min(folds, nets - first),
            why="hand-made",
            steps=steps,
        )
        for first in range(0, nets, folds)
    )


def get_ready(stand: Stand) -> None:
    """As in a run, where workers start while the opponent is fitted."""
    for launcher in stand.launchers:
        launcher.get_ready()
