"""Sound on its way into a net. Axes: N clips, T samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

import torch
import torch.nn.functional as F

from fivefold.nets.base import Intake, Scale, Shape
from fivefold.nets.blocks.sound import played

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from fivefold.contracts.rows import Items

PADDING, FULL = -32768, 32767  # of the cached rows; see inputs/audio.py
SHIFT = 0.02  # of the clip
SPEED = 1.08


@final
class AudioIntake(Intake):
    """int16 (N, T) -> float (N, T) in [-1, 1], 0 behind a clip's end."""

    views: ClassVar = {(): 1, ("shift",): 3, ("speed",): 3}

    def plain(self, raw: Tensor, size: Shape) -> Tensor:  # noqa: ARG002 - the role has a size
        """Full scale as 1, padding as silence."""
        return torch.where(raw == PADDING, 0.0, raw.float() / FULL)

    def shape(self, item: Shape, size: Shape) -> Shape:  # noqa: ARG002 - sound has none
        """The item's own, (T,)."""
        return item

    def scale(self, rows: Items) -> Scale:  # noqa: ARG002 - the role has rows
        """None: nets bring each clip to one level by itself."""
        return torch.empty(0), torch.empty(0)

    def seen(self, x: Tensor, names: Sequence[str]) -> list[Tensor]:
        """The clips themselves, a little later and earlier, or a little faster and slower."""
        found = [x]
        if "shift" in names:
            step = max(1, round(SHIFT * x.shape[1]))
            found += [F.pad(x, (step, -step)), F.pad(x, (-step, step))]
        if "speed" in names:
            found += [played(x, SPEED), played(x, 1 / SPEED)]
        return found
