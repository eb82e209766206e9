"""Sentences of words on their way into a net: the bytes of each word, which have no scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import torch

from fivefold.nets.base import Intake, Scale, Shape

if TYPE_CHECKING:
    from torch import Tensor

    from fivefold.contracts.rows import Items


@final
class TokensIntake(Intake):
    """uint8 (N, L, W) as whole numbers of the type that tables are indexed by."""

    def plain(self, raw: Tensor, size: Shape) -> Tensor:  # noqa: ARG002 - the role has a size
        """As long integers."""
        return raw.long()

    def shape(self, item: Shape, size: Shape) -> Shape:  # noqa: ARG002 - sentences have none
        """The item's own, (L, W)."""
        return item

    def scale(self, rows: Items) -> Scale:  # noqa: ARG002 - symbols have none
        """None: bytes are letters here."""
        return torch.empty(0), torch.empty(0)
