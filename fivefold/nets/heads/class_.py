"""One of k: a linear layer, softmax and cross-entropy.

Axes: N rows, F features, K classes.
"""

from __future__ import annotations

from typing import final

from torch import Tensor, nn
from torch.nn import functional as F

from fivefold.nets.base import Head


@final
class ClassHead(Head):
    """Linear layer from features (N, F) to the logits (N, K) of the classes.

    Loss and probabilities are computed in float32, whatever precision the logits have.

    Args:
        features: F.
        outputs: K.
    """

    steady = True

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(features, outputs)

    def forward(self, features: Tensor) -> Tensor:
        """Logits (N, K)."""
        return self.linear(features)

    def loss(self, output: Tensor, target: Tensor, *, smoothing: float = 0.0) -> Tensor:
        """Mean cross-entropy with class numbers (N,), or with probabilities (N, K)."""
        return F.cross_entropy(output.float(), target, label_smoothing=smoothing)

    def probabilities(self, output: Tensor) -> Tensor:
        """Softmax (N, K), float32."""
        return output.float().softmax(dim=1)
