"""Hand-crafted features of texts: runs of words and of characters by tf-idf; runs by place.

Axes: N rows, Lc characters, Lw sub-words, S symbols, F features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import numpy as np
from scipy import sparse

from fivefold.contracts.roles import TraditionalFeatures
from fivefold.traditional.grams import LINEAR, MOST_FEATURES, Weighed, in_chunks, runs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fivefold.contracts.rows import Features, Items

_RUN = 3  # characters, whose place is told together
_PLACED = 512  # characters; longer texts are not compared place by place


@final
class Runs(TraditionalFeatures):
    """Runs of one to so many symbols, tf-idf.

    Args:
        name: Of the features.
        part: Where in a cached row the symbols stand.
        sizes: Lengths of runs.
    """

    classifiers = LINEAR

    def __init__(self, name: str, part: slice, sizes: tuple[int, ...]) -> None:
        self.name = name
        self._part, self._sizes = part, sizes
        self._weighed = Weighed()

    def learn(self, rows: Items, rng: np.random.Generator) -> None:
        """Learn which runs there are, and how rare; no label enters, so all folds share them."""
        places = rows.take(slice(0, 1))[:, self._part].size
        chunks = in_chunks(rows, rng, places * len(self._sizes))
        self._weighed.learn(self._hashes(items) for items in chunks)

    def describe(self, items: NDArray[Any]) -> Features:
        """Texts (N, Lc + Lw) as CSR (N, F), rows of length one."""
        return self._weighed.describe(self._hashes(items))

    def state(self) -> dict[str, NDArray[Any]]:
        """The runs and their weights."""
        return self._weighed.state()

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Put runs and weights back."""
        self._weighed.restore(state)

    def _hashes(self, items: NDArray[Any]) -> NDArray[np.uint64]:
        symbols = items[:, self._part]
        used = max(1, int((symbols != 0).sum(1).max(initial=0)))
        return runs(symbols[:, :used], self._sizes)


@final
class Places(TraditionalFeatures):
    """Which runs of one to three characters begin at which place, one column each.

    For texts of one length: what stands beside what matters as much as where, in DNA say.

    Args:
        characters: Lc.
        symbols: S.
    """

    name = "places"
    # Most columns are empty, which naive Bayes counts as evidence.
    classifiers = tuple(word for word in LINEAR if word != "bayes")

    def __init__(self, characters: int, symbols: int) -> None:
        self._characters, self._symbols = characters, symbols

    def learn(self, rows: Items, rng: np.random.Generator) -> None:
        """Nothing is to be learned."""

    def describe(self, items: NDArray[Any]) -> Features:
        """Texts (N, Lc + Lw) as CSR (N, Lc * (S + S**2 + S**3)), rows of length one.

        Longer runs are left out where there would be too many columns.
        """
        letters = items[:, : self._characters].astype(np.int64)
        rows, columns, begin = [], [], 0
        numbers = np.zeros_like(letters)
        for size in range(1, _RUN + 1):
            kinds = self._symbols**size
            if size > 1 and begin + kinds * self._characters > MOST_FEATURES:
                break
            starts = self._characters - size + 1
            numbers = numbers[:, :starts] * self._symbols + letters[:, size - 1 :]
            row, place = np.nonzero(letters[:, size - 1 :])
            rows.append(row)
            columns.append(begin + place * kinds + numbers[row, place])
            begin += kinds * self._characters
        row, column = np.concatenate(rows), np.concatenate(columns)
        value = np.bincount(row, minlength=len(items)).clip(min=1)[row] ** -0.5
        places = (row.astype(np.int32), column.astype(np.int32))
        shape = (len(items), begin)
        return sparse.csr_array((value.astype(np.float32), places), shape=shape)

    def state(self) -> dict[str, NDArray[Any]]:
        """Nothing was learned."""
        return {}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Nothing is to be put back."""


def features(shape: Mapping[str, Any]) -> tuple[TraditionalFeatures, ...]:
    """The features of texts."""
    characters = shape["characters"]
    words = Runs("words", slice(characters, None), (1, 2))
    letters = Runs("letters", slice(0, characters), (3, 4, 5, 6))
    if shape["even"] and characters <= _PLACED:
        return (Places(characters, shape["symbols"]), letters)
    return (words, letters)
