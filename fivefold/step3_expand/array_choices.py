"""Which changes suit arrays: of maps, those symmetries that two tests on the data find.

Axes: N arrays, C channels, H W a map.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch

from fivefold.step3_expand.mirror_test import MOST_ROWS, judge_changes

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from fivefold.contracts.records import Dataset
    from fivefold.contracts.roles import Choice
    from fivefold.contracts.rows import IntArray
    from fivefold.step3_expand.mirror_test import FlipTest

_MOST_NUMBERS = 50_000_000  # of the maps looked at
_LEAST_SIDE = 8  # of a map that can be looked at like a picture
_STEPS = 4  # that a number as target is cut into for the tests
SYMMETRIES = ("mirror", "flip_vertical", "transpose", "roll", "negate")


def array_choices(dataset: Dataset, *, seed: int, given: frozenset[str]) -> dict[str, Choice]:
    """Settings of `ArrayExpander` for the data, each with its reason; see `Expander.choose`."""
    noise: dict[str, Choice] = {"noise": (0.05, "a twentieth of a deviation blurs no class")}
    sides = dataset.rows.item_shape
    if len(sides) == 1 or min(sides[-2:]) < _LEAST_SIDE or set(SYMMETRIES) <= given:
        return noise
    few = {"noise": (0.0, "maps keep their exact numbers: edges of one step may be what matters")}
    tests = _tested(dataset, seed)
    return {**few, **{name: _choice(name, test) for name, test in tests.items()}}


def _choice(name: str, test: FlipTest) -> Choice:
    # One symmetry in five would pass by luck: all but the usual one need the absence of any sign.
    allowed = test.allowed if name == "mirror" else test.strongly
    if not test.plain:
        return 0.0, f"{test.rows} arrays are too few to test it"
    verdict = "labels survive it" if allowed else "it is not sure that labels survive it"
    return float(allowed), (
        f"{verdict}: a quick classifier is right on {test.plain:.1%} of {test.rows} held-out "
        f"arrays and on {test.flipped:.1%} of them changed (p = {test.p:.2g}); originals are told "
        f"from changed ones in {test.handed:.0%} of pairs"
    )


def _tested(dataset: Dataset, seed: int) -> dict[str, FlipTest]:
    rng = np.random.default_rng(seed)
    rows = np.arange(len(dataset.rows))
    training = rows if dataset.n_folds > 1 else rows[dataset.folds < 0]
    most = min(len(training), MOST_ROWS, _MOST_NUMBERS // math.prod(dataset.rows.item_shape))
    chosen = np.sort(rng.choice(training, most, replace=False))
    maps = torch.from_numpy(dataset.rows.take(chosen).astype(np.float32))
    maps = maps[:, None] if maps.ndim == 3 else maps
    low, high = maps.amin((0, 2, 3), keepdim=True), maps.amax((0, 2, 3), keepdim=True)
    maps = (maps - low) / (high - low).clamp(min=1e-12)
    changes: dict[str, Callable[[Tensor], Tensor]] = {
        "mirror": lambda x: x.flip(3),
        "flip_vertical": lambda x: x.flip(2),
        "roll": partial(_rolled, rng=rng),
        "negate": lambda x: 1 - x,
    }
    if maps.shape[2] == maps.shape[3]:
        changes["transpose"] = lambda x: x.transpose(2, 3)
    targets, classes = _as_classes(dataset, chosen)
    groups = dataset.groups[chosen]
    return judge_changes(maps, changes, targets=targets, groups=groups, classes=classes, seed=seed)


def _rolled(x: Tensor, rng: np.random.Generator) -> Tensor:
    """Every map moved round by a draw of its own, in both directions."""
    height, width = x.shape[2:]
    moves = zip(rng.integers(1, height, len(x)), rng.integers(1, width, len(x)), strict=True)
    return torch.stack(
        [one.roll((int(a), int(b)), (1, 2)) for one, (a, b) in zip(x, moves, strict=True)]
    )


def _as_classes(dataset: Dataset, chosen: IntArray) -> tuple[IntArray, tuple[str, ...]]:
    """Targets as class numbers for the tests: numbers in four steps, of several the first."""
    targets = np.asarray(dataset.targets)[chosen]
    first = targets if targets.ndim == 1 else targets[:, 0]
    if first.dtype.kind in "iu":
        return first, dataset.classes
    edges = np.nanquantile(first, np.linspace(0, 1, _STEPS + 1)[1:-1])
    return np.searchsorted(edges, first), tuple(f"part {k + 1}" for k in range(_STEPS))
