"""A bag of words and of n-grams of words, each a vector, added up: order is in the n-grams only.

Paper: Joulin 2016 (arXiv 1607.01759), fastText. Origin: written for fivefold. Changed: n-grams
are dropped at random in training, sums are divided by the root of their number, and each length of
n-gram has a share of the features of its own.

Axes: N rows, L sub-words, F features.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, final

import torch
from torch import Tensor, nn

from fivefold.nets.base import Encoder, Shape
from fivefold.nets.blocks.sizes import scaled
from fivefold.nets.blocks.symbols import by_length, filled

if TYPE_CHECKING:
    from collections.abc import Iterator

_LEAST_BITS, _MOST_BITS = 12, 18  # of a number in the table of n-grams
_DROPPED = 0.3  # of the n-grams of a long text in training; half as many where it has
_SHORT = 30  # of them, as each of a few counts
_PRIMES = (2_654_435_761, 805_459_861, 3_674_653_429)


@final
class Bag(Encoder):
    """Vectors of 32 numbers for sub-words and for their hashed n-grams.

    Args:
        shape: (Lc + Lw,) of texts.
        width: Multiplies the numbers of a vector.
        depth: Longest n-gram.
        words: Lw.
        vocabulary: Numbers of sub-words.
        grams: Different pairs of sub-words in a sample of the data; the table grows with them.
    """

    def __init__(
        self,
        shape: Shape,
        *,
        width: float = 1.0,
        depth: int = 2,
        words: int,
        vocabulary: int,
        grams: int,
    ) -> None:
        super().__init__()
        del shape
        self._words, self._depth = words, depth
        size = scaled(32, width)
        bits = math.ceil(math.log2(max(2, grams * (depth - 1))))
        self._bits = min(_MOST_BITS, max(_LEAST_BITS, bits))
        self.features = size * depth
        # The table of single sub-words, then the one that all longer n-grams share.
        entries = (vocabulary, 2**self._bits)[: min(depth, 2)]
        tables = [nn.EmbeddingBag(n, size, mode="sum", padding_idx=0) for n in entries]
        for table in tables:
            nn.init.normal_(table.weight, std=0.01)  # what was never seen says nothing
            with torch.no_grad():
                table.weight[0] = 0
        self.tables = nn.ModuleList(tables)

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F) of texts (N, Lc + Lw)."""
        return by_length(x[:, -self._words :], lambda ids, _: self._added(ids))

    def _added(self, ids: Tensor) -> Tensor:
        sums = []
        for longest, numbers in enumerate(self._numbers(ids)):
            table = self.tables[min(longest, 1)]
            many = (numbers != 0).sum(1, keepdim=True).clamp(min=1)
            scale, kept = many.rsqrt(), numbers
            if self.training:
                dropped = _DROPPED * many / (many + _SHORT)
                kept = numbers * (torch.rand_like(numbers, dtype=torch.float32) > dropped)
                scale = scale / (1 - dropped)
            sums.append(table(kept) * scale)
        return torch.cat(sums, 1)

    def _numbers(self, ids: Tensor) -> Iterator[Tensor]:
        """Numbers (N, L) of single sub-words, of pairs, of triples ...; 0 is none."""
        yield ids
        there = filled(ids)
        total = ids * _PRIMES[0]
        for size in range(2, self._depth + 1):
            following = ids[:, size - 1 :]
            total = (total[:, : following.shape[1]] ^ (following + size)) * _PRIMES[(size - 1) % 3]
            number = (total >> 20) & (2**self._bits - 1)
            yield number.clamp(min=1) * there[:, size - 1 :]
