"""Texts on their way into a net: numbers of characters and sub-words, which have no scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import torch

from fivefold import catalog
from fivefold.nets.base import Intake, Scale, Shape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from fivefold.contracts.rows import Items


@final
class TextIntake(Intake):
    """int16 (N, Lc + Lw) as whole numbers of the type that tables are indexed by."""

    def plain(self, raw: Tensor, size: Shape) -> Tensor:  # noqa: ARG002 - the role has a size
        """As long integers."""
        return raw.long()

    def shape(self, item: Shape, size: Shape) -> Shape:  # noqa: ARG002 - texts have none
        """The item's own, (Lc + Lw,)."""
        return item

    def scale(self, rows: Items) -> Scale:  # noqa: ARG002 - symbols have none
        """None: numbers are names here."""
        return torch.empty(0), torch.empty(0)

    def line_up(self, words: Sequence[str], learned: Mapping[str, Any]) -> tuple[str, ...]:
        """A code of few letters is read by characters, all else by words."""
        read = "characters" if learned.get("code") else "words"
        wants = {word: catalog.entry("encoder", word).facts.get("wants", ()) for word in words}
        return tuple(word for word in words if read in wants[word])
