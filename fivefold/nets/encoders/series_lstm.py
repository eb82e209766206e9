"""Long short-term memory, read both ways, for series.

Paper: Hochreiter 1997, Neural Computation 9(8). Origin: written for fivefold, see
nets/blocks/recurrent.py.
Changed: a convolution of five steps comes first, as neighbouring steps are much alike; the answer
sees the ends of both readings and the mean and maximum between them.

Axes: N rows, T steps, C channels, F features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from fivefold.nets.base import Encoder, Shape
from fivefold.nets.blocks.series_reader import SeriesReader

if TYPE_CHECKING:
    from torch import Tensor


@final
class Lstm(Encoder):
    """Series (T, C), NaN where a number is missing -> features.

    Args:
        shape: (T, C).
        width: Multiplies the 64 units of a direction.
        depth: Layers.
        sequence: Give features of every step (N, T, F) instead.
    """

    def __init__(
        self, shape: Shape, *, width: float = 1.0, depth: int = 1, sequence: bool = False
    ) -> None:
        super().__init__()
        self.reader = SeriesReader("lstm", shape, width=width, depth=depth, sequence=sequence)
        self.features = self.reader.features

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F), or (N, T, F) of each step, of a normalised batch (N, T, C)."""
        return self.reader(x)
