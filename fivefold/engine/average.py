"""The running average of the weights, to which the net itself returns (lookahead)."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

EVERY = 5  # steps


@final
class Lookahead:
    """Keeps an average of weights and statistics; every few steps the net continues from it.

    Zhang 2019 (arXiv 1907.08610), with the decay that grows with progress of Jordan 2024.
    """

    def __init__(self, net: nn.Module) -> None:
        self.average = {k: v.clone() for k, v in _floats(net).items()}

    @torch.no_grad()
    def update(self, net: nn.Module, *, decay: float) -> None:
        """Move the average towards the net by `1 - decay`, then put the net on it."""
        values = list(_floats(net).values())
        averages = list(self.average.values())
        torch._foreach_lerp_(averages, values, 1.0 - decay)
        torch._foreach_copy_(values, averages)

    def after_step(self, net: nn.Module, *, step: int, progress: float) -> None:
        """Call after every step; acts on each fifth."""
        if step % EVERY == EVERY - 1:
            self.update(net, decay=0.95**EVERY * progress**3)

    def finish(self, net: nn.Module, *, steps: int) -> None:
        """End training of so many steps on the average; before its first move it knows nothing."""
        if steps >= EVERY:
            self.update(net, decay=1.0)


def _floats(net: nn.Module) -> dict[str, Tensor]:
    trained = {name: p.detach() for name, p in net.named_parameters() if p.requires_grad}
    statistics = {name: b for name, b in net.named_buffers() if b.is_floating_point()}
    return trained | statistics
