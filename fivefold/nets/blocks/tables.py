"""What nets for tables share: every slot of a row, number or category, as a small vector.

Axes: N rows, D slots, P numbers among them, T bins, E width of a vector.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LEAST = 1e-6  # a bin narrower than this, relative to its edge, is no bin


@final
class Slots(nn.Module):
    """Rows (N, D) of numbers and codes -> vectors (N, D * E).

    A number is laid out piecewise linearly over bins between its quantiles (Gorishniy 2022, arXiv
    2203.05556), so that the net can bend anywhere along it, as trees do; a category has a vector
    per value, one for all others and one for none. A missing number has a vector of its own too.

    Args:
        columns: The D slots, see `plumbing/columns.py`.
        width: E.
        bins: T, most bins of a number.
    """

    def __init__(self, columns: Sequence[Mapping[str, Any]], *, width: int, bins: int) -> None:
        super().__init__()
        self.numbers = [i for i, slot in enumerate(columns) if slot["type"] == "number"]
        self.codes = [i for i, slot in enumerate(columns) if slot["type"] == "category"]
        sizes = [len(columns[i]["values"]) + 2 for i in self.codes]  # others, and none
        self.features = len(columns) * width
        p = len(self.numbers)
        # Until a batch has been seen: bins of a number of mean 0 and deviation 1.
        start = torch.linspace(-2, 2, bins + 1).expand(p, -1)
        self.register_buffer("low", start[:, :-1].clone())
        self.register_buffer("steep", 1 / (start[:, 1:] - start[:, :-1]))
        self.weight = nn.Parameter(torch.randn(p, bins + 1, width) * (bins + 1) ** -0.5)
        self.bias = nn.Parameter(torch.randn(p, width) * 0.5)
        self.register_buffer("last", torch.tensor([size - 1 for size in sizes]))
        offsets = torch.tensor([0, *sizes[:-1]] if sizes else [], dtype=torch.long).cumsum(0)
        self.register_buffer("offset", offsets)
        self.table = nn.Embedding(max(1, sum(sizes)), width) if sizes else None
        if self.table is not None:
            nn.init.normal_(self.table.weight, std=0.5)

    low: Tensor
    steep: Tensor
    last: Tensor
    offset: Tensor

    @torch.no_grad()
    def initialise(self, x: Tensor) -> None:
        """Lay the bins of every number between the quantiles of a batch (N, D)."""
        bins = self.low.shape[1]
        for p, slot in enumerate(self.numbers):
            edges = _edges(x[:, slot].float(), bins)
            low = torch.full((bins,), edges[-1].item(), device=x.device)
            steep = torch.zeros(bins, device=x.device)  # what lies beyond the last bin stays 0
            low[: len(edges) - 1] = edges[:-1]
            steep[: len(edges) - 1] = 1 / (edges[1:] - edges[:-1])
            self.low[p], self.steep[p] = low, steep

    def forward(self, x: Tensor) -> Tensor:
        """Vectors (N, D * E) of rows (N, D); NaN is a missing cell."""
        found = []
        if self.numbers:
            numbers = x[:, self.numbers].float()
            gaps = numbers.isnan()
            place = (numbers.nan_to_num()[:, :, None] - self.low) * self.steep
            laid = torch.where(gaps[:, :, None], 0.0, place.clamp(0, 1))
            laid = torch.cat([laid, gaps[:, :, None].to(laid.dtype)], 2)
            found.append((torch.einsum("npt,pte->npe", laid, self.weight) + self.bias).flatten(1))
        if self.table is not None:
            # A cell that is missing has the last code of its slot.
            codes = x[:, self.codes].float()
            codes = torch.where(codes.isnan(), self.last, codes).long()
            codes = torch.minimum(codes.clamp(min=0), self.last) + self.offset
            found.append(self.table(codes).flatten(1))
        return torch.cat([one.float() for one in found], 1)


def _edges(values: Tensor, bins: int) -> Tensor:
    """Edges of at most `bins` bins: half by the rows, half by the distinct values.

    Of a number that is mostly 0 the quantiles of the rows alone would all be 0.
    """
    values = values[values.isfinite()]
    if not len(values):
        return torch.tensor([0.0, 1.0], device=values.device)
    distinct = torch.unique(values)
    if len(distinct) <= bins + 1:
        edges = distinct
    else:
        even = torch.linspace(0, 1, bins // 2 + 1, device=values.device)
        edges = torch.unique(torch.cat([values.quantile(even), distinct.quantile(even)]))
    least = _LEAST * edges.abs().max().clamp(min=_LEAST)
    far = torch.cat([edges.new_ones(1, dtype=torch.bool), edges.diff() > least])
    edges = edges[far]
    return edges if len(edges) > 1 else torch.stack([edges[0], edges[0] + 1])
