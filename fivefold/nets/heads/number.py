"""Numbers with their deviation: a mean and a log-variance each.

Axes: N rows, F features, M numbers.
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from fivefold.nets.base import Head

_SIDE = 6.0  # log-variances stay within this, softly: no row may count without bound
_BETA = 0.5


@final
class NumberHead(Head):
    """Linear layer from features (N, F) to means and log-variances (N, 2M) of M numbers.

    It works in units of the training targets' own deviation. The loss is the negative
    log-likelihood of a normal distribution, each row weighted by its variance to the power of
    beta (Seitzer and others 2022, arXiv 2203.09168): rows that are hard to tell are not given up
    for being called uncertain.

    Args:
        features: F.
        outputs: M.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(features, 2 * outputs)
        self.register_buffer("shift", torch.zeros(outputs))
        self.register_buffer("scale", torch.ones(outputs))
        self._furthest = 0.5

    def learn(self, targets: Tensor) -> None:
        """Mean and deviation of training targets (N, M); a deviation of 0 counts as 1."""
        deviation = targets.double().std(0, correction=0)
        self.shift.copy_(targets.double().mean(0))
        self.scale.copy_(torch.where(deviation > 0, deviation, 1.0))
        away = (targets.double() - self.shift) / self.scale
        self._furthest = 0.5 * float((away**2).mean(1).max())

    def forward(self, features: Tensor) -> Tensor:
        """Means and log-variances (N, 2M), in units of the training targets' deviation."""
        return self.linear(features)

    def loss(self, output: Tensor, target: Tensor, *, smoothing: float = 0.0) -> Tensor:
        """Mean beta-likelihood loss of numbers (N, M); there is nothing to smooth."""
        del smoothing
        mean, log_variance = self._split(output)
        wanted = (target.float() - self.shift) / self.scale
        cost = 0.5 * (log_variance + (wanted - mean) ** 2 / log_variance.exp())
        return (cost * log_variance.detach().exp() ** _BETA).mean()

    def untrained(self) -> tuple[float, float]:
        """Of mean 0 and deviation 1 for all: a half, and that of the row furthest from the mean."""
        return 0.5, max(0.5, self._furthest)

    def probabilities(self, output: Tensor) -> Tensor:
        """Means and deviations (N, 2M) in the targets' own units, float32."""
        mean, log_variance = self._split(output)
        deviation = (0.5 * log_variance).exp()
        return torch.cat([mean * self.scale + self.shift, deviation * self.scale], dim=1)

    @staticmethod
    def _split(output: Tensor) -> tuple[Tensor, Tensor]:
        mean, raw = output.float().chunk(2, dim=1)
        return mean, _SIDE * torch.tanh(raw / _SIDE)
