"""The fleet's tables: what several nets cost, and when they beat one."""

from __future__ import annotations

from benchmarks import record
from benchmarks.harness import unpacked
from benchmarks.series import Result, machines, newest, score
from fivefold.scores.paired import discordant_interval, mcnemar

RATIO, STACKED, SNAPSHOTS = "ratio", "stacked", "snapshots"  # how the names of cells begin
SINGLE = "planned-1"
FLOOR, AIM = 0.75, 0.55  # of the ratio, on the best launcher
SURE = 0.05  # p-value of a paired test


def page(results: list[Result]) -> str:
    """RESULTS.md: ratios, then one net beside several."""
    found = newest(results)
    ratios, stacks = (_called(word, found) for word in (RATIO, STACKED))
    scored = [r for r in found if r not in ratios and r not in stacks]
    return (
        "# Several nets\n\n"
        "Written by `python benchmarks/fleet/run.py`; do not edit.\n\n"
        "## What they cost\n\n"
        "Time of four equal nets with a fixed number of steps, over four times the time of one net "
        "on the whole machine; median of rounds, with the smallest and the largest. Held-out rows "
        f"are answered for on both sides. Floor {FLOOR}, aim {AIM}.\n\n"
        + _ratios(ratios)
        + "\n## As one stack\n\n"
        "Forward and backward of four equal nets whose parameters lie in one stack (`torch.func`), "
        "over the same one after the other, in one process; without changes of the data and "
        "optimisers.\n\n" + _stacks(stacks) + "\n## One longer-trained net, or several?\n\n"
        "Accuracy on sealed test rows with 95 % intervals, at equal wall-clock for planning, "
        "training and answering. *planned*: the planner chooses width and resolution for that "
        f"number of nets; *{SNAPSHOTS}*: one run of the one net's recipe whose schedule begins "
        "anew, averaged over what stands at each end. Beside each: its difference to the one net "
        "in points, on the same rows, with the interval of a paired test.\n\n"
        + _table(scored)
        + machines(found)
    )


def _called(word: str, results: list[Result]) -> list[Result]:
    return [r for r in results if r["cell"].startswith(f"{word}:")]


def _stacks(results: list[Result]) -> str:
    head = ["net", "machine", "device", "batch", "one after the other", "stacked", "ratio"]
    lines = [
        [
            result["cell"].removeprefix(f"{STACKED}:"),
            record.machine(result),
            result["device"],
            str(result["batch"]),
            f"{result['apart_ms']:.1f} ms",
            f"{result['stacked_ms']:.1f} ms",
            f"{result['ratio']:.2f} ({result['low']:.2f} to {result['high']:.2f})",
            reached(result["ratio"]),
        ]
        for result in results
    ]
    return record.table([*head, "reached"], lines)


def _ratios(results: list[Result]) -> str:
    head = [
        "net",
        "machine",
        "batch",
        "steps",
        "one net",
        "side by side",
        "four nets",
        "ratio",
        "reached",
    ]
    lines = [
        [
            result["cell"].removeprefix(f"{RATIO}:"),
            record.machine(result),
            str(result["batch"]),
            str(result["steps"]),
            f"{result['one_s']:.2f} s",
            str(launcher["slots"]),
            f"{launcher['all_s']:.2f} s",
            f"{launcher['ratio']:.2f} ({launcher['low']:.2f} to {launcher['high']:.2f})",
            reached(launcher["ratio"]),
        ]
        for result in results
        for launcher in result["launchers"]
    ]
    return record.table(head, lines)


def reached(ratio: float) -> str:
    """Whether a ratio is at its aim, at its floor, or at neither."""
    return "aim" if ratio <= AIM else "floor" if ratio <= FLOOR else "no"


def _table(results: list[Result]) -> str:
    corners: dict[tuple[str, str, int, str], dict[str, Result]] = {}
    for result in results:
        data, budget, who = result["cell"].split(":")
        corner = (data, budget, result["seed"], record.machine(result))
        corners.setdefault(corner, {})[who] = result
    head = [
        "data",
        "time",
        "seed",
        "machine",
        "nets",
        "recipe",
        "passes",
        "accuracy",
        "beside one net",
    ]
    lines = [
        [*_line(who, result, found.get(SINGLE)), f"{result['used_s']:.0f} s"]
        for found in corners.values()
        for who, result in found.items()
    ]
    return record.table([*head, "verdict", "used"], lines)


def _line(who: str, result: Result, one: Result | None) -> list[str]:
    data, budget, _ = result["cell"].split(":")
    side_by_side = f", {result['slots']} at a time" if result["slots"] > 1 else ""
    return [
        data,
        budget,
        str(result["seed"]),
        record.machine(result),
        f"{who}{side_by_side}",
        result["recipe"],
        f"{result['epochs_made']:.1f}",
        score(result),
        *_beside(result, one),
    ]


def _beside(result: Result, one: Result | None) -> tuple[str, str]:
    """Difference to the one net in points, and who is better, where a paired test says so."""
    if one is None or one is result or None in (result["accuracy"], one["accuracy"]):
        return "-", "-"
    several, single = (unpacked(r["right"], r["vault_rows"]) for r in (result, one))
    low, high = discordant_interval(several, single)
    difference = several.mean() - single.mean()
    words = f"{100 * difference:+.2f} ({100 * low:+.2f} to {100 * high:+.2f})"
    if mcnemar(several, single) >= SURE:
        return words, "undecided"
    return words, "several" if difference > 0 else "one"
