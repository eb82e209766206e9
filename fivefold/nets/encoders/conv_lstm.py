"""A memory with a map: convolutions over each frame, a recurrent net along the clip.

Paper: Shi 2015, convolutional LSTM, arXiv 1506.04214.
Origin: written for fivefold from the paper.
Changed: no peepholes; a trunk shrinks the frames first, so the memory works on small maps; frames
enter beside their changes; the features are the memory's mean over time and its last state, each
pooled over the picture.

Axes: N clips, C channels, T frames, H W a map, F features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import torch
from torch import nn

from fivefold.nets.base import Encoder, Shape
from fivefold.nets.blocks.clips import (
    FEATURE_SCALE,
    folded,
    pooled,
    trunk,
    trunk_channels,
    with_changes,
)

if TYPE_CHECKING:
    from torch import Tensor


@final
class ConvLstm(Encoder):
    """A trunk, then a convolutional LSTM over its maps.

    Args:
        shape: (C, T, H, W).
        width: Multiplies the channels.
        depth: Convolutions per stage.
    """

    def __init__(self, shape: Shape, *, width: float = 1.0, depth: int = 2) -> None:
        super().__init__()
        self.trunk = trunk(2 * shape[0], shape, width=width, depth=depth)
        self.state = trunk_channels(width)[-1]
        self.entering = nn.Conv2d(self.state, 4 * self.state, 3, padding=1)
        self.carried = nn.Conv2d(self.state, 4 * self.state, 3, padding=1, bias=False)
        nn.init.orthogonal_(self.carried.weight, 0.5)
        with torch.no_grad():  # remember at first (Jozefowicz 2015)
            self.entering.bias[self.state : 2 * self.state].fill_(1.0)  # type: ignore[index]
        self.features = 4 * self.state

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F) of a normalised batch (N, C, T, H, W)."""
        # What enters does not depend on the state: computed for all frames at once.
        entering = self.entering(self.trunk(folded(with_changes(x)))).unflatten(0, (len(x), -1))
        hidden = entering.new_zeros(len(x), self.state, *entering.shape[3:])
        cell = torch.zeros_like(hidden, dtype=torch.float32)
        total = torch.zeros_like(cell)
        for one in entering.unbind(1):
            gates = one + self.carried(hidden)
            enter, keep, show, new = gates.chunk(4, 1)
            cell = keep.sigmoid() * cell + enter.sigmoid() * new.tanh()
            hidden = show.sigmoid() * cell.tanh()
            total = total + hidden
        mean = total / entering.shape[1]
        return torch.cat([pooled(mean), pooled(hidden)], 1) * (2 * FEATURE_SCALE)
