"""Expansion of rows of a table: cells swapped with other rows, a little noise, rows mixed.

Codes of categories cannot be blended, so rows are mixed cell by cell: each cell is the row's own or
its partner's. Axes: N rows, D slots, K classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import torch

from fivefold.contracts.roles import Expander
from fivefold.step3_expand.draws import Draws
from fivefold.step3_expand.mixing import beta_table, mixed_targets
from fivefold.step3_expand.policies import check
from fivefold.step3_expand.table_policies import TABLE_POLICIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Generator, Tensor

    from fivefold.contracts.records import Dataset, ExpansionRecord
    from fivefold.contracts.roles import Choice


@final
class TableExpander(Expander):
    """Changes batches of rows as its record says.

    Args:
        record: Which changes are used.
        classes: K, the width of mixed targets.
        shape: What was learned of the columns; noise is for numbers only.

    Raises:
        OptionError: A setting is unknown or out of its range.
    """

    policies = TABLE_POLICIES

    def __init__(
        self, record: ExpansionRecord, *, classes: int, shape: Mapping[str, Any] | None = None
    ) -> None:
        check(record.settings, TABLE_POLICIES)
        self.record = record
        self.classes = classes
        columns = (shape or {}).get("columns", ())
        self._numbers = [i for i, slot in enumerate(columns) if slot["type"] == "number"]
        alpha = record.settings.get("mixup", 0.0)
        self._table = beta_table(alpha) if alpha else None

    @classmethod
    def choose(cls, dataset: Dataset, *, seed: int, given: frozenset[str]) -> dict[str, Choice]:
        """Swap noise: it stays on values that there are, in numbers as in categories."""
        del dataset, seed, given
        return {"swap": (0.03, "one cell in thirty says little of a row's answer")}

    def __call__(
        self,
        batch: Tensor,
        targets: Tensor,
        *,
        generator: Generator,
        size: tuple[int, ...] = (),  # noqa: ARG002 - rows have no size; the role has
        mirrored: Tensor | None = None,  # noqa: ARG002 - nor sides
    ) -> tuple[Tensor, Tensor]:
        """Change a batch (N, D); targets come back mixed where rows are mixed."""
        x = batch.to(torch.float32)
        draws = Draws(generator, batch.device)
        settings = self.record.settings
        if share := settings.get("swap", 0.0):
            other = x[draws.order(len(x))]
            x = torch.where(draws.uniform(*x.shape) < share, other, x)
        if (share := settings.get("noise", 0.0)) and self._numbers:
            x = self._noisy(x, share, draws)
        if self._table is None:
            return x, targets
        weight = self._table.to(x.device)[draws.below(len(self._table), len(x))]
        partner = draws.order(len(x))
        swapped = draws.uniform(*x.shape) < weight[:, None]
        # The target follows what was swapped, not what was meant to be.
        weight = swapped.to(torch.float32).mean(1)
        mixed = mixed_targets(targets, partner, weight, self.classes)
        return torch.where(swapped, x[partner], x), mixed

    def _noisy(self, x: Tensor, share: float, draws: Draws) -> Tensor:
        """Noise by a share of each number's deviation among those that are there."""
        numbers = x[:, self._numbers]
        there = numbers.isfinite()
        count = there.sum(0).clamp(min=1)
        mean = numbers.nan_to_num().sum(0) / count
        spread = torch.where(there, (numbers - mean).square(), 0.0).sum(0).div(count).sqrt()
        x = x.clone()
        x[:, self._numbers] = numbers + share * spread * draws.normal(*numbers.shape)
        return x
