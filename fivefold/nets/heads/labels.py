"""Any of k: a linear layer, a sigmoid and binary cross-entropy for each label.

Axes: N rows, F features, K labels.
"""

from __future__ import annotations

from typing import final

from torch import Tensor, nn
from torch.nn import functional as F

from fivefold.nets.base import Head


@final
class LabelsHead(Head):
    """Linear layer from features (N, F) to the logits (N, K) of the labels.

    Args:
        features: F.
        outputs: K.
    """

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(features, outputs)

    def forward(self, features: Tensor) -> Tensor:
        """Logits (N, K)."""
        return self.linear(features)

    def loss(self, output: Tensor, target: Tensor, *, smoothing: float = 0.0) -> Tensor:
        """Mean binary cross-entropy with 0 or 1, or what was mixed of them, (N, K)."""
        wanted = target.float() * (1.0 - smoothing) + 0.5 * smoothing
        return F.binary_cross_entropy_with_logits(output.float(), wanted)

    def probabilities(self, output: Tensor) -> Tensor:
        """Sigmoids (N, K), float32."""
        return output.float().sigmoid()
