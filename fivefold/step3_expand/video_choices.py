"""Which changes suit clips: by their number, and by what mirroring does to their labels.

Axes: N clips, T frames, F features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from fivefold.nets.blocks.pictures import resize
from fivefold.step3_expand.mirror_test import LEAST_ROWS, halves, labels_lost, rows_to_judge

if TYPE_CHECKING:
    from torch import Tensor

    from fivefold.contracts.records import Dataset
    from fivefold.contracts.roles import Choice
    from fivefold.contracts.rows import FloatArray

_SIDE, _CELL = 32, 8  # pixels of the thumbnails that clips are described by, and of their cells
_FEW_PER_CLASS = 500


def video_choices(dataset: Dataset, *, seed: int, given: frozenset[str]) -> dict[str, Choice]:
    """Settings of `VideoExpander` for the data, each with its reason; see `Expander.choose`."""
    chosen: dict[str, Choice] = {
        "crop": (0.5, "what happens is seldom exactly in the middle, or of one size"),
        "colour": (0.2, "light and camera vary"),
        "trim": (0.7, "a clip begins and ends by chance"),
    }
    if "mirror" not in given:
        chosen["mirror"] = _mirror(dataset, seed)
    per_class = len(dataset.targets) / max(1, len(dataset.classes))
    if per_class < _FEW_PER_CLASS:
        why = f"{per_class:.0f} clips per class are few: mixing makes new ones"
        chosen["mixup"] = (0.2, why)
    return chosen


def _mirror(dataset: Dataset, seed: int) -> Choice:
    """Whether labels survive mirroring; they do not where they say which way things move.

    Unlike that of pictures the test leaves out whether mirrored clips can be told: the station's
    sign in a corner tells them, and says nothing of the label.
    """
    rng = np.random.default_rng(seed)
    chosen = rows_to_judge(dataset, rng)
    targets = dataset.targets[chosen]
    half = halves(dataset.groups[chosen], rng)
    judged = targets.ndim == 1 and targets.dtype.kind in "iu"
    if not judged:
        return 0.0, "without classes nothing tells whether mirroring keeps the target"
    if len(chosen) < LEAST_ROWS or any(len(np.unique(targets[h])) < 2 for h in (half, ~half)):
        return 0.0, f"{len(chosen)} clips are too few to test whether labels survive mirroring"
    described = [_described(torch.from_numpy(dataset.rows.take(row[None]))) for row in chosen]
    plain, mirrored = (np.stack([pair[i] for pair in described]) for i in (0, 1))
    right, flipped, lost = labels_lost(plain, mirrored, targets, half)
    said = "are lost" if lost else "survive"
    return float(not lost), (
        f"labels {said}: a quick classifier is right on {right:.1%} of {len(chosen)} held-out "
        f"clips and on {flipped:.1%} of their mirror images"
    )


def _described(clips: Tensor) -> tuple[FloatArray, FloatArray]:
    """Features (F,) of one clip (1, T, H, W, 3) and of its mirror image: what is where, what moves.

    What moves, and which way, is the product of the change in time and the slope in space.
    """
    frames = resize(clips[0].permute(0, 3, 1, 2), (_SIDE, _SIDE)).float().mean(1) / 255
    return _features(frames), _features(frames.flip(2))


def _features(frames: Tensor) -> FloatArray:
    middle = (frames[1:] + frames[:-1]) / 2 if len(frames) > 1 else frames
    change = frames[1:] - frames[:-1] if len(frames) > 1 else torch.zeros_like(frames)
    down, across = torch.gradient(middle, dim=(1, 2))
    moves = [-change * across, change * across, -change * down, change * down]
    energies = torch.stack([move.clamp(min=0).mean(0) for move in moves])
    maps = torch.cat([frames.mean(0)[None], energies.sqrt()])
    return torch.nn.functional.avg_pool2d(maps[None], _CELL).flatten().numpy()
