"""One of k for each token, each for itself: a linear layer, softmax and cross-entropy.

Axes: N rows, L places, F features, K tags.
"""

from __future__ import annotations

from typing import final

from torch import Tensor, nn
from torch.nn import functional as F

from fivefold.nets.base import Head
from fivefold.nets.blocks.places import with_mask, without_mask


@final
class TagsHead(Head):
    """Linear layer from features (N, L, F) to the logits (N, L, K) of the tags.

    Args:
        features: F.
        outputs: K.
    """

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(features, outputs)

    def forward(self, features: Tensor) -> Tensor:
        """Logits and mask (N, L, K + 1)."""
        return with_mask(features, self.linear(features))

    def loss(self, output: Tensor, target: Tensor, *, smoothing: float = 0.0) -> Tensor:
        """Mean cross-entropy over tokens with a known tag; `target` (N, L) is -1 elsewhere."""
        logits, _ = without_mask(output)
        known = target >= 0
        # Without a known tag in the batch the loss is 0, and still has a gradient.
        cost = F.cross_entropy(
            logits[known], target[known], label_smoothing=smoothing, reduction="sum"
        )
        return cost / known.sum().clamp(min=1)

    def count(self, target: Tensor) -> int:
        """Tokens with a known tag."""
        return int((target >= 0).sum())

    def probabilities(self, output: Tensor) -> Tensor:
        """Softmax (N, L, K), 0 in padding, float32."""
        logits, real = without_mask(output)
        return logits.softmax(-1) * real[..., None]
