"""How close is the engine to what the machine can do? Three parts, each as ratios, in one run.

    python benchmarks/engine/run.py [--part step loop files] [--data DIR]

step: our training step beside a plain PyTorch fp32 loop. loop: where a step's time goes, the
overhead of the loop, the share of the matrix product's peak. files: from files to pixels.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


from benchmarks import harness, plans, record
from benchmarks.engine import decoding, parts, peak, plain_loop
from benchmarks.engine.page import page
from benchmarks.engine.pictures import write_pictures
from benchmarks.plans import Choice
from fivefold import preparation
from fivefold.contracts.options import Options
from fivefold.engine.precision import choose_device, has_fast_bf16
from fivefold.plumbing.silence import Silence

if TYPE_CHECKING:
    import torch

HERE = Path(__file__).resolve().parent
PARTS = ("step", "loop", "files")
CASES = {
    "cifar10": (
        Choice(width=1.0, side=32),  # the first one is held against the floors
        Choice(width=0.5, side=32),
        Choice(width=2.0, side=32),
        Choice(width=1.0, side=24),
    ),
    "flowers12": (
        Choice(width=0.5, side=64),
        Choice(width=1.0, side=96),
        Choice(width=1.0, side=128),
    ),
    "digits": (Choice(width=0.5, side=16), Choice(width=2.0, side=16)),
}


def step(asked: argparse.Namespace, device: torch.device) -> dict[str, Any]:
    """Our training step beside a plain loop."""
    archive = record.data_folder(asked.data) / harness.PLACES["cifar10"]
    with tempfile.TemporaryDirectory(prefix="fivefold-bench-") as scratch:
        folder = Path(scratch) / "pictures"
        pictures = write_pictures(folder, archive, asked.pictures // 10)
        picked = preparation.picked_from(folder, Options(), Silence())
        dataset, _ = preparation.gathered_from(
            picked, Options(), Silence(), Path(scratch) / "cache"
        )
        bench = plain_loop.Bench(folder=folder, dataset=dataset, steps=asked.steps, device=device)
        return {"pictures": pictures, **plain_loop.measure(bench, asked.rounds)}


def loop(asked: argparse.Namespace, device: torch.device) -> dict[str, Any]:
    """Where a step's time goes, and the share of the peak that is reached."""
    folder = record.data_folder(asked.data)
    before = peak.measure(device, asked.seconds / 2)
    found: dict[str, dict[str, Any]] = {}
    for name, choices in CASES.items():
        if harness.missing(name, folder):
            print(f"{name}: left out, no {harness.PLACES[name]} in {folder}")
            continue
        arena = harness.opened(name, folder)
        for choice in choices:
            recipe = parts.one_size(plans.hand_recipe(arena, choice))
            case = parts.Case(arena=arena, recipe=recipe, device=device)
            facts = parts.measure(case, seconds=asked.seconds, rounds=asked.rounds)
            if device.type == "cuda":  # which is waited for at every seam
                facts["free_rows_per_s"] = round(case.free_speed(asked.seconds), 1)
            facts["mflop_per_row"] = round(peak.flops_per_row(arena.dataset, recipe) / 1e6, 2)
            found[f"{name}:w{choice.width:g}-{choice.side}px"] = facts
            print(f"{name} {choice}: {facts['step_ms']:.1f} ms a step", flush=True)
    peaks = peak.told(before, peak.measure(device, asked.seconds / 2))
    kind = "bfloat16" if has_fast_bf16(device) else "float32"
    for facts in found.values():
        of_peak = facts["mflop_per_row"] / 1000 / peaks[kind]["peak"]
        facts["step_over_peak"] = round(
            facts.get("free_rows_per_s", facts["rows_per_s"]) * of_peak, 4
        )
        facts["net_over_peak"] = round(facts["rows_per_s"] * of_peak / facts["net"], 4)
    return {"peaks": peaks, "peak_type": kind, "cases": found}


def files(asked: argparse.Namespace, device: torch.device) -> dict[str, Any]:
    """From files to pixels, for small pictures, photos and large photos."""
    del device  # decoding is the processor's
    data = record.data_folder(asked.data)
    found = {}
    with tempfile.TemporaryDirectory(prefix="fivefold-bench-") as scratch:
        small, photos, large = (Path(scratch) / name for name in ("small", "photos", "large"))
        archive = data / harness.PLACES["cifar10"]
        told = write_pictures(small, archive, asked.pictures // 10)
        found["small"] = {"which": told, **decoding.measure(small, rounds=asked.rounds)}
        if not harness.missing("flowers12", data):
            decoding.unzip(data / harness.PLACES["flowers12"], photos)
            told = "the photos of flowers12.zip, 224 pixels"
            found["photos"] = {"which": told, **decoding.measure(photos, rounds=asked.rounds)}
            decoding.enlarge(photos, large, number=asked.large)
            told = "some of them at 12 megapixels"
            facts = decoding.measure(large, rounds=asked.rounds, size=decoding.LARGE_CACHED)
            found["large"] = {"which": told, **facts}
    return found


def main() -> None:
    """Measure the parts that are asked for; one line of results holds them all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--data", type=Path, help="folder of data sets; see benchmarks/README.md")
    parser.add_argument("--pictures", type=int, default=20_000, help="small files, ten classes")
    parser.add_argument("--large", type=int, default=240, help="photos of 12 megapixels")
    parser.add_argument("--steps", type=int, default=30, help="of each loop and round, for step")
    parser.add_argument("--seconds", type=float, default=6.0, help="of each case and round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the results")
    asked = parser.parse_args()
    device = choose_device("auto")
    facts = {**record.circumstances(), "versions": record.versions(), "device": device.type}
    neighbours = record.Neighbours()
    for part in asked.part:
        print(part, flush=True)
        facts[part] = {"step": step, "loop": loop, "files": files}[part](asked, device)
    facts["others_cores"] = neighbours.cores()
    record.append(asked.out / "results.jsonl", facts)
    found = page(record.read(asked.out / "results.jsonl"))
    (asked.out / "RESULTS.md").write_text(found, encoding="utf-8")
    print(found)


if __name__ == "__main__":
    main()
