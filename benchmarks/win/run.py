"""Measure `fivefold win` on pictures as its user meets it: one fresh process, wall-clock.

    python benchmarks/win/run.py [--data DIR] [--only cifar10-5m ...]

Rows that stand in results.jsonl are not run again, so a stopped benchmark goes on where it was.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks import commands, record
from benchmarks.commands import Row

HERE = Path(__file__).resolve().parent

ROWS = (
    Row(name="digits-1m", data=None, budget=60, floor=0.98, aim=0.99),
    Row(name="cifar10-5m", data="cifar10/cifar10.tar.gz", budget=300, floor=0.86, aim=0.90),
    Row(name="cifar10-20m", data="cifar10/cifar10.tar.gz", budget=1200, floor=0.90, aim=0.925),
    Row(name="flowers12-5m", data="flowers12/flowers12.zip", budget=300, floor=0.80, aim=0.88),
)


def results_page(results: list[dict[str, Any]]) -> str:
    """RESULTS.md: the newest result of every row, rows without one said to be missing."""
    newest = commands.newest(results)
    lines = [commands.line(row, newest.get(row.name)) for row in ROWS]
    return (
        "# fivefold win, measured\n\n"
        "Written by `python benchmarks/win/run.py`; do not edit. Accuracy on the sealed test rows "
        "with 95 % intervals; wall-clock of the whole command, decoding and report included.\n\n"
        + record.table(commands.HEAD, lines)
        + commands.machines(list(newest.values()))
    )


if __name__ == "__main__":
    commands.main(ROWS, results_page, here=HERE, about=__doc__.splitlines()[0])
