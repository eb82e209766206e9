"""What do several nets cost, and when are they worth it?

    python benchmarks/fleet/run.py [--part ratio stacked table] [--data DIR] [--only cifar10:1m ...]

ratio: the time of four equal nets, over four times the time of one. stacked: the same for a step
of nets whose parameters are one stack. table: at equal wall-clock, one longer-trained net beside 2,
beside 5 and beside 5 snapshots of one run. Cells that stand in results.jsonl are not run again.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from typing import TYPE_CHECKING

from benchmarks import harness, plans, record, series
from benchmarks.fleet import ratio, snapshots, stacked
from benchmarks.fleet.page import RATIO, SNAPSHOTS, STACKED, page
from benchmarks.fleet.ratio import ONE_SECONDS
from benchmarks.fleet.stacked import ROUND_SECONDS
from benchmarks.plans import Choice
from benchmarks.series import Cell, Result
from fivefold.plumbing.clock import seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.harness import Arena

HERE = Path(__file__).resolve().parent
PARTS = (RATIO, STACKED, "table")
SIZES = {
    "digits": (Choice(width=0.5, side=16), Choice(width=2.0, side=16)),
    "cifar10": (Choice(width=0.5, side=32), Choice(width=1.0, side=32), Choice(width=2.0, side=32)),
    "flowers12": (Choice(width=0.5, side=64), Choice(width=1.0, side=96)),
}
TABLE_DATA = ("cifar10", "flowers12")
TABLE_BUDGETS = ("1m", "5m", "20m")
TABLE_NETS = (1, 2, 5)
PIECES = 5  # snapshots of one run


def ratio_cells(folder: Path, slots: int | None, seconds: float = ONE_SECONDS) -> list[Cell]:
    """Four nets beside one, for nets of several sizes; `slots` None takes one per core."""
    asked = "" if slots is None else f":{slots}slots"
    work = partial(ratio.measure, slots=slots, one_seconds=seconds)
    return _sized_cells(folder, RATIO, work, asked)


def stacked_cells(folder: Path, seconds: float = ROUND_SECONDS) -> list[Cell]:
    """The same nets as one stack."""
    return _sized_cells(folder, STACKED, partial(stacked.measure, seconds=seconds))


def _sized_cells(
    folder: Path, word: str, work: Callable[[Arena, Choice], Result], asked: str = ""
) -> list[Cell]:
    def cell(name: str, choice: Choice) -> Cell:
        def measure(seed: int) -> Result:
            del seed  # a time, not a score
            return work(harness.opened(name, folder), choice)

        size = f"w{choice.width:g}-{choice.side}px"
        return Cell(name=f"{word}:{name}:{size}{asked}", data=name, measure=measure)

    return [cell(name, c) for name, sizes in SIZES.items() for c in sizes]


def table_cells(folder: Path) -> list[Cell]:
    """One net beside several in the same time, and beside snapshots of one."""
    found = []
    for name in TABLE_DATA:
        for budget in TABLE_BUDGETS:
            found += [_planned(folder, name, budget, nets) for nets in TABLE_NETS]
            found.append(_snapshots(folder, name, budget))
    return found


def _planned(folder: Path, name: str, budget: str, nets: int) -> Cell:
    def measure(seed: int) -> Result:
        arena = harness.opened(name, folder)
        prepare = plans.by_planner(nets)
        return harness.play(arena, seconds(budget), prepare, nets=nets, seed=seed)

    return Cell(name=f"{name}:{budget}:planned-{nets}", data=name, measure=measure)


def _snapshots(folder: Path, name: str, budget: str) -> Cell:
    def measure(seed: int) -> Result:
        return snapshots.play(harness.opened(name, folder), seconds(budget), PIECES, seed)

    return Cell(name=f"{name}:{budget}:{SNAPSHOTS}-{PIECES}", data=name, measure=measure)


def main() -> None:
    """Measure every cell that has no result yet."""
    parser = series.arguments("What do several nets cost, and when are they worth it?", HERE)
    parser.add_argument("--part", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--slots", type=int, help="nets side by side for the ratio")
    parser.add_argument("--one-seconds", type=float, default=ONE_SECONDS, help="of a net alone")
    parser.add_argument("--seconds", type=float, default=ROUND_SECONDS, help="of a stack's round")
    asked = parser.parse_args()
    folder = record.data_folder(asked.data)
    found = ratio_cells(folder, asked.slots, asked.one_seconds) if RATIO in asked.part else []
    found += stacked_cells(folder, asked.seconds) if STACKED in asked.part else []
    found += table_cells(folder) if "table" in asked.part else []
    series.run(asked, harness.present(found, folder), page)


if __name__ == "__main__":
    main()
