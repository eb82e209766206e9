"""Numbers laid out in bins, categories by vectors, and many small nets that share their weights.

Papers: piecewise-linear vectors of numbers (Gorishniy 2022, arXiv 2203.05556); TabM, an ensemble
within one net (Gorishniy 2024, arXiv 2410.24210) after BatchEnsemble (Wen 2020, arXiv 2002.06715).
Origin: written for fivefold. Changed: in training a row is shown to one of the nets within, drawn
anew at every step, instead of to all of them. A step then costs as much as one of a plain net, and
their answers differ all the same; they are averaged where the net answers.

Axes: N rows, D slots, F features, M nets within.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import torch
from torch import Tensor, nn

from fivefold.nets.base import Encoder, Shape
from fivefold.nets.blocks.initialise import he
from fivefold.nets.blocks.sizes import scaled
from fivefold.nets.blocks.tables import Slots

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MEMBERS = 8
_BINS = 128  # a bin for most values that a number has: of 32 a net learned less than trees do
_VECTOR = 12


@final
class Tabular(Encoder):
    """Slots of a row (D,) as vectors, then hidden layers that M nets share.

    Args:
        shape: (D,).
        width: Multiplies the units of a layer, 384.
        depth: Hidden layers.
        columns: The slots, see `plumbing/columns.py`.
    """

    def __init__(
        self,
        shape: Shape,  # noqa: ARG002 - the columns say it
        *,
        width: float = 1.0,
        depth: int = 2,
        columns: Sequence[Mapping[str, Any]],
    ) -> None:
        super().__init__()
        self.slots = Slots(columns, width=_VECTOR, bins=_BINS)
        self.features = scaled(384, width)
        before = self.slots.features
        # What makes the nets within differ: each sees the vectors with weights of its own. Signs,
        # as in the paper, are learned more slowly here, where a step shows a row to one net only.
        self.into = nn.Parameter(1 + 0.5 * torch.randn(_MEMBERS, before))
        self.layers = nn.ModuleList()
        for layer in range(depth):
            linear = nn.Linear(self.features if layer else before, self.features)
            he(linear)
            self.layers.append(linear)
        self.out = nn.Parameter(1 + 0.1 * torch.randn(_MEMBERS, self.features))
        self.dropout = nn.Dropout(0.3)

    def initialise(self, x: Tensor) -> None:
        """Lay the bins of every number between its quantiles."""
        self.slots.initialise(x)

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F) of rows (N, D)."""
        vectors = self.slots(x)
        if self.training:
            member = torch.randint(_MEMBERS, (len(x),), device=x.device)
            return self._through(vectors * self.into[member]) * self.out[member]
        each = (self._through(vectors * r) * s for r, s in zip(self.into, self.out, strict=True))
        return torch.stack(list(each)).mean(0)

    def _through(self, vectors: Tensor) -> Tensor:
        for layer in self.layers:
            vectors = self.dropout(layer(vectors).relu())
        return vectors
