"""An encoder for each of several inputs of a row; their features are joined by a small layer.

Paper: joining by concatenation of learned features (Ngiam 2011, Multimodal Deep Learning); layer
norm (Ba 2016, arXiv 1607.06450) so that no part drowns the others out; parts dropped whole while
training (Neverova 2015, arXiv 1501.00102), so that the net does not lean on the easiest alone.
Origin: written for fivefold.

Axes: N rows, B bytes of a row, P parts, F features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import numpy as np
import torch
from torch import Tensor, nn

from fivefold import catalog
from fivefold.contracts.rows import Held
from fivefold.nets.base import Encoder, Shape
from fivefold.nets.blocks.joining import part_tensor, size_of
from fivefold.nets.blocks.sizes import scaled
from fivefold.nets.build import build_encoder, intake_of
from fivefold.plumbing.parts import Part, parts_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_DROPPED = 0.1  # of the rows lack a part in training
_SCALED = 2000  # rows that the scale of each part is measured on


@final
class Joined(Encoder):
    """Bytes of rows (N, B), or their parts as expanded, to features (N, F).

    Args:
        shape: (B,).
        width: Multiplies the width of the layer that joins, 256, and of the encoders.
        depth: Of the encoders.
        parts: The parts of a row: a list of {name, kind, shape}.
    """

    def __init__(
        self,
        shape: Shape,  # noqa: ARG002 - the parts say it
        *,
        width: float = 1.0,
        depth: int = 2,
        parts: Sequence[Mapping[str, Any]],
    ) -> None:
        super().__init__()
        self.parts = nn.ModuleList(_PartNet(p, width, depth) for p in parts_in(parts))
        together = sum(part.encoder.features for part in self._nets())
        self.features = scaled(256, width)
        self.join = nn.Sequential(
            nn.Linear(together, self.features),
            nn.GELU(),
            nn.Dropout(0.1),
            nn.Linear(self.features, self.features),
            nn.GELU(),
        )

    def _nets(self) -> list[_PartNet]:
        return [part for part in self.parts if isinstance(part, _PartNet)]

    def initialise(self, x: Tensor) -> None:
        """Measure the scale of each part, then set its encoder from the batch (N, B)."""
        for net in self._nets():
            net.initialise(part_tensor(x, net.part))

    def forward(self, x: Tensor | tuple[Tensor, ...]) -> Tensor:
        """Features (N, F) of bytes, or of each part as its expander gives it."""
        nets = self._nets()
        if isinstance(x, Tensor):
            each = tuple(net.plain(part_tensor(x, net.part)) for net in nets)
        else:
            each = x
        found = [net(one) for net, one in zip(nets, each, strict=True)]
        if self.training and len(found) > 1:
            keep = torch.rand(len(found), len(found[0]), 1, device=found[0].device) >= _DROPPED
            found = [one * there for one, there in zip(found, keep, strict=True)]
        return self.join(torch.cat(found, 1))

    def kernels(self) -> Tensor | None:
        """Those of the first part whose encoder has any."""
        found = (net.encoder.kernels() for net in self._nets())
        return next((kernels for kernels in found if kernels is not None), None)


@final
class _PartNet(nn.Module):
    """The encoder of one part behind the part's own scale; its features come normalised."""

    mean: Tensor
    scale: Tensor

    def __init__(self, part: Part, width: float, depth: int) -> None:
        super().__init__()
        self.part, self.intake, self.size = part, intake_of(part.kind), size_of(part)
        word = self.intake.line_up(catalog.line_up(part.kind), part.shape)[0]
        shape = self.intake.shape(part.item_shape, self.size)
        self.encoder: Encoder = build_encoder(word, shape, width, depth, part.shape)
        self.norm = nn.LayerNorm(self.encoder.features)
        mean, std = self._measured(np.zeros((1, *part.item_shape), part.shape["dtype"]))
        self.register_buffer("mean", torch.zeros_like(mean))
        self.register_buffer("scale", torch.ones_like(std))

    def initialise(self, items: Tensor) -> None:
        """Measure the scale of items (N, *item_shape), and set the encoder from them."""
        mean, std = self._measured(items[:_SCALED].cpu().numpy())
        self.mean.copy_(mean)
        self.scale.copy_(1.0 / torch.where(std > 0, std, 1.0))
        self.encoder.initialise(self._normalised(self.plain(items)))

    def plain(self, items: Tensor) -> Tensor:
        """Items as the encoder reads them, in raw scale."""
        return self.intake.plain(items, self.size)

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F) of what `plain` gave."""
        return self.norm(self.encoder(self._normalised(x)))

    def _normalised(self, x: Tensor) -> Tensor:
        return (x.float() - self.mean) * self.scale if self.mean.numel() else x

    def _measured(self, items: np.ndarray) -> tuple[Tensor, Tensor]:
        mean, std = self.intake.scale(Held(items))
        return mean.float(), std.float()
