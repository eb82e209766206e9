"""The first layer of nets that read words: sub-words by number, or words by their spelling.

Axes: N rows, L words, W bytes of a word, F features of a word.

Papers: hashed n-grams of characters, Bojanowski 2017 (arXiv 1607.04606); convolution over the
letters of a word, Ma 2016 (arXiv 1603.01354).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fivefold.nets.blocks.sizes import scaled
from fivefold.nets.blocks.symbols import beside, by_length, filled, highest

if TYPE_CHECKING:
    from collections.abc import Callable

    from fivefold.nets.base import Shape

BUCKETS = 2**15  # rows of the table that spellings are hashed into
_ENDS = 4  # prefixes and suffixes of up to so many bytes are features of a word
_DROPPED = 0.2  # of those features in training, so that no word is known by itself alone
_LETTERS = 24  # numbers that stand for one byte
_PRIME = 1_000_003


class Front(nn.Module, ABC):
    """Input of the net -> words -> features of each word.

    Attributes:
        features: F.
        at_once: It leaves padding out by itself, so it best reads all rows of a batch at once.
    """

    features: int
    at_once = False

    @abstractmethod
    def words(self, x: Tensor) -> Tensor:
        """What of the input are words: (N, L) numbers or (N, L, W) bytes, 0 where there is none."""

    @abstractmethod
    def forward(self, ids: Tensor) -> Tensor:
        """Features (N, L, F) of words, exactly 0 at padding."""

    def by_length(self, x: Tensor, work: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        """`work` on the words' features and where words are, as `symbols.by_length` has it."""
        ids = self.words(x)
        if self.at_once:
            return by_length(ids, work, self)
        return by_length(ids, lambda some, there: work(self(some), there))


def front(shape: Shape, features: int, *, words: int, vocabulary: int) -> Front:
    """The first layer that reads inputs of `shape`.

    Args:
        shape: (Lc + Lw,) of texts, (L, W) of tokens.
        features: F.
        words: Lw of texts; tokens have none.
        vocabulary: Numbers of sub-words; tokens have none.
    """
    return SubWords(words, vocabulary, features) if len(shape) == 1 else Spelling(features)


@final
class SubWords(Front):
    """A vector for each sub-word, of texts (N, Lc + Lw)."""

    def __init__(self, words: int, vocabulary: int, features: int) -> None:
        super().__init__()
        self._words = words
        self.features = features
        self.table = nn.Embedding(vocabulary, features, padding_idx=0)
        nn.init.normal_(self.table.weight, std=0.1)
        with torch.no_grad():
            self.table.weight[0] = 0

    def words(self, x: Tensor) -> Tensor:
        """The last Lw numbers of each row."""
        return x[:, -self._words :]

    def forward(self, ids: Tensor) -> Tensor:
        """(N, L) -> (N, L, F)."""
        return self.table(ids)


@final
class Spelling(Front):
    """Words (N, L, W) by the word itself, its beginnings and ends, its form and its letters.

    The first four are hashed into one table, whose rows are added up; a convolution reads the
    letters.
    """

    at_once = True

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = features
        self.letters_out = scaled(features, 0.33)
        self.table = nn.EmbeddingBag(BUCKETS, features - self.letters_out, mode="sum")
        nn.init.normal_(self.table.weight, std=0.2)
        self.letters = nn.Embedding(256, _LETTERS, padding_idx=0)
        self.read = nn.Linear(3 * _LETTERS, self.letters_out)

    def words(self, x: Tensor) -> Tensor:
        """All of it."""
        return x

    def forward(self, ids: Tensor) -> Tensor:
        """(N, L, W) -> (N, L, F)."""
        n, length, width = ids.shape
        there = filled(ids).flatten()
        words = ids.reshape(n * length, width)[there]  # (M, W): no work for padding
        hashed = spellings(words) % BUCKETS
        kept = torch.ones_like(hashed, dtype=torch.float32)
        kept = F.dropout(kept, _DROPPED, self.training)
        known = self.table(hashed, per_sample_weights=kept)
        letters = highest(self.read(beside(self.letters(words), 3)), words != 0).relu()
        found = torch.cat([known, letters.to(known.dtype)], 1)
        out = found.new_zeros(n * length, self.features)
        out[there] = found
        return out.view(n, length, self.features)


def spellings(words: Tensor) -> Tensor:
    """Hashes (M, H) of words (M, W): the word, without its case, its ends, its form.

    Integers wrap around on purpose; equal spellings have equal hashes on every device.
    """
    capital = (words >= 65) & (words <= 90)
    low = torch.where(capital, words + 32, words)
    small = (low >= 97) & (low <= 122) & ~capital
    digit = (words >= 48) & (words <= 57)
    form = torch.where(words > 127, 5, words) * (words != 0)
    form = torch.where(capital, 1, torch.where(small, 2, torch.where(digit, 3, form)))
    changed = F.pad(form[:, 1:] != form[:, :-1], (1, 0), value=True)
    form = form * (changed & (form != 0))  # XXXxxx and Xx are one form
    used = (words != 0).sum(1, keepdim=True)
    back = torch.arange(1, _ENDS + 1, device=words.device)
    at = used - back
    ending = low.gather(1, at.clamp(min=0)) * (at >= 0)
    ends = [_hash(ending[:, :size], 20 + size) for size in range(1, _ENDS + 1)]
    starts = [_hash(low[:, :size], 10 + size) for size in range(1, _ENDS + 1)]
    whole = [_hash(words, 1), _hash(low, 2), _hash(form, 3)]
    hashes = torch.stack([*whole, *starts, *ends], 1)
    return (hashes ^ (hashes >> 17)) & 0x7FFFFFFF


def _hash(numbers: Tensor, salt: int) -> Tensor:
    """One number (M,) for each row of numbers (M, W), zeros at its end left out."""
    total = torch.full_like(numbers[:, 0], salt * 7_919)
    for column in numbers.unbind(1):
        total = torch.where(column != 0, total * _PRIME + column, total)
    return total
