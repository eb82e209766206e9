"""Expansion of sentences of words: a letter changed, a word unreadable; no word moves.

Axes: N rows, L words, W bytes of a word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import torch

from fivefold.contracts.roles import Expander
from fivefold.step3_expand.draws import Draws
from fivefold.step3_expand.policies import check
from fivefold.step3_expand.words import TOKENS_POLICIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Generator, Tensor

    from fivefold.contracts.records import Dataset, ExpansionRecord
    from fivefold.contracts.roles import Choice

_FIRST, _LAST = 97, 122  # a to z
_SEEN_ENDING = 2  # letters of an unreadable word that are still seen
_BLOT = 63  # a question mark


@final
class TokensExpander(Expander):
    """Changes batches of sentences as its record says; see `words` for the settings.

    Args:
        record: Which changes are used.
        classes: Not used: nothing is mixed.
        shape: Not used.

    Raises:
        OptionError: A setting is unknown or out of its range.
    """

    policies = TOKENS_POLICIES

    def __init__(
        self,
        record: ExpansionRecord,
        *,
        classes: int,
        shape: Mapping[str, Any] | None = None,  # noqa: ARG002 - nothing of it is needed
    ) -> None:
        check(record.settings, TOKENS_POLICIES)
        self.record = record
        self.classes = classes

    @classmethod
    def choose(cls, dataset: Dataset, *, seed: int, given: frozenset[str]) -> dict[str, Choice]:
        """A few words unreadable: those that training never saw are so in the end."""
        del dataset, seed, given
        return {
            "noise": (0.02, "words are misspelled"),
            "drop": (0.1, "words that were never seen must be told by their ends and neighbours"),
        }

    def __call__(
        self,
        batch: Tensor,
        targets: Tensor,
        *,
        generator: Generator,
        size: tuple[int, ...] = (),  # noqa: ARG002 - sentences have no size; the role has
        mirrored: Tensor | None = None,  # noqa: ARG002 - nor sides
    ) -> tuple[Tensor, Tensor]:
        """Change a batch: uint8 (N, L, W) -> long (N, L, W); targets stay as they are."""
        draws = Draws(generator, batch.device)
        ids = batch.long()
        n, length, width = ids.shape
        used = (ids != 0).sum(2, keepdim=True)
        at = torch.arange(width, device=ids.device)
        if share := self.record.settings.get("noise", 0.0):
            hit = (draws.uniform(n, length, 1) < share) & (used > 3)
            spot = (draws.uniform(n, length, 1) * used).long()
            letter = draws.below(_LAST - _FIRST + 1, n * length).view(n, length, 1) + _FIRST
            ids = torch.where(hit & (at == spot), letter, ids)
        if share := self.record.settings.get("drop", 0.0):
            hit = (draws.uniform(n, length, 1) < share) & (used > _SEEN_ENDING)
            ids = torch.where(hit & (at < used - _SEEN_ENDING), _BLOT, ids)
        return ids, targets
