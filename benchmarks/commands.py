"""`fivefold win` as its user meets it, a row of a table a command: fresh process, wall-clock.

Rows that stand in results.jsonl are not run again, so a stopped benchmark goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SLACK_SHARE, SLACK_SECONDS = 0.05, 5.0  # a command may overrun its budget by the larger of them
SYSTEMS = ("ensemble", "best_single", "traditional")
HEAD = ("row", "budget", "wall-clock", "ensemble", "single net", "traditional")
HEAD += ("ensemble against traditional", "floor", "aim", "reached", "seed", "code", "date")


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        name: What `--only` takes.
        data: Below the data folder; None for the embedded digits.
        budget: Seconds given to the command.
        floor: Score on the test rows that has to be reached.
        aim: Score that we want to reach.
        arguments: Further words of the command.
        metric: The score.
        falling: The smaller the score, the better.
    """

    name: str
    data: str | None
    budget: int
    floor: float
    aim: float
    arguments: tuple[str, ...] = ()
    metric: str = "accuracy"
    falling: bool = False

    def reached(self, value: float) -> str:
        """`aim`, `floor` or `no`."""
        sign = -1 if self.falling else 1
        if sign * value >= sign * self.aim:
            return "aim"
        return "floor" if sign * value >= sign * self.floor else "no"


def measure(row: Row, folder: Path, seed: int, run: Path) -> dict[str, Any]:
    """Run one row as a user would, and read what its report says.

    Args:
        row: What to run.
        folder: The data folder.
        seed: For `--seed`.
        run: Run folder; what stands there is removed.

    Returns:
        The result as it goes into results.jsonl.

    Raises:
        SystemExit: The command failed.
    """
    facts = {"row": row.name, "seed": seed, "budget_s": row.budget, **record.circumstances()}
    command = [sys.executable, "-m", "fivefold", "win"]
    command += [] if row.data is None else [str(folder / row.data)]
    command += row.arguments
    command += ["--budget", f"{row.budget}s", "--seed", str(seed), "--out", str(run)]
    shutil.rmtree(run, ignore_errors=True)
    others = record.Neighbours()
    with tempfile.TemporaryDirectory(prefix="fivefold-cache-") as cache:
        environment = {**os.environ, "FIVEFOLD_CACHE": cache}
        begin = time.perf_counter()
        done = subprocess.run(command, cwd=record.ROOT, env=environment, check=False)
        wall = time.perf_counter() - begin
    if done.returncode:
        raise SystemExit(f"{row.name}: fivefold win ended with exit code {done.returncode}")
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    ours = {"wall_s": round(wall, 2), "others_cores": others.cores()}
    return {**facts, **ours, **told(report, row.metric)}


def told(report: dict[str, Any], metric: str = "accuracy") -> dict[str, Any]:
    """What is kept of a report.json."""
    return {
        "used_s": report["used_s"],
        metric: {
            system: report["scores"][system][metric]
            for system in SYSTEMS
            if system in report["scores"]
        },
        "outcome": report["verdict"]["outcome"],
        "nets": sum(len(m["parts"]) for m in report["members"] if m["kind"] == "deep"),
        "vault_rows": report["data"]["vault_rows"],
        "degraded": report["degraded"],
        "versions": report["versions"],
    }


def overrun(result: dict[str, Any]) -> float:
    """Seconds beyond the budget; below zero when the command was early."""
    return float(result["wall_s"] - result["budget_s"])


def late(result: dict[str, Any]) -> bool:
    """Whether the command overran by more than is allowed."""
    return overrun(result) > max(SLACK_SECONDS, SLACK_SHARE * result["budget_s"])


def newest(results: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Row -> its last result."""
    return {result["row"]: result for result in results}


def line(row: Row, result: dict[str, Any] | None) -> list[str]:
    """One line of a table under `HEAD`."""
    bounds = [shown(row, row.floor), shown(row, row.aim)]
    if result is None:
        return [row.name, f"{row.budget} s", *["not run"] * 4, "-", *bounds, *["-"] * 4]
    clock = f"{result['wall_s']:.1f} s" + (" (late)" if late(result) else "")
    scores = [_score(row, result[row.metric].get(system)) for system in SYSTEMS]
    value = result[row.metric]["ensemble"]["value"]
    rest = [row.reached(value), str(result["seed"]), result["commit"] or "-", result["date"][:10]]
    verdict = str(result.get("outcome", "-"))
    return [row.name, f"{row.budget} s", clock, *scores, verdict, *bounds, *rest]


def shown(row: Row, value: float, digits: int = 1) -> str:
    """A score for people: shares in per cent."""
    return f"{value:.3f}" if row.falling else f"{value:.{digits}%}"


def _score(row: Row, score: dict[str, float] | None) -> str:
    if score is None:
        return "-"
    value, low, high = (shown(row, score[end], 2) for end in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def machines(results: Sequence[dict[str, Any]]) -> str:
    """The machines and versions behind results, as lines of a page."""
    own = sorted({record.machine(r) for r in results})
    versions = sorted(
        {", ".join(f"{name} {v}" for name, v in r["versions"].items()) for r in results}
    )
    busy = [r["row"] for r in results if (r.get("others_cores") or 0.0) > 0.1]
    return (
        "".join(f"\nMachine: {machine}\n" for machine in own)
        + "".join(f"\nVersions: {version}\n" for version in versions)
        + (f"\nOthers used more than 0.1 cores during: {', '.join(busy)}\n" if busy else "")
    )


def main(
    rows: Sequence[Row],
    page: Callable[[list[dict[str, Any]]], str],
    *,
    here: Path,
    about: str,
) -> None:
    """Run every row that has no result yet; exit code 1 when one had to be left out.

    Args:
        rows: The table.
        page: All results -> RESULTS.md.
        here: Folder of results and runs, unless another is asked for.
        about: What `--help` says.
    """
    asked = _arguments(rows, here, about)
    folder, file = record.data_folder(asked.data), asked.out / "results.jsonl"
    missing = False
    for row in rows:
        known = {(result["row"], result["seed"]) for result in record.read(file)}
        if asked.only and row.name not in asked.only:
            continue
        if not asked.again and (row.name, asked.seed) in known:
            print(f"{row.name}: has a result; --again measures anew")
            continue
        if row.data is not None and not (folder / row.data).exists():
            print(f"{row.name}: left out, no {row.data} in {folder}; name the folder with --data")
            missing = True
            continue
        print(f"{row.name}: {row.budget} s", flush=True)
        record.append(file, measure(row, folder, asked.seed, asked.out / "runs" / row.name))
        (asked.out / "RESULTS.md").write_text(page(record.read(file)), encoding="utf-8")
    raise SystemExit(1 if missing else 0)


def _arguments(rows: Sequence[Row], here: Path, about: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--data", type=Path, help="folder of data sets; see benchmarks/README.md")
    parser.add_argument("--only", nargs="+", choices=[row.name for row in rows], help="these rows")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--again", action="store_true", help="also rows that have a result")
    parser.add_argument("--out", type=Path, default=here, help="folder of results and runs")
    return parser.parse_args()
