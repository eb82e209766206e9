"""The roles of nets: an encoder reads the input, a head gives the answer, a net is both.

Axes: N rows, C channels, H W picture, F features, K classes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Tensor, nn

Shape = tuple[int, ...]


class Encoder(nn.Module, ABC):
    """Input of `shape`, (C, H, W) or (D,), normalised to mean 0 and deviation 1 -> features (N, F).

    Every encoder is built as `Name(shape, width=..., depth=...)` and sets `features`.
    """

    features: int

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F) of a normalised batch (N, *shape)."""

    def initialise(self, x: Tensor) -> None:
        """Set weights from a normalised batch `x` before training; nothing unless overridden."""

    def kernels(self) -> Tensor | None:
        """Weights of the first layer as M pictures (M, C, h, w); None where they are no pictures.

        Those of the first convolution, unless overridden.
        """
        convolutions = (m for m in self.modules() if isinstance(m, nn.Conv2d))
        first = next(convolutions, None)
        return None if first is None else first.weight


class Head(nn.Module, ABC):
    """Features (N, F) -> output (N, K), its loss and its probabilities.

    Every head is built as `Name(features, outputs)`.
    """

    @abstractmethod
    def forward(self, features: Tensor) -> Tensor:
        """Output (N, K) of features (N, F)."""

    @abstractmethod
    def loss(self, output: Tensor, target: Tensor, *, smoothing: float = 0.0) -> Tensor:
        """Mean loss; `target` is class numbers (N,) or probabilities (N, K)."""

    @abstractmethod
    def probabilities(self, output: Tensor) -> Tensor:
        """Probabilities (N, K) of an output."""


@final
class Net(nn.Module):
    """An encoder and a head behind the input's own scale.

    Args:
        encoder: Reads the normalised input.
        head: Answers.
        mean: Mean of the raw input over training rows, (C, 1, 1) or (D,).
        std: Its deviation, of the same shape; zeros count as one.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, encoder: Encoder, head: Head, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head
        self.register_buffer("mean", mean.float())
        self.register_buffer("scale", (1.0 / torch.where(std > 0, std, 1.0)).float())

    def normalise(self, x: Tensor) -> Tensor:
        """Raw scale -> mean 0, deviation 1."""
        return (x.float() - self.mean) * self.scale

    def forward(self, x: Tensor) -> Tensor:
        """Output of the head for a batch in raw scale."""
        return self.head(self.encoder(self.normalise(x)))
