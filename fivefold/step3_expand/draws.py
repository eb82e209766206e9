"""All randomness of an expansion: one given generator, numbers on the device of the batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import torch

if TYPE_CHECKING:
    from torch import Generator, Tensor


@final
class Draws:
    """Draws from `generator`, which may live on another device than the batch.

    Attributes:
        device: Of the batch.
    """

    def __init__(self, generator: Generator, device: torch.device) -> None:
        self._generator = generator
        self.device = device

    def uniform(self, *shape: int) -> Tensor:
        """Floats in [0, 1)."""
        drawn = torch.rand(shape, generator=self._generator, device=self._generator.device)
        return drawn.to(self.device)

    def spread(self, *shape: int) -> Tensor:
        """Floats in [-1, 1)."""
        return self.uniform(*shape) * 2 - 1

    def normal(self, *shape: int) -> Tensor:
        """Floats of mean 0 and deviation 1."""
        drawn = torch.randn(shape, generator=self._generator, device=self._generator.device)
        return drawn.to(self.device)

    def below(self, limit: int, n: int) -> Tensor:
        """`n` whole numbers in 0 .. limit - 1."""
        drawn = torch.randint(limit, (n,), generator=self._generator, device=self._generator.device)
        return drawn.to(self.device)

    def order(self, n: int) -> Tensor:
        """A permutation of 0 .. n - 1."""
        drawn = torch.randperm(n, generator=self._generator, device=self._generator.device)
        return drawn.to(self.device)
