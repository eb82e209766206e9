"""One of k for each token, all of a sentence together: a linear-chain conditional random field.

Axes: N rows, L places, F features, K tags.
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fivefold.nets.base import Head
from fivefold.nets.blocks.places import with_mask, without_mask

_NEVER = -1e4  # a log-weight that no path survives, and that still adds up in float32


@final
class CrfHead(Head):
    """Linear layer from features (N, L, F) to emissions (N, L, K), and weights of tag after tag.

    Lafferty, McCallum and Pereira 2001; on top of a net as in arXiv 1508.01991. Its answers are
    the marginals of forward and backward sums, so that members can be pooled.

    Args:
        features: F.
        outputs: K.
    """

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(features, outputs)
        self.follows = nn.Parameter(torch.zeros(outputs, outputs))  # from row to column
        self.first = nn.Parameter(torch.zeros(outputs))
        self.last = nn.Parameter(torch.zeros(outputs))

    def forward(self, features: Tensor) -> Tensor:
        """Emissions and mask (N, L, K + 1)."""
        return with_mask(features, self.linear(features))

    def loss(self, output: Tensor, target: Tensor, *, smoothing: float = 0.0) -> Tensor:
        """Negative log-likelihood of the tags (N, L), per token with a known tag.

        Tokens whose tag is unknown (-1) may have any: they are summed over. There is nothing to
        smooth.
        """
        del smoothing
        emissions, real = without_mask(output)
        real = real | (target >= 0)
        length = int(real.any(0).sum().clamp(min=1))
        emissions, real, target = emissions[:, :length], real[:, :length], target[:, :length]
        known = target >= 0
        wrong = torch.ones_like(emissions).scatter(2, target.clamp(min=0)[..., None], 0.0)
        given = emissions + _NEVER * wrong * known[..., None]
        free, held = self._total(emissions, real), self._total(given, real)
        return ((free - held) * known.any(1)).sum() / known.sum().clamp(min=1)

    def count(self, target: Tensor) -> int:
        """Tokens with a known tag."""
        return int((target >= 0).sum())

    def probabilities(self, output: Tensor) -> Tensor:
        """Marginals (N, L, K), 0 in padding, float32."""
        emissions, real = without_mask(output)
        length = int(real.any(0).sum().clamp(min=1))
        cut, inside = emissions[:, :length], real[:, :length]
        sums = self._forward(cut, inside) + self._backward(cut, inside)
        found = sums.softmax(-1) * inside[..., None]
        return F.pad(found, (0, 0, 0, emissions.shape[1] - length))

    def _total(self, emissions: Tensor, real: Tensor) -> Tensor:
        """(N,) log of the summed weight of all paths."""
        sums = self._forward(emissions, real)[:, -1]
        return (sums + self.last.float()).logsumexp(-1)

    def _forward(self, emissions: Tensor, real: Tensor) -> Tensor:
        """(N, L, K) log-sums of all beginnings that end in a tag; padding repeats the last."""
        follows = self.follows.float()
        state = self.first.float() + emissions[:, 0]
        states = [state]
        for place in range(1, emissions.shape[1]):
            onward = (state[:, :, None] + follows).logsumexp(1) + emissions[:, place]
            state = torch.where(real[:, place, None], onward, state)
            states.append(state)
        return torch.stack(states, dim=1)

    def _backward(self, emissions: Tensor, real: Tensor) -> Tensor:
        """(N, L, K) log-sums of all ends that follow a tag."""
        follows = self.follows.float()
        state = self.last.float().expand(len(emissions), -1)
        states = [state]
        for place in range(emissions.shape[1] - 1, 0, -1):
            before = (follows + (state + emissions[:, place])[:, None]).logsumexp(2)
            state = torch.where(real[:, place, None], before, state)
            states.append(state)
        return torch.stack(states[::-1], dim=1)
