"""Which places of a sequence are real: those whose features are not all 0.

Axes: N rows, L places, F features, K outputs per place.
"""

from __future__ import annotations

import torch
from torch import Tensor


def with_mask(features: Tensor, output: Tensor) -> Tensor:
    """Output (N, L, K + 1): that of each place, then 1 where `features` (N, L, F) are real.

    So heads know the padding from their own output, and outputs of several views can be averaged.
    """
    real = (features != 0).any(-1, keepdim=True)
    return torch.cat([output, real.to(output.dtype)], dim=-1)


def without_mask(output: Tensor) -> tuple[Tensor, Tensor]:
    """What `with_mask` joined, in float32: (N, L, K), and (N, L) whether a place is real."""
    return output[..., :-1].float(), output[..., -1] > 0.5
