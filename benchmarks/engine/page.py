"""The engine's tables, with the floors and aims that they are held against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmarks import record

Result = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """What a figure is held against.

    Attributes:
        question: The figure, in words.
        floor: What has to be reached.
        aim: What we want to reach.
        most: The figure should stay below, not above.
    """

    question: str
    floor: float
    aim: float
    most: bool = False

    def reached(self, value: float) -> str:
        """`aim`, `floor` or `no`."""
        sign = -1 if self.most else 1
        for word, bound in (("aim", self.aim), ("floor", self.floor)):
            if sign * value >= sign * bound:
                return word
        return "no"


RATIO = Goal(question="training step over a plain fp32 loop", floor=2.0, aim=3.0)
PEAK = Goal(question="forward and backward, share of the peak", floor=0.5, aim=0.75)
OVERHEAD = Goal(question="overhead, share of the step", floor=0.05, aim=0.02, most=True)
DATA = Goal(question="cache to batch, share of the step", floor=0.10, aim=0.05, most=True)


def page(results: list[Result]) -> str:
    """RESULTS.md: the newest result of every part on every machine."""
    newest = {
        (part, record.machine(result)): result
        for part in _SECTIONS
        for result in results
        if part in result
    }
    texts = [
        "# The engine beside what the machine can do\n\n"
        "Written by `python benchmarks/engine/run.py`; do not edit. See README.md for what is "
        "counted.\n"
    ]
    texts += [_SECTIONS[part](result) for (part, _), result in newest.items()]
    return "\n".join(texts)


def _step(result: Result) -> str:
    step = result["step"]
    head = ["ours", "plain loop", "ratio", "reached", "pictures"]
    line = [
        f"{step['ours_per_s']:,.0f} /s",
        f"{step['plain_per_s']:,.0f} /s",
        f"{step['ratio']:.2f} ({step['ratio_low']:.2f} to {step['ratio_high']:.2f})",
        RATIO.reached(step["ratio"]),
        step["pictures"],
    ]
    return "## A training step beside a plain PyTorch loop\n\n" + _under(result, head, [line])


def _loop(result: Result) -> str:
    loop = result["loop"]
    head = ["product", "peak", "median before", "median after"]
    peaks = [
        [kind, *(f"{p[k]:,.0f} GFLOP/s" for k in ("peak", "median_before", "median_after"))]
        for kind, p in loop["peaks"].items()
    ]
    text = "## The machine's matrix product\n\n" + record.table(head, peaks)
    if not loop["cases"]:
        return text
    return (
        f"{text}\n## Where a step's time goes\n\n"
        "Shares of the step, which is watched: at every seam, a GPU is waited for, and it repeats "
        f"nothing by itself. The last two columns are of the {loop['peak_type']} peak; on a GPU "
        "the very last is that of a step that nobody watches.\n\n"
        + _under(result, _CASE_HEAD, [_case(name, c) for name, c in loop["cases"].items()])
        + "\nThe parts, and in brackets what of each lies in torch's operations:\n\n"
        + _parts(loop["cases"])
    )


_CASE_HEAD = [
    "net",
    "step",
    "rows/s",
    "unwatched",
    "net",
    "data",
    "optimiser",
    "overhead",
    "between operations",
    "forward + backward of peak",
    "step of peak",
]


def _case(name: str, case: Result) -> list[str]:
    return [
        name,
        f"{case['step_ms']:.1f} ms",
        f"{case['rows_per_s']:,.0f}",
        f"{case['free_rows_per_s']:,.0f}" if "free_rows_per_s" in case else "-",
        f"{case['net']:.1%}",
        f"{case['data']:.1%} ({DATA.reached(case['data'])})",
        f"{case['optimiser']:.1%}",
        f"{case['overhead']:.1%} ({OVERHEAD.reached(case['overhead'])})",
        f"{case['between_kernels']:.1%}",
        f"{case['net_over_peak']:.1%} ({PEAK.reached(case['net_over_peak'])})",
        f"{case['step_over_peak']:.1%}",
    ]


def _parts(cases: dict[str, Result]) -> str:
    names = list(dict.fromkeys(part for case in cases.values() for part in case["parts"]))
    lines = [[name, *(_part(case, part) for part in names)] for name, case in cases.items()]
    return record.table(["net", *names], lines)


def _part(case: Result, part: str) -> str:
    if part not in case["parts"]:
        return "-"
    return f"{case['parts'][part]:.2%} ({case['in_kernels'].get(part, 0.0):.0%})"


def _files(result: Result) -> str:
    head = ["files", "number", "gather", "its decoding", "Pillow in threads", "DataLoader"]
    head += ["gather over threads", "over DataLoader", "decoding over threads", "over DataLoader"]
    lines = [
        [
            found["which"],
            f"{found['pictures']:,}",
            *(f"{found['per_s'][k]:,.0f} /s" for k in ("gather", "decode", "threads", "loader")),
            *(
                f"{found[ours][rival]:.2f}"
                for ours in ("gather_over", "decode_over")
                for rival in ("threads", "loader")
            ),
        ]
        for found in result["files"].values()
    ]
    return "## From files to pixels\n\n" + _under(result, head, lines)


def _under(result: Result, head: list[str], lines: list[list[str]]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in result["versions"].items())
    # The oldest result tells its precision with the peak alone.
    precision = result.get("precision") or result.get("loop", {}).get("peak_type")
    machine = record.machine({**result, "precision": precision})
    return (
        record.table(head, lines) + f"\n{machine}; {versions}; code "
        f"{result['commit'] or '-'}; {result['date'][:10]}; others used "
        f"{result['others_cores']} cores meanwhile\n"
    )


_SECTIONS = {"step": _step, "loop": _loop, "files": _files}
