"""The planner's table, and what it says of each data set and budget."""

from __future__ import annotations

from benchmarks import record
from benchmarks.harness import unpacked
from benchmarks.series import Result, machines, newest, score
from fivefold.scores.paired import discordant_interval

PLANNER = "planner"
POINT = 0.01  # of accuracy, that the planner's choice may lie below the best
TIME = 0.10  # that what was used and made may differ by from what was promised
Corner = tuple[str, str, int, str]  # data, budget, seed, machine


def page(results: list[Result]) -> str:
    """RESULTS.md: verdicts, then every cell."""
    corners: dict[Corner, dict[str, Result]] = {}
    for result in newest(results):
        data, budget, who = result["cell"].split(":")
        corner = (data, budget, result["seed"], record.machine(result))
        corners.setdefault(corner, {})[who] = result
    verdicts = [_verdict(corner, found) for corner, found in corners.items() if PLANNER in found]
    head = [
        "data",
        "budget",
        "seed",
        "machine",
        "code",
        "planner",
        "best of the grid",
        "difference (paired)",
    ]
    head += ["within a point or the interval", "time used", "passes made / promised"]
    return (
        "# The planner beside a hand-made grid\n\n"
        "Written by `python benchmarks/planner/run.py`; do not edit. Accuracy on sealed test rows "
        "with 95 % intervals. The budget covers planning, training and answering of the deep nets; "
        "steps 1 to 3 were done before, there is no traditional opponent. The grid pays nothing "
        "for its planning.\n\n"
        + record.table([*head, "rows/s made / promised"], verdicts)
        + "\n## Every cell\n\n"
        + _cells(corners)
        + machines(newest(results))
    )


def near_the_best(planner: Result, best: Result) -> bool:
    """Whether the planner's accuracy is within a point of the best, or in the best's interval."""
    ours, theirs = planner["accuracy"], best["accuracy"]
    if ours is None:
        return False
    return bool(ours["value"] >= min(theirs["value"] - POINT, theirs["low"]))


def best_of(found: dict[str, Result]) -> tuple[str, Result] | None:
    """The best of the grid; None where no cell of it has an answer."""
    grid = {who: r for who, r in found.items() if who != PLANNER and r["accuracy"] is not None}
    if not grid:
        return None
    who = max(grid, key=lambda who: grid[who]["accuracy"]["value"])
    return who, grid[who]


def _verdict(corner: Corner, found: dict[str, Result]) -> list[str]:
    data, budget, seed, machine = corner
    planner, best = found[PLANNER], best_of(found)
    used = planner["used_s"] / planner["budget_s"]
    made, promised = planner["epochs_made"], planner["epochs_promised"]
    clock = f"{used:.0%} of the budget{_off(used)}"
    rest = [clock, _passes(planner) + (_off(made / promised) if promised else ""), _speed(planner)]
    start = [data, budget, str(seed), machine, planner["commit"] or "-"]
    start += [f"{planner['recipe']}, {_nets(planner)}: {score(planner)}"]
    if best is None:
        return [*start, "not run", "-", "-", *rest]
    who, result = best
    near = "yes" if near_the_best(planner, result) else "no"
    return [*start, f"{who}: {score(result)}", _difference(planner, result), near, *rest]


def _off(ratio: float) -> str:
    return "" if abs(ratio - 1) <= TIME else " (off)"


def _difference(planner: Result, best: Result) -> str:
    """Accuracy of the planner minus that of the best on the same rows, in points."""
    if planner["accuracy"] is None:
        return "-"
    a, b = (unpacked(r["right"], r["vault_rows"]) for r in (planner, best))
    low, high = discordant_interval(a, b)
    return f"{100 * (a.mean() - b.mean()):+.2f} ({100 * low:+.2f} to {100 * high:+.2f})"


def _cells(corners: dict[Corner, dict[str, Result]]) -> str:
    head = ["cell", "seed", "machine", "recipe", "nets", "accuracy", "best single net", "used"]
    head += ["plan + train + answer", "passes made / promised", "rows/s made / promised"]
    every = [result for found in corners.values() for result in found.values()]
    return record.table([*head, "degraded"], [_cell(result) for result in every])


def _cell(result: Result) -> list[str]:
    return [
        result["cell"],
        str(result["seed"]),
        record.machine(result),
        result["recipe"],
        _nets(result),
        score(result),
        score(result, "best_single"),
        f"{result['used_s']:.1f} s",
        f"{result['plan_s']:.1f} + {result['train_s']:.1f} + {result['answer_s']:.1f} s",
        _passes(result),
        _speed(result),
        "; ".join(result["degraded"]) or "-",
    ]


def _passes(result: Result) -> str:
    return f"{result['epochs_made']:.1f} / {result['epochs_promised']:.1f}"


def _speed(result: Result) -> str:
    return f"{result['rows_per_s_made']:,.0f} / {result['rows_per_s_promised'] or 0:,.0f}"


def _nets(result: Result) -> str:
    return f"{result['nets']}, {result['slots']} at a time"
