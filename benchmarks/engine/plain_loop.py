"""How fast is our training step? Beside a plain PyTorch loop and the peak, in one run.

    python benchmarks/engine/plain_loop.py [--data DIR] [--steps 30] [--rounds 3]

Same net, same pictures, same batch. Ours: decoded cache, expansion of whole batches, bf16 where the
machine has it. Theirs: fp32, DataLoader over JPEG files, flip and crop per picture, plain SGD.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any, final

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import record
from benchmarks.engine import plain
from benchmarks.engine.pictures import SIDE, write_pictures
from fivefold import preparation
from fivefold.contracts.options import Options
from fivefold.contracts.records import Dataset, ExpansionRecord, Recipe
from fivefold.engine.loop import Job, Watch
from fivefold.engine.loop import train as train_ours
from fivefold.engine.precision import choose_device, has_fast_bf16
from fivefold.engine.schedule import Limit
from fivefold.plumbing.silence import Silence
from fivefold.step3_expand.image import ImageExpander
from fivefold.step4_train.build import fresh_net

HERE = Path(__file__).resolve().parent
RECIPE = Recipe(net="convnet", width=1.0, size=(SIDE, SIDE), batch=512, rate=0.12)
EXPANSION = {"mirror": 1.0, "shift": float(plain.PADDING)}
MATRIX = 2048  # side of the matrices whose product is called the peak
FLOP_ROWS = 64


@final
class Stopwatch:
    """Times of the ends of steps; the first step pays for set-up and is left out."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.moments: list[float] = []

    def mark(self) -> None:
        """A step ended."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        self.moments.append(time.perf_counter())

    def rows_per_second(self, batch: int) -> float:
        """Pictures per second between the first mark and the last."""
        return batch * (len(self.moments) - 1) / (self.moments[-1] - self.moments[0])


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """What both loops are run on.

    Attributes:
        folder: JPEG files in class folders.
        dataset: The same, gathered.
        steps: Timed steps of each loop in each round.
        device: Where.
    """

    folder: Path
    dataset: Dataset
    steps: int
    device: torch.device

    def ours(self) -> float:
        """Pictures per second of the engine's loop."""
        watch = Stopwatch(self.device)

        def mark() -> bool:
            watch.mark()
            return False

        shift = ExpansionRecord(kind="image", settings=EXPANSION, why={})
        job = Job(
            rows=self.dataset.rows,
            targets=self.dataset.targets,
            recipe=RECIPE,
            expander=ImageExpander(shift, classes=len(self.dataset.classes)),
            limit=Limit(steps=self.steps + 1),
            device=self.device,
        )
        train_ours(fresh_net(self.dataset, RECIPE), job, Watch(stop=mark))
        return watch.rows_per_second(RECIPE.batch)

    def theirs(self) -> float:
        """Pictures per second of the plain loop."""
        watch = Stopwatch(self.device)
        plain.train(
            fresh_net(self.dataset, RECIPE),
            self.folder,
            steps=self.steps + 1,
            batch=RECIPE.batch,
            device=self.device,
            mark=watch.mark,
        )
        return watch.rows_per_second(RECIPE.batch)

    def flops_per_row(self) -> float:
        """Arithmetic of one training step per picture, forward and back; a multiply-add is two."""
        net = fresh_net(self.dataset, RECIPE).train()
        x = torch.rand(FLOP_ROWS, 3, SIDE, SIDE) * 255
        with FlopCounterMode(display=False) as counter:
            torch.autograd.backward(net(x).sum())
        return counter.get_total_flops() / FLOP_ROWS


def matmul_peak(dtype: torch.dtype, device: torch.device) -> float:
    """FLOP/s of a large matrix product, the best of several."""
    a = torch.rand(MATRIX, MATRIX, device=device).to(dtype)
    watch = Stopwatch(device)
    for _ in range(8):
        torch.mm(a, a)
        watch.mark()
    times = (after - before for before, after in pairwise(watch.moments))
    return 2 * MATRIX**3 / min(times)


