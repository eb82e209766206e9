"""The table of training seconds beside the record recipes'."""

from __future__ import annotations

from benchmarks import record
from benchmarks.series import Result, machines, newest


def page(results: list[Result]) -> str:
    """RESULTS.md: the newest result of every cell on every machine."""
    cells = newest(results)
    head = ["cell", "machine", "runs", "training seconds (median, smallest to largest)"]
    head += ["accuracy (mean, smallest to largest)"]
    return (
        "# CIFAR-10 beside the record recipes\n\n"
        "Written by `python benchmarks/cifar/run.py`; do not edit. Training only, by either side "
        "with six test-time views; theirs in half precision. The pictures are a JPEG re-encoding "
        "of CIFAR-10 (see ../README.md), so accuracies are not those published.\n\n"
        + record.table(head, [_line(result) for result in cells])
        + machines(cells)
    )


def _line(result: Result) -> list[str]:
    seconds, accuracies = zip(*result["runs"], strict=True)
    return [
        result["cell"],
        record.machine(result),
        str(len(result["runs"])),
        f"{result['seconds']:.2f} ({min(seconds):.2f} to {max(seconds):.2f})",
        f"{result['accuracy']:.2%} ({min(accuracies):.2%} to {max(accuracies):.2%})",
    ]
