"""Expansion of texts: characters changed, words left unread or swapped, texts mixed.

Axes: N rows, Lc characters, Lw sub-words, K classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import numpy as np
import torch

from fivefold.contracts.roles import Expander
from fivefold.step3_expand.draws import Draws
from fivefold.step3_expand.mixing import beta_table, mixed_targets
from fivefold.step3_expand.policies import check
from fivefold.step3_expand.words import TEXT_POLICIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Generator, Tensor

    from fivefold.contracts.records import Dataset, ExpansionRecord
    from fivefold.contracts.roles import Choice

UNKNOWN = 1  # the number that stands for what was not learned
_FEW_ROWS = 2_000
_SHORT = 25  # words; questions are shorter, reviews and news are longer


@final
class TextExpander(Expander):
    """Changes batches of texts as its record says; see `words` for the settings.

    Args:
        record: Which changes are used.
        classes: K, the width of mixed targets.
        shape: What the kind learned: where characters end, and how many there are.

    Raises:
        OptionError: A setting is unknown or out of its range.
    """

    policies = TEXT_POLICIES

    def __init__(
        self, record: ExpansionRecord, *, classes: int, shape: Mapping[str, Any] | None = None
    ) -> None:
        check(record.settings, TEXT_POLICIES)
        self.record = record
        self.classes = classes
        learned = shape or {}
        self._characters: int = learned.get("characters", 0)
        self._symbols: int = learned.get("symbols", UNKNOWN + 1)
        tables = {name: record.settings.get(name, 0.0) for name in ("cutmix", "mixup")}
        self._tables = {name: beta_table(alpha) for name, alpha in tables.items() if alpha}

    @classmethod
    def choose(cls, dataset: Dataset, *, seed: int, given: frozenset[str]) -> dict[str, Choice]:
        """By the alphabet and by the number of rows."""
        del seed, given
        if dataset.shape.get("code"):
            return {"noise": (0.02, "few letters, a code: hardly one of them may change")}
        words = dataset.rows.take(slice(0, 500))[:, dataset.shape["characters"] :]
        used = np.count_nonzero(words, 1).mean()
        why = f"{len(dataset.rows):,} texts of {used:,.0f} words in the mean"
        noise = (0.02, f"a slip of the pen changes no sense; {why}")
        if used < _SHORT:
            dropped = (0.0, f"a short text may hang on one word; {why}")
            return {"noise": noise, "drop": dropped, "mixup": (0.3, f"short texts; {why}")}
        few = len(dataset.rows) < _FEW_ROWS
        return {"noise": noise, "drop": (0.2 if few else 0.1, f"none hangs on one word; {why}")}

    def __call__(
        self,
        batch: Tensor,
        targets: Tensor,
        *,
        generator: Generator,
        size: tuple[int, ...] = (),  # noqa: ARG002 - texts have no size; the role has
        mirrored: Tensor | None = None,  # noqa: ARG002 - nor sides
    ) -> tuple[Tensor, Tensor]:
        """Change a batch: int16 (N, Lc + Lw) -> long (N, Lc + Lw).

        Targets (N,) come back as (N, K) where stretches are exchanged.
        """
        draws = Draws(generator, batch.device)
        ids = batch.long()
        letters, words = ids[:, : self._characters], ids[:, self._characters :]
        letters = self._noisy(letters, draws)
        words = self._swapped(words, draws)
        if share := self._setting("drop"):
            lost = (draws.uniform(*words.shape) < share) & (words != 0)
            words = words.masked_fill(lost, UNKNOWN)
        if (weight := self._drawn("cutmix", len(ids), draws)) is None:
            return torch.cat([letters, words], 1), targets
        partner, place = draws.order(len(ids)), draws.uniform(len(ids))
        # Both readings of a row take their stretch from the same partner, and as much of it.
        letters, _ = _exchanged(letters, partner, weight, place)
        words, share_N = _exchanged(words, partner, weight, place)
        mixed = mixed_targets(targets, partner, share_N, self.classes)
        return torch.cat([letters, words], 1), mixed

    def blend(
        self, targets: Tensor, *, generator: Generator
    ) -> tuple[tuple[Tensor, Tensor] | None, Tensor]:
        """Mixup of features; targets (N,) come back as (N, K) where there is any."""
        draws = Draws(generator, targets.device)
        if (share := self._drawn("mixup", len(targets), draws)) is None:
            return None, targets
        partner = draws.order(len(targets))
        return (partner, share), mixed_targets(targets, partner, share, self.classes)

    def _drawn(self, name: str, rows: int, draws: Draws) -> Tensor | None:
        """(N,) shares of the partners of rows; None where a mixture is not asked for."""
        if (table := self._tables.get(name)) is None:
            return None
        at = draws.below(len(table), rows)
        return table.to(at.device)[at]

    def _setting(self, name: str) -> float:
        return self.record.settings.get(name, 0.0)

    def _noisy(self, letters: Tensor, draws: Draws) -> Tensor:
        share = self._setting("noise")
        if not share or self._symbols <= UNKNOWN + 1:
            return letters
        hit = (draws.uniform(*letters.shape) < share) & (letters != 0)
        other = draws.below(self._symbols - UNKNOWN - 1, letters.numel()).view_as(letters)
        return torch.where(hit, other + UNKNOWN + 1, letters)

    def _swapped(self, words: Tensor, draws: Draws) -> Tensor:
        """Words of a pair, the first at an even or an odd place, change places."""
        share = self._setting("swap")
        if not share or words.shape[1] < 3:
            return words
        first = int(draws.below(2, 1))
        pairs = words[:, first : first + (words.shape[1] - first) // 2 * 2].unflatten(1, (-1, 2))
        hit = (draws.uniform(*pairs.shape[:2]) < share / 2) & (pairs != 0).all(2)
        pairs = torch.where(hit[:, :, None], pairs.flip(2), pairs)
        out = words.clone()
        out[:, first : first + 2 * pairs.shape[1]] = pairs.flatten(1)
        return out


def _exchanged(
    ids: Tensor, partner: Tensor, weight: Tensor, place: Tensor
) -> tuple[Tensor, Tensor]:
    """A stretch of each row (N, L), `weight` of its length, from the same place of its partner.

    Returns:
        The rows, and the share (N,) of each that is its partner's.
    """
    used = (ids != 0).sum(1)
    stretch = (weight * used).round()
    start = (place * (used - stretch + 1)).floor()
    at = torch.arange(ids.shape[1], device=ids.device)
    inside = (at >= start[:, None]) & (at < (start + stretch)[:, None])
    other = ids[partner]
    inside &= other != 0  # a shorter partner leaves the rest as it is
    return torch.where(inside, other, ids), inside.sum(1) / used.clamp(min=1)
