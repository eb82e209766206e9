"""The plan of a run with a fixed number of steps: nothing in it is timed, so it is repeatable."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fivefold.contracts.records import Plan
from fivefold.step4_train.plan import lines_of
from fivefold.step4_train.recipes import candidates, train_rows, wanted_epochs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fivefold.contracts.orders import Launcher
    from fivefold.contracts.records import Dataset, Recipe
    from fivefold.step4_train.recipes import Wish


def plan_of_steps(dataset: Dataset, launchers: Sequence[Launcher], steps: int, wish: Wish) -> Plan:
    """The largest net that `steps` show enough pictures; as many as were asked for, or as folds.

    Args:
        dataset: Open rows.
        launchers: Where nets can run; the last has the most company, and that is taken.
        steps: Of every net.
        wish: What the user asked.
    """
    ladder = [_counted(dataset, recipe, steps) for recipe in candidates(dataset, wish)]
    enough = [one for one in ladder if one.epochs >= wanted_epochs(dataset, one)]
    recipe = (enough or ladder[:1])[-1]
    size = "x".join(map(str, recipe.size)) or "-"
    why = (
        f"{steps:,} steps a net, as asked: {recipe.epochs:.1f} passes (width {recipe.width:g} "
        f"wants {wanted_epochs(dataset, recipe):.1f}), size {size}"
    )
    nets = wish.nets or dataset.n_folds
    return Plan(
        lines=lines_of(recipe, nets, dataset.n_folds, seconds=0.0, why=why, steps=steps),
        slots=launchers[-1].slots,
    )


def _counted(dataset: Dataset, recipe: Recipe, steps: int) -> Recipe:
    rows = train_rows(dataset)
    return replace(recipe, epochs=round(steps * min(recipe.batch, rows) / max(1, rows), 1))
