"""Hand-crafted features of words in their sentence: spelling, ends, form, and the neighbours' too.

Axes: N rows, L words, M words of all rows, W bytes of a word, F features, H hashes of a word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import numpy as np
from scipy import sparse

from fivefold.contracts.roles import TraditionalFeatures
from fivefold.traditional.grams import LINEAR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fivefold.contracts.rows import Features, Items

_BITS = 18
_ENDS = 4  # bytes of the longest beginning and end
_NEIGHBOURS = (-2, -1, 1, 2)
_PRIME, _STIR = np.uint64(0x100000001B3), np.uint64(0x9E3779B97F4A7C15)


@final
class Spellings(TraditionalFeatures):
    """Each word by hashed features: 2^18 columns of 0 and 1; a row for every word of a sentence."""

    name = "spellings"
    classifiers = LINEAR
    per_token = True

    def learn(self, rows: Items, rng: np.random.Generator) -> None:
        """Nothing is to be learned: features are known by their hash."""

    def describe(self, items: NDArray[Any]) -> Features:
        """Sentences (N, L, W) as CSR (N * L, F); rows of padding are empty."""
        n, length, _ = items.shape
        there = items[:, :, 0] != 0
        own = _own(items[there])
        # What neighbours are told by: the word without its case, its end, its form.
        word, end, form = (_laid(own[:, at], there) for at in (0, 1, -1))
        both = _salted(_neighbour(word, -1) * _PRIME + word, 60)
        around = [_salted(_neighbour(word, by), 40 + by) for by in _NEIGHBOURS]
        around += [
            _salted(_neighbour(hashes, by), 50 + by) for hashes in (end, form) for by in (-1, 1)
        ]
        beside = np.stack([hashes[there] for hashes in (both, *around)], 1)
        columns = (np.concatenate([own, beside], 1) >> np.uint64(64 - _BITS)).astype(np.int32)
        many = columns.shape[1]
        starts = np.concatenate([[0], np.cumsum(there.ravel() * many)]).astype(np.int32)
        value = np.full(columns.size, many**-0.5, np.float32)
        found = sparse.csr_array(
            (value, columns.ravel(), starts), shape=(n * length, 2**_BITS), dtype=np.float32
        )
        found.sum_duplicates()
        return found

    def state(self) -> dict[str, NDArray[Any]]:
        """Nothing was learned."""
        return {}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Nothing is to be put back."""


def features(shape: Mapping[str, Any]) -> tuple[TraditionalFeatures, ...]:
    """The features of sentences of words."""
    del shape
    return (Spellings(),)


def _own(words: NDArray[Any]) -> NDArray[np.uint64]:
    """Hashes (M, H) of words (M, W) without their case, ends, beginnings, themselves, form."""
    letters = words.astype(np.uint64)
    used = (words != 0).sum(1, keepdims=True)
    capital = (words >= 65) & (words <= 90)
    low = np.where(capital, letters + np.uint64(32), letters)
    at = used - np.arange(1, _ENDS + 1)
    ends = np.take_along_axis(low, at.clip(min=0), 1) * (at >= 0)
    form = np.where(capital, 1, np.where((words >= 97) & (words <= 122), 2, 4))
    form = np.where((words >= 48) & (words <= 57), 3, form) * (words != 0)
    form[:, 1:] *= form[:, 1:] != form[:, :-1]  # XXXxxx and Xx are one form
    ending = [_hash(ends[:, :size], 10 + size) for size in (2, 3, 1, 4)]
    begins = [_hash(low[:, :size], 20 + size) for size in range(1, _ENDS + 1)]
    whole = [_hash(letters, 2), _hash(form.astype(np.uint64), 3)]
    return np.stack([_hash(low, 1), *ending, *begins, *whole], 1)


def _laid(hashes: NDArray[np.uint64], there: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Hashes of words (M,) where they stand in their sentences (N, L); 0 in padding."""
    found = np.zeros(there.shape, np.uint64)
    found[there] = hashes
    return found


def _hash(numbers: NDArray[np.uint64], salt: int) -> NDArray[np.uint64]:
    """One number (M,) for each row of numbers (M, W), zeros left out."""
    total = np.full(len(numbers), salt, np.uint64)
    for column in numbers.T:
        total = np.where(column != 0, (total ^ column) * _PRIME, total)
    return _salted(total, salt)


def _salted(hashes: NDArray[np.uint64], salt: int) -> NDArray[np.uint64]:
    stirred = (hashes + np.uint64(salt)) * _STIR
    return (stirred ^ (stirred >> np.uint64(31))) * _STIR


def _neighbour(hashes: NDArray[np.uint64], by: int) -> NDArray[np.uint64]:
    """What stands `by` words further on (N, L); 0 beyond the sentence."""
    moved = np.zeros_like(hashes)
    if by > 0:
        moved[:, :-by] = hashes[:, by:]
    else:
        moved[:, -by:] = hashes[:, :by]
    return moved
