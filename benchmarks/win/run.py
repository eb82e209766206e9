"""Measure `fivefold win` as its user meets it: one fresh process, nothing cached, wall-clock.

    python benchmarks/win/run.py [--data DIR] [--only cifar10-5m ...]

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
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks import record

HERE = Path(__file__).resolve().parent
SLACK_SHARE, SLACK_SECONDS = 0.05, 5.0  # a command may overrun its budget by the larger of them
SYSTEMS = ("ensemble", "best_single", "traditional")


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        name: What `--only` takes.
        data: Below the data folder; None for the embedded digits.
        budget: Seconds given to the command.
        floor: Accuracy on the test rows that has to be reached.
        aim: Accuracy that we want to reach.
    """

    name: str
    data: str | None
    budget: int
    floor: float
    aim: float


ROWS = (
    Row(name="digits-1m", data=None, budget=60, floor=0.98, aim=0.99),
    Row(name="cifar10-5m", data="cifar10/cifar10.tar.gz", budget=300, floor=0.86, aim=0.90),
    Row(name="cifar10-20m", data="cifar10/cifar10.tar.gz", budget=1200, floor=0.90, aim=0.925),
    Row(name="flowers12-5m", data="flowers12/flowers12.zip", budget=300, floor=0.80, aim=0.88),
)


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
    command += ["--budget", f"{row.budget}s", "--seed", str(seed), "--out", str(run)]
    shutil.rmtree(run, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="fivefold-cache-") as cache:
        environment = {**os.environ, "FIVEFOLD_CACHE": cache}
        begin = time.perf_counter()
        done = subprocess.run(command, cwd=record.ROOT, env=environment, check=False)
        wall = time.perf_counter() - begin
    if done.returncode:
        raise SystemExit(f"{row.name}: fivefold win ended with exit code {done.returncode}")
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    return {**facts, "wall_s": round(wall, 2), **told(report)}


def told(report: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a report.json."""
    return {
        "used_s": report["used_s"],
        "accuracy": {
            system: report["scores"][system]["accuracy"]
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


def results_page(results: list[dict[str, Any]]) -> str:
    """RESULTS.md: the newest result of every row, rows without one said to be missing."""
    newest = {result["row"]: result for result in results}
    head = ["row", "budget", "wall-clock", "ensemble", "best single net", "traditional"]
    head += ["floor", "aim", "reached", "seed", "code", "date"]
    lines = [_line(row, newest.get(row.name)) for row in ROWS]
    machines = sorted({f"{r['processor']}, {r['cores']} cores" for r in newest.values()})
    versions = sorted({_versions(r["versions"]) for r in newest.values()})
    return (
        "# fivefold win, measured\n\n"
        "Written by `python benchmarks/win/run.py`; do not edit. Accuracy on the sealed test rows "
        "with 95 % intervals; wall-clock of the whole command, decoding and report included.\n\n"
        + record.table(head, lines)
        + "".join(f"\nMachine: {machine}\n" for machine in machines)
        + "".join(f"\nVersions: {version}\n" for version in versions)
    )


def _line(row: Row, result: dict[str, Any] | None) -> list[str]:
    bounds = [f"{row.floor:.1%}", f"{row.aim:.1%}"]
    if result is None:
        return [row.name, f"{row.budget} s", *["not run"] * 4, *bounds, *["-"] * 4]
    clock = f"{result['wall_s']:.1f} s" + (" (late)" if late(result) else "")
    scores = [_score(result["accuracy"].get(system)) for system in SYSTEMS]
    value = result["accuracy"]["ensemble"]["value"]
    reached = "aim" if value >= row.aim else "floor" if value >= row.floor else "no"
    rest = [reached, str(result["seed"]), result["commit"] or "-", result["date"][:10]]
    return [row.name, f"{row.budget} s", clock, *scores, *bounds, *rest]


def _score(score: dict[str, float] | None) -> str:
    if score is None:
        return "-"
    return f"{score['value']:.2%} ({score['low']:.2%} to {score['high']:.2%})"


def _versions(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of data sets; see benchmarks/README.md")
    parser.add_argument("--only", nargs="+", choices=[row.name for row in ROWS], help="these rows")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--again", action="store_true", help="also rows that have a result")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of results and runs")
    return parser.parse_args()


def main() -> None:
    """Run every row that has no result yet; exit code 1 when one had to be left out."""
    asked = _arguments()
    folder, file = record.data_folder(asked.data), asked.out / "results.jsonl"
    missing = False
    for row in ROWS:
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
        (asked.out / "RESULTS.md").write_text(results_page(record.read(file)), encoding="utf-8")
    raise SystemExit(1 if missing else 0)


if __name__ == "__main__":
    main()
