"""Which changes suit pictures: by size, by number of rows and by the flip tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fivefold.step3_expand.mirror_test import judge_flips

if TYPE_CHECKING:
    from fivefold.contracts.records import Dataset
    from fivefold.contracts.roles import Choice

_TINY, _SMALL = 12, 64  # pixels of the shorter side
_FEW_ROWS = 10_000  # fewer are seen so often that a net learns them by heart
_FEW_PER_CLASS = 200


def image_choices(dataset: Dataset, *, seed: int, given: frozenset[str]) -> dict[str, Choice]:
    """Settings of `ImageExpander` for the data, each with its reason; see `Expander.choose`."""
    side = min(dataset.rows.item_shape[:2])
    flips: dict[str, Choice] = {}
    if not {"mirror", "flip_vertical"} <= given:
        tests = judge_flips(dataset, seed=seed)
        across, down = tests["left-right"], tests["up-down"]
        flips["mirror"] = (float(across.allowed), across.why)
        # Gravity is common: the second axis needs more than the absence of a loss.
        flips["flip_vertical"] = (float(down.allowed and down.strongly), down.why)
    if side <= _TINY:
        return {**flips, **_tiny()}
    if side <= _SMALL:
        glyphs = dataset.rows.item_shape[2] == 1 and not flips.get("mirror", (1.0, ""))[0]
        return {**flips, **_small(side, rows=len(dataset.rows), glyphs=glyphs)}
    per_class = np.bincount(dataset.targets, minlength=len(dataset.classes)).mean()
    return {**flips, **_photos(float(per_class))}


def _tiny() -> dict[str, Choice]:
    return {
        "shift": (1.0, "tiny pictures: one pixel is already a tenth of the side"),
        "rotate": (10.0, "a slight turn keeps even a digit what it is"),
        "zoom": (0.1, "so does a tenth more or less in size"),
    }


def _small(side: int, *, rows: int, glyphs: bool) -> dict[str, Choice]:
    chosen: dict[str, Choice] = {
        "shift": (float(max(1, side // 16)), "small pictures: a sixteenth of the side")
    }
    if glyphs:
        chosen["rotate"] = (10.0, "grey pictures with a preferred side look like written signs")
        chosen["zoom"] = (0.1, "grey pictures with a preferred side look like written signs")
    elif rows < _FEW_ROWS:
        chosen["cutout"] = (0.25, f"{rows} rows are seen so often that hiding a part helps")
    else:
        chosen["cutout"] = (0.0, f"{rows} rows are seen too few times to be learned by heart")
    return chosen


def _photos(per_class: float) -> dict[str, Choice]:
    chosen: dict[str, Choice] = {
        "crop": (0.35, "photos: the object is seldom exactly in the middle, or of one size"),
        "colour": (0.25, "photos: light and camera vary"),
    }
    if per_class < _FEW_PER_CLASS:
        why = f"{per_class:.0f} pictures per class are few: mixing makes new ones"
        chosen["mixup"] = (0.2, why)
        chosen["cutmix"] = (0.2, why)
    return chosen
