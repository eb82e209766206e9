"""Do labels survive a flip? Two quick tests on the data decide, not a guess from their name.

1. Label test: a quick classifier, learned on one half of the pictures, judges the other half and
   their flipped images. Where flips keep labels it is right about equally often on both; where
   they do not (letters, arrows) it fails on the flipped ones.
2. Handedness test: a quick classifier is shown a held-out picture and its flipped image and says
   which is the original. Pictures of a world without handedness leave it guessing.

Axes: N pictures, T side of a thumbnail, F features.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.linear_model import Ridge, RidgeClassifier

from fivefold.contracts.rows import FloatArray
from fivefold.nets.blocks.pictures import resize
from fivefold.plumbing.files import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

    from fivefold.contracts.records import Dataset
    from fivefold.contracts.rows import IntArray

Axis = Literal["left-right", "up-down"]

MOST_ROWS = 2000
_MOST_BYTES = 150_000_000  # read from the cache: large photos are tested on fewer rows
LEAST_ROWS = 40
_CHUNK = 256
_SIDE = 32  # of the thumbnails that features are taken from
_DIRECTIONS = 8  # of edges
_RIDGE = 0.1  # ridge per row, for features of deviation 1
_QUIET = 1e-3  # added to deviations: features that hardly vary must not be blown up
_SURE = 0.01  # p below which a loss counts as real
_LOSS = 0.2  # share of what was known above chance that must be lost; less is photographers' habit
_CLASS_LOSS = 0.5  # share of a single class that must be lost: one handed class forbids the flip
_HANDED = 0.62  # share of pairs told apart: cifar10 0.52, flowers12 0.57, letters 0.83, digits 0.93
_FLIPS: dict[Axis, int] = {"left-right": 2, "up-down": 1}  # axis of (N, rows, columns, ..)


@dataclass(frozen=True, kw_only=True, slots=True)
class FlipTest:
    """What the two tests found about one axis.

    Attributes:
        axis: `left-right` or `up-down`, or the name of another change.
        rows: Pictures tested.
        plain: Share of held-out pictures the classifier is right on.
        flipped: The same of their flipped images.
        p: Chance of a loss as large in a world where flips keep labels (paired, one-sided).
        worst_class: Name of a class whose pictures are no longer known when flipped; or None.
        handed: Share of held-out pairs in which the original was told from its flipped image.
        allowed: Labels survive the flip.
        strongly: They survive it without any sign of a loss or of a preferred side.
        why: The reason, with the numbers.
    """

    axis: str
    rows: int
    plain: float
    flipped: float
    p: float
    worst_class: str | None
    handed: float
    allowed: bool
    strongly: bool
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Grids:
    """Pictures in short: colour (N, 8, 8, C) and edges by direction (N, 4, 4, 8)."""

    colour: FloatArray
    edges: FloatArray

    def flat(self) -> FloatArray:
        """Features (N, F)."""
        n = len(self.colour)
        return np.concatenate([self.colour.reshape(n, -1), self.edges.reshape(n, -1)], 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Trial:
    """Of each held-out picture (N): right on it, right on its image, told from its image."""

    right: NDArray[np.bool_]
    flipped: NDArray[np.bool_]
    told: NDArray[np.float64]


def judge_flips(dataset: Dataset, *, seed: int) -> dict[Axis, FlipTest]:
    """Test both axes on at most `MOST_ROWS` training rows of picture data."""
    rng = np.random.default_rng(seed)
    chosen = rows_to_judge(dataset, rng)
    targets = dataset.targets[chosen]
    half = halves(dataset.groups[chosen], rng)
    if _too_few(targets, half):
        return {axis: _untested(axis, len(chosen)) for axis in _FLIPS}
    grids = _described(dataset, chosen)
    images = {axis: _flipped(grids, axis).flat() for axis in _FLIPS}
    trials = _cross_fitted(grids.flat(), images, targets, half)
    return {axis: _verdict(axis, trials[axis], targets, dataset.classes) for axis in _FLIPS}


def judge_changes(
    maps: Tensor,
    changes: Mapping[str, Callable[[Tensor], Tensor]],
    *,
    targets: IntArray,
    groups: IntArray,
    classes: tuple[str, ...],
    seed: int,
) -> dict[str, FlipTest]:
    """The same two tests for any change of maps of numbers, which is done and described anew.

    Args:
        maps: (N, C, H, W) float, about 0 to 1.
        changes: Name -> what gives the changed maps.
        targets: (N,) class numbers.
        groups: (N,) rows with an equal number are duplicates.
        classes: Their names.
        seed: Of the halves.
    """
    half = halves(groups, np.random.default_rng(seed))
    if _too_few(targets, half):
        return {name: _untested(name, len(targets)) for name in changes}
    plain = _seen(maps)
    images = {name: _seen(change(maps)) for name, change in changes.items()}
    trials = _cross_fitted(plain, images, targets, half)
    return {name: _verdict(name, trials[name], targets, classes) for name in changes}


def _seen(maps: Tensor) -> FloatArray:
    small = resize(maps.float(), (_SIDE, _SIDE)).permute(0, 2, 3, 1)
    return _grids(small.numpy()).flat()


def _too_few(targets: IntArray, half: NDArray[np.bool_]) -> bool:
    return len(targets) < LEAST_ROWS or any(len(np.unique(targets[h])) < 2 for h in (half, ~half))


def rows_to_judge(dataset: Dataset, rng: np.random.Generator) -> IntArray:
    """A sorted sample of the rows that may be learned from."""
    # With one validation part, its rows only judge; with folds, every row trains somewhere.
    open_rows = np.arange(len(dataset.rows))
    training = open_rows if dataset.n_folds > 1 else open_rows[dataset.folds < 0]
    most = min(len(training), MOST_ROWS, _MOST_BYTES // math.prod(dataset.rows.item_shape))
    return np.sort(rng.choice(training, most, replace=False))


def labels_lost(
    plain: FloatArray, mirrored: FloatArray, targets: IntArray, half: NDArray[np.bool_]
) -> tuple[float, float, bool]:
    """The label test alone, on descriptions (N, F) of rows and of their mirror images.

    Returns:
        Share of held-out rows a quick classifier is right on; the same of their mirror images;
        whether labels, or those of one class, are lost.
    """
    trial = _cross_fitted(plain, {"left-right": mirrored}, targets, half)["left-right"]
    right, flipped = float(trial.right.mean()), float(trial.flipped.mean())
    known = max(right - np.bincount(targets).max() / len(targets), 0.0)
    sure = _loss_p(trial.right, trial.flipped) < _SURE
    worst = _worst_class(trial.right, trial.flipped, targets)
    return right, flipped, (sure and right - flipped > _LOSS * known) or worst is not None


def _described(dataset: Dataset, which: IntArray) -> _Grids:
    """Describe rows in chunks, since they may be large photos."""
    parts = []
    for start in range(0, len(which), _CHUNK):
        raw = torch.from_numpy(dataset.rows.take(which[start : start + _CHUNK]))
        small = resize(raw.permute(0, 3, 1, 2), (_SIDE, _SIDE)).permute(0, 2, 3, 1)
        parts.append(_grids((small.float() / 255).numpy()))
    return _Grids(
        colour=np.concatenate([part.colour for part in parts]),
        edges=np.concatenate([part.edges for part in parts]),
    )


def halves(groups: IntArray, rng: np.random.Generator) -> NDArray[np.bool_]:
    """(N,) True for one half; duplicates stay together, else they would tell the original."""
    unique, at = np.unique(groups, return_inverse=True)
    return (rng.permutation(len(unique)) % 2 == 0)[at]


def _grids(pictures: FloatArray) -> _Grids:
    grey = np.pad(pictures.mean(3), ((0, 0), (1, 1), (1, 1)), mode="edge")
    across = grey[:, 1:-1, 2:] - grey[:, 1:-1, :-2]
    down = grey[:, 2:, 1:-1] - grey[:, :-2, 1:-1]
    angles = np.arange(_DIRECTIONS, dtype=np.float32) * (2 * np.pi / _DIRECTIONS)
    edges = across[..., None] * np.cos(angles) + down[..., None] * np.sin(angles)
    return _Grids(
        colour=_pooled(pictures, _SIDE // 8),
        edges=np.sqrt(_pooled(np.maximum(edges, 0), _SIDE // 4)),
    )


def _flipped(grids: _Grids, axis: Axis) -> _Grids:
    """The description of the flipped pictures, without describing them anew."""
    half_turn = _DIRECTIONS // 2 if axis == "left-right" else 0
    direction = (half_turn - np.arange(_DIRECTIONS)) % _DIRECTIONS
    at = _FLIPS[axis]
    return _Grids(colour=np.flip(grids.colour, at), edges=np.flip(grids.edges, at)[..., direction])


def _pooled(x: FloatArray, cell: int) -> FloatArray:
    n, side, _, channels = x.shape
    return x.reshape(n, side // cell, cell, side // cell, cell, channels).mean((2, 4))


def _cross_fitted(
    plain: FloatArray,
    images: Mapping[Any, FloatArray],
    targets: IntArray,
    half: NDArray[np.bool_],
) -> dict[Any, _Trial]:
    """Each half judged by what was learned on the other; features (N, F)."""
    n = len(plain)
    trials = {
        axis: _Trial(right=np.zeros(n, bool), flipped=np.zeros(n, bool), told=np.zeros(n))
        for axis in images
    }
    for judged in (half, ~half):
        learned = ~judged
        mean, std = plain[learned].mean(0), plain[learned].std(0) + _QUIET
        x = (plain - mean) / std
        classifier = RidgeClassifier(_RIDGE * learned.sum()).fit(x[learned], targets[learned])
        for axis, trial in trials.items():
            image = (images[axis] - mean) / std
            trial.right[judged] = classifier.predict(x[judged]) == targets[judged]
            trial.flipped[judged] = classifier.predict(image[judged]) == targets[judged]
            # Only the odd part of the features can tell a picture from its image.
            odd = x - image
            teller = Ridge(_RIDGE * learned.sum(), fit_intercept=False)
            teller.fit(odd[learned], np.ones(learned.sum()))
            trial.told[judged] = (np.sign(odd[judged] @ teller.coef_) + 1) / 2
    return trials


def _untested(axis: str, rows: int) -> FlipTest:
    why = f"{rows} pictures are too few to test whether labels survive this flip ({axis})"
    return FlipTest(
        axis=axis, rows=rows, plain=0.0, flipped=0.0, p=1.0, worst_class=None, handed=0.5,
        allowed=False, strongly=False, why=why,
    )  # fmt: skip


def _verdict(axis: str, trial: _Trial, targets: IntArray, classes: tuple[str, ...]) -> FlipTest:
    n = len(targets)
    plain, flipped = float(trial.right.mean()), float(trial.flipped.mean())
    handed = float(trial.told.mean())
    p = _loss_p(trial.right, trial.flipped)
    chance = np.bincount(targets).max() / n
    lost = p < _SURE and plain - flipped > _LOSS * max(plain - chance, 0.0)
    worst = _worst_class(trial.right, trial.flipped, targets)
    margin = 2 / math.sqrt(n)  # four deviations of a share of n fair coins
    allowed = not lost and worst is None and handed <= max(_HANDED, 0.5 + margin / 2)
    strongly = allowed and p > 0.1 and plain > chance + margin and handed < 0.5 + margin
    if lost:
        reason = "labels do not survive this flip"
    elif worst is not None:
        reason = f"class {printable(classes[worst])} does not survive this flip"
    elif not allowed:
        reason = "these pictures have a preferred side"
    else:
        reason = "labels survive this flip"
    why = (
        f"{reason} ({axis}): a quick classifier is right on {plain:.1%} of {n} held-out pictures "
        f"and on {flipped:.1%} of their flipped images (p = {p:.2g}); originals are told from "
        f"images in {handed:.0%} of pairs"
    )
    return FlipTest(
        axis=axis, rows=n, plain=plain, flipped=flipped, p=p,
        worst_class=None if worst is None else classes[worst], handed=handed, allowed=allowed,
        strongly=bool(strongly), why=why,
    )  # fmt: skip


def _loss_p(right: NDArray[np.bool_], flipped_right: NDArray[np.bool_]) -> float:
    """One-sided exact McNemar test that flipping loses nothing."""
    lost, won = int((right & ~flipped_right).sum()), int((~right & flipped_right).sum())
    return float(binomtest(lost, lost + won, alternative="greater").pvalue) if lost + won else 1.0


def _worst_class(
    right: NDArray[np.bool_], flipped_right: NDArray[np.bool_], targets: IntArray
) -> int | None:
    """The class that loses most of what was known of it, beyond chance; None if there is none."""
    found: list[tuple[float, int]] = []
    present = np.unique(targets)
    for k in present:
        own = targets == k
        share = 1 - flipped_right[own].mean() / max(right[own].mean(), 1e-9)
        sure = _loss_p(right[own], flipped_right[own]) < _SURE / len(present)
        if share > _CLASS_LOSS and sure:
            found.append((float(share), int(k)))
    return max(found)[1] if found else None
