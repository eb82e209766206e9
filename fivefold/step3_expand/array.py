"""Expansion of fixed-length vectors: a little noise, and rows blended with each other.

Axes: N rows, D numbers per row, K classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import torch
import torch.nn.functional as F

from fivefold.contracts.roles import Expander
from fivefold.step3_expand.draws import Draws
from fivefold.step3_expand.mixing import beta_table
from fivefold.step3_expand.policies import ARRAY_POLICIES, check

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from fivefold.contracts.records import ExpansionRecord


@final
class ArrayExpander(Expander):
    """Changes batches of vectors as its record says.

    Args:
        record: Which changes are used.
        classes: K, the width of mixed targets.

    Raises:
        OptionError: A setting is unknown or out of its range.
    """

    def __init__(self, record: ExpansionRecord, *, classes: int) -> None:
        check(record.settings, ARRAY_POLICIES)
        self.record = record
        self.classes = classes
        alpha = record.settings.get("mixup", 0.0)
        self._table = beta_table(alpha) if alpha else None

    def __call__(
        self,
        batch: Tensor,
        targets: Tensor,
        *,
        generator: Generator,
        size: tuple[int, ...] = (),  # noqa: ARG002 - vectors have no size; the role has
        mirrored: Tensor | None = None,  # noqa: ARG002 - nor sides
    ) -> tuple[Tensor, Tensor]:
        """Change a batch (N, D); targets (N,) come back as (N, K) where rows are mixed.

        Noise is a share of each column's deviation in this batch.
        """
        x = batch.to(torch.float32)
        draws = Draws(generator, batch.device)
        if share := self.record.settings.get("noise", 0.0):
            x = x + share * x.std(0, correction=0) * draws.normal(*x.shape)
        if self._table is None:
            return x, targets
        weight = self._table.to(x.device)[draws.below(len(self._table), len(x))][:, None]
        partner = draws.order(len(x))
        sure = F.one_hot(targets, self.classes).float()
        return torch.lerp(x, x[partner], weight), torch.lerp(sure, sure[partner], weight)
