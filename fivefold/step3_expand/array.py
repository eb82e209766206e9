"""Expansion of arrays: a little noise, rows blended, and of maps the symmetries they have.

Axes: N rows, D numbers per row, C channels, H W a map, K classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import torch

from fivefold.contracts.roles import Expander
from fivefold.step3_expand.array_choices import array_choices
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
    """Changes batches of arrays as its record says; symmetries are of maps, vectors have none.

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
        """A little noise for vectors; of maps, the symmetries that tests on the data find."""
        return array_choices(dataset, seed=seed, given=given)

    def __call__(
        self,
        batch: Tensor,
        targets: Tensor,
        *,
        generator: Generator,
        size: tuple[int, ...] = (),  # noqa: ARG002 - arrays have no size; the role has
        mirrored: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Change a batch (N, D), (N, H, W) or (N, C, H, W); maps come back as (N, C, H, W).

        Targets (N,) come back as (N, K) where rows are mixed. Noise is a share of each number's
        deviation in this batch, of maps of each channel's.
        """
        x = batch.to(torch.float32)
        x = x[:, None] if x.ndim == 3 else x
        draws = Draws(generator, batch.device)
        if x.ndim == 4:
            x = self._turned(x, mirrored, draws)
        if share := self._setting("noise"):
            axes = (0, 2, 3) if x.ndim == 4 else (0,)
            spread = x.std(axes, correction=0, keepdim=True)
            x = x + share * spread * draws.normal(*x.shape)
        if self._table is None:
            return x, targets
        weight = self._table.to(x.device)[draws.below(len(self._table), len(x))]
        partner = draws.order(len(x))
        mixed = mixed_targets(targets, partner, weight, self.classes)
        return torch.lerp(x, x[partner], weight.reshape(-1, *[1] * (x.ndim - 1))), mixed

    def _setting(self, name: str) -> float:
        return self.record.settings.get(name, 0.0)

    def _turned(self, x: Tensor, mirrored: Tensor | None, draws: Draws) -> Tensor:
        """Flipped, turned, moved round and negated at even odds, where the record says so."""
        n = len(x)

        def some() -> Tensor:
            return (draws.uniform(n) < 0.5)[:, None, None, None]

        if self._setting("mirror"):
            flip = some() if mirrored is None else mirrored.to(x.device)[:, None, None, None]
            x = torch.where(flip, x.flip(3), x)
        if self._setting("flip_vertical"):
            x = torch.where(some(), x.flip(2), x)
        if self._setting("transpose") and x.shape[2] == x.shape[3]:
            x = torch.where(some(), x.transpose(2, 3), x)
        if self._setting("roll"):
            for axis in (2, 3):
                start = draws.below(x.shape[axis], n)
                at = (start[:, None] + torch.arange(x.shape[axis], device=x.device)) % x.shape[axis]
                index = at[:, None, :, None] if axis == 2 else at[:, None, None, :]
                x = x.gather(axis, index.expand(x.shape))
        if self._setting("negate"):
            # About the middle of what the batch holds, so that 0 and 1 change places.
            ends = x.amin((0, 2, 3), keepdim=True) + x.amax((0, 2, 3), keepdim=True)
            x = torch.where(some(), ends - x, x)
        return x
