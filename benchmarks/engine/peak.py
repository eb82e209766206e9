"""What the machine's matrix product gives: the peak that a net's arithmetic is held against.

A product is repeated, for a core that somebody else uses halves it: on two cores a product that
shares one of them reads as half the peak, whatever its operands and its output are.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

import torch
from torch.utils.flop_counter import FlopCounterMode

from fivefold.nets.build import intake_of
from fivefold.step4_train.build import fresh_net

if TYPE_CHECKING:
    from fivefold.contracts.records import Dataset, Recipe

SIDES = {"cpu": 2048, "cuda": 8192}  # of the matrices; a GPU is not filled by small ones
TYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32}
WARM = 5  # products before the first that counts: kernels are made, cores wake
SECONDS = 3.0  # of products of each type
FLOP_ROWS = 64


def products(device: torch.device, dtype: torch.dtype, seconds: float = SECONDS) -> list[float]:
    """GFLOP/s of each of the matrix products that fit into `seconds`."""
    side = SIDES[device.type]
    a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    out = torch.empty_like(a)
    for _ in range(WARM):
        torch.mm(a, b, out=out)
    wait_for(device)
    found: list[float] = []
    end = time.perf_counter() + seconds
    while (begin := time.perf_counter()) < end:
        torch.mm(a, b, out=out)
        wait_for(device)
        found.append(2 * side**3 / (time.perf_counter() - begin) / 1e9)
    return found


def measure(device: torch.device, seconds: float = SECONDS) -> dict[str, list[float]]:
    """GFLOP/s of the matrix products of every type."""
    return {name: products(device, dtype, seconds) for name, dtype in TYPES.items()}


def told(before: dict[str, list[float]], after: dict[str, list[float]]) -> dict[str, dict]:
    """The best of all products is the peak; the medians before and after say how calm it was."""
    return {
        name: {
            "peak": round(max(*before[name], *after[name]), 1),
            "median_before": round(statistics.median(before[name]), 1),
            "median_after": round(statistics.median(after[name]), 1),
            "products": len(before[name]) + len(after[name]),
        }
        for name in before
    }


def flops_per_row(dataset: Dataset, recipe: Recipe) -> float:
    """Arithmetic of forward and backward per row, as torch counts it; a multiply-add is two."""
    net = fresh_net(dataset, recipe).train()
    shape = intake_of(recipe.input).shape(dataset.rows.item_shape, recipe.size)
    x = torch.rand(FLOP_ROWS, *shape) * 255
    with FlopCounterMode(display=False) as counter:
        torch.autograd.backward(net(x).sum())
    return counter.get_total_flops() / FLOP_ROWS


def wait_for(device: torch.device) -> None:
    """Until the device has done all it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
