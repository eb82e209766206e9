"""Does the planner choose well? Its choice beside a hand-made grid, at the same budget.

    python benchmarks/planner/run.py [--data DIR] [--only cifar10:2m digits ...]

Cells that stand in results.jsonl are not run again, so a stopped benchmark goes on where it was.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from typing import TYPE_CHECKING

from benchmarks import harness, plans, record, series
from benchmarks.planner.page import PLANNER, page
from benchmarks.plans import Choice
from benchmarks.series import Cell, Result
from fivefold.plumbing.clock import seconds

if TYPE_CHECKING:
    from benchmarks.harness import Prepare

HERE = Path(__file__).resolve().parent

# By hand, before the planner was asked: what a person who knows the data would try.
GRID: dict[str, dict[str, tuple[Choice, ...]]] = {
    "cifar10": {
        "30s": (
            Choice(width=0.5, side=24),
            Choice(width=0.5, side=32),
            Choice(width=1.0, side=24),
            Choice(width=1.0, side=32),
            Choice(width=0.5, side=32, nets=2),
        ),
        "2m": (
            Choice(width=0.5, side=32),
            Choice(width=1.0, side=32),
            Choice(width=1.5, side=32),
            Choice(width=0.5, side=32, nets=3),
            Choice(width=1.0, side=32, nets=2),
        ),
        "8m": (
            Choice(width=0.5, side=32),
            Choice(width=1.0, side=32),
            Choice(width=1.5, side=32),
            Choice(width=2.0, side=32),
            Choice(width=1.0, side=32, nets=2),
        ),
    },
    "flowers12": {
        "30s": (
            Choice(width=0.5, side=64),
            Choice(width=0.5, side=96),
            Choice(width=0.5, side=64, nets=3),
            Choice(width=0.5, side=64, nets=5),
            Choice(width=0.5, side=96, nets=5),
        ),
        "2m": (
            Choice(width=1.0, side=128),
            Choice(width=0.5, side=64, nets=5),
            Choice(width=0.5, side=96, nets=5),
            Choice(width=1.0, side=96, nets=5),
            Choice(width=1.0, side=128, nets=2),
        ),
        "8m": (
            Choice(width=0.5, side=96, nets=5),
            Choice(width=1.0, side=96, nets=5),
            Choice(width=1.0, side=128, nets=5),
            Choice(width=1.5, side=128, nets=5),
            Choice(width=1.0, side=128, nets=2),
        ),
    },
    "digits": {
        "30s": (
            Choice(width=0.5, side=16),
            Choice(width=0.5, side=8, nets=5),
            Choice(width=0.5, side=16, nets=5),
            Choice(width=1.0, side=16, nets=2),
            Choice(width=1.0, side=16, nets=5),
        ),
        "2m": (
            Choice(width=0.5, side=16, nets=5),
            Choice(width=1.0, side=16, nets=5),
            Choice(width=2.0, side=16, nets=5),
            Choice(width=1.0, side=24, nets=5),
            Choice(width=1.0, side=16, nets=10),
        ),
        "8m": (
            Choice(width=1.0, side=16, nets=5),
            Choice(width=2.0, side=16, nets=5),
            Choice(width=2.0, side=24, nets=5),
            Choice(width=1.0, side=16, nets=15),
        ),
    },
}


def cells(folder: Path) -> list[Cell]:
    """The planner and the grid on every data set, at every budget."""
    found = []
    for name, budgets in GRID.items():
        for budget, choices in budgets.items():
            cell = partial(_cell, folder, name, budget)
            found.append(cell(PLANNER, plans.by_planner(), None))
            found += [cell(str(c), plans.by_hand(c), c.nets) for c in choices]
    return harness.present(found, folder)


def _cell(
    folder: Path, name: str, budget: str, who: str, prepare: Prepare, nets: int | None
) -> Cell:
    def measure(seed: int) -> Result:
        arena = harness.opened(name, folder)
        return harness.play(arena, seconds(budget), prepare, nets=nets, seed=seed)

    return Cell(name=f"{name}:{budget}:{who}", data=name, measure=measure)


def main() -> None:
    """Measure every cell that has no result yet."""
    asked = series.arguments("Does the planner choose well?", HERE).parse_args()
    series.run(asked, cells(record.data_folder(asked.data)), page)


if __name__ == "__main__":
    main()
