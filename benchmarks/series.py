"""Cells that are measured once each: a series that was stopped goes on where it was."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import record

Result = dict[str, Any]
LOUD = 0.1  # cores that others used, from which on a result says so


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One line of a table.

    Attributes:
        name: Parts with `:` between them, the same for every version of the code.
        data: The data set it needs.
        measure: Measures it, with the seed of the nets.
    """

    name: str
    data: str
    measure: Callable[[int], Result]

    def meant(self, only: Sequence[str] | None) -> bool:
        """Whether one of `only` names this cell or the beginning of its name."""
        return only is None or any(f"{self.name}:".startswith(f"{word}:") for word in only)


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """The cells of one benchmark, and what was asked of them.

    Attributes:
        cells: All of them, in the order in which they are measured.
        page: RESULTS.md from all results.
        out: Folder of results.jsonl and RESULTS.md.
        seed: Of the nets.
        only: Names of cells, or the beginnings of such names; None for all.
        again: Also cells that have a result.
    """

    cells: Sequence[Cell]
    page: Callable[[list[Result]], str]
    out: Path
    seed: int = 0
    only: Sequence[str] | None = None
    again: bool = False

    def run(self) -> None:
        """Measure every cell that is asked for and has no result.

        Raises:
            SystemExit: What is asked for is no cell.
        """
        file = self.out / "results.jsonl"
        meant = [cell for cell in self.cells if cell.meant(self.only)]
        if not meant:
            names = ", ".join(cell.name for cell in self.cells)
            raise SystemExit(f"no cell is called {self.only}; there are: {names}")
        here = record.machine(record.circumstances())  # cells of two machines tell nothing together
        known = {_key(result) for result in record.read(file)}
        for cell in meant:
            if not self.again and (cell.name, self.seed, here) in known:
                continue
            print(cell.name, flush=True)
            facts = {"cell": cell.name, "seed": self.seed, **record.circumstances()}
            neighbours = record.Neighbours()
            found = cell.measure(self.seed)
            facts |= {"others_cores": neighbours.cores(), "versions": record.versions()}
            record.append(file, {**facts, **found})
            self.write_page()
        self.write_page()

    def write_page(self) -> None:
        """RESULTS.md from what stands in results.jsonl."""
        page = self.page(record.read(self.out / "results.jsonl"))
        self.out.mkdir(parents=True, exist_ok=True)
        (self.out / "RESULTS.md").write_text(page, encoding="utf-8")


def run(
    asked: argparse.Namespace, cells: Sequence[Cell], page: Callable[[list[Result]], str]
) -> None:
    """Measure the cells of a benchmark as its options say; see `arguments` and `Series`."""
    Series(
        cells=cells, page=page, out=asked.out, seed=asked.seed, only=asked.only, again=asked.again
    ).run()


def newest(results: list[Result]) -> list[Result]:
    """The newest result of every cell and seed on every machine."""
    return list({_key(result): result for result in results}.values())


def _key(result: Result) -> tuple[str, int, str]:
    return result["cell"], result["seed"], record.machine(result)


def score(result: Result, which: str = "accuracy") -> str:
    """A score with its interval, in words."""
    found = result.get(which)
    if found is None:
        return "none"
    return f"{found['value']:.2%} ({found['low']:.2%} to {found['high']:.2%})"


def machines(results: list[Result]) -> str:
    """Processors, versions and neighbours behind results, as lines under a table."""
    lines = sorted({record.machine(r) for r in results})
    lines += sorted({", ".join(f"{k} {v}" for k, v in r["versions"].items()) for r in results})
    dates = sorted(r["date"][:10] for r in results)
    lines += [f"measured {dates[0]} to {dates[-1]}"] if dates else []
    disturbed = sorted(r["cell"] for r in results if (r["others_cores"] or 0.0) > LOUD)
    if disturbed:
        lines.append(f"others used more than {LOUD} cores during: {', '.join(disturbed)}")
    return "".join(f"\n{line}\n" for line in lines)


def arguments(about: str, out: Path) -> argparse.ArgumentParser:
    """The options that every series has."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--data", type=Path, help="folder of data sets; see benchmarks/README.md")
    parser.add_argument("--only", nargs="+", metavar="CELL", help="these, for example cifar10:2m")
    parser.add_argument("--seed", type=int, default=0, help="of the nets")
    parser.add_argument("--again", action="store_true", help="also cells that have a result")
    parser.add_argument("--out", type=Path, default=out, help="folder of the results")
    return parser