def measure(bench: Bench, rounds: int) -> dict[str, Any]:
    """Run both loops in turn, so that whatever else the machine does meets both."""
    pairs = []
    for _ in range(rounds):
        pairs.append((bench.ours(), bench.theirs()))
        print(f"ours {pairs[-1][0]:,.0f}, plain {pairs[-1][1]:,.0f} pictures/s", flush=True)
    dtype = torch.bfloat16 if has_fast_bf16(bench.device) else torch.float32
    peak, flops = matmul_peak(dtype, bench.device), bench.flops_per_row()
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratios = sorted(mine / other for mine, other in pairs)
    return {
        "device": bench.device.type,
        "steps": bench.steps,
        "rounds": rounds,
        "ours_per_s": round(ours, 1),
        "plain_per_s": round(theirs, 1),
        "ratio": round(statistics.median(ratios), 2),
        "ratio_low": round(ratios[0], 2),
        "ratio_high": round(ratios[-1], 2),
        "mflop_per_picture": round(flops / 1e6, 2),
        "peak_gflop_per_s": round(peak / 1e9, 1),
        "peak_type": str(dtype).removeprefix("torch."),
        "share_of_peak": round(ours * flops / peak, 4),
        "torch": version("torch"),
    }


def results_page(results: list[dict[str, Any]]) -> str:
    """RESULTS.md: every result, newest first."""
    head = ["date", "machine", "ours", "plain loop", "ratio", "share of peak", "pictures", "code"]
    lines = [
        [
            r["date"][:10],
            f"{r['processor']}, {r['cores']} cores, {r['device']}",
            f"{r['ours_per_s']:,.0f} /s",
            f"{r['plain_per_s']:,.0f} /s",
            f"{r['ratio']:.1f} ({r['ratio_low']:.1f} to {r['ratio_high']:.1f})",
            f"{r['share_of_peak']:.0%} of {r['peak_gflop_per_s']:,.0f} GFLOP/s {r['peak_type']}",
            r["pictures"],
            r["commit"] or "-",
        ]
        for r in reversed(results)
    ]
    return (
        "# A training step beside a plain PyTorch loop\n\n"
        "Written by `python benchmarks/engine/plain_loop.py`; do not edit. Pictures per second of "
        "the same net on the same pictures; the ratio is the median of rounds, with the smallest "
        "and the largest.\n\n" + record.table(head, lines)
    )


def main() -> None:
    """Make the pictures, run both loops, write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of data sets; see benchmarks/README.md")
    parser.add_argument("--steps", type=int, default=30, help="timed steps per loop and round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the results")
    asked = parser.parse_args()
    archive = record.data_folder(asked.data) / "cifar10" / "cifar10.tar.gz"
    facts = record.circumstances()
    with tempfile.TemporaryDirectory(prefix="fivefold-bench-") as scratch:
        os.environ["FIVEFOLD_CACHE"] = str(Path(scratch) / "cache")
        folder = Path(scratch) / "pictures"
        facts["pictures"] = write_pictures(folder, archive)
        picked = preparation.picked_from(str(folder), Options(), Silence())
        dataset, _ = preparation.gathered_from(picked, Options(), Silence())
        device = choose_device("auto")
        bench = Bench(folder=folder, dataset=dataset, steps=asked.steps, device=device)
        result = {**facts, **measure(bench, asked.rounds)}
    record.append(asked.out / "results.jsonl", result)
    page = results_page(record.read(asked.out / "results.jsonl"))
    (asked.out / "RESULTS.md").write_text(page, encoding="utf-8")
    print(
        f"ratio {result['ratio']:.1f} ({result['ratio_low']:.1f} to {result['ratio_high']:.1f}); "
        f"ours at {result['share_of_peak']:.0%} of the {result['peak_type']} peak, "
        f"{result['peak_gflop_per_s']:,.0f} GFLOP/s"
    )


if __name__ == "__main__":
    main()
