"""Expansion of fixed-length vectors: a little noise, and rows blended with each other.

Axes: N rows, D numbers per row, K classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import torch

from fivefold.contracts.roles import Expander
from fivefold.step3_expand.draws import Draws
from fivefold.step3_expand.mixing import beta_table, mixed_targets
from fivefold.step3_expand.policies import ARRAY_POLICIES, check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Generator, Tensor

    from fivefold.contracts.records import Dataset, ExpansionRecord
    from fivefold.contracts.roles import Choice


@final
class ArrayExpander(Expander):
    """Changes batches of vectors as its record says.

    Args:
        record: Which changes are used.
        classes: K, the width of mixed targets.

    Raises:
        OptionError: A setting is unknown or out of its range.
    """

    policies = ARRAY_POLICIES

    def __init__(
        self,
        record: ExpansionRecord,
        *,
        classes: int,
        shape: Mapping[str, Any] | None = None,  # noqa: ARG002 - nothing of it is needed
    ) -> None:
        check(record.settings, ARRAY_POLICIES)
        self.record = record
        self.classes = classes
        alpha = record.settings.get("mixup", 0.0)
        self._table = beta_table(alpha) if alpha else None

    @classmethod
    def choose(cls, dataset: Dataset, *, seed: int, given: frozenset[str]) -> dict[str, Choice]:
        """A little noise: nothing is known of the numbers that would say more."""
        del dataset, seed, given
        return {"noise": (0.05, "a twentieth of a deviation blurs no class")}

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
        mixed = mixed_targets(targets, partner, weight[:, 0], self.classes)
        return torch.lerp(x, x[partner], weight), mixed
