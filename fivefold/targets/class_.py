"""The target `class`: one of k. Axes: N rows, K classes."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, final

import numpy as np

from fivefold.contracts.roles import TargetKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fivefold.contracts.rows import FloatArray, IntArray


@final
class Class(TargetKind):
    """One of k words; the vocabulary is in natural order, so `2` stands before `10`."""

    def learn(self, labels: Sequence[str]) -> tuple[str, ...]:
        """The distinct labels, in natural order."""
        return tuple(sorted(set(labels), key=_natural))

    def parse(self, labels: Sequence[str], vocabulary: tuple[str, ...]) -> IntArray:
        """Labels as class numbers (N,); -1 where a label is not in the vocabulary."""
        numbers = {word: number for number, word in enumerate(vocabulary)}
        return np.array([numbers.get(label, -1) for label in labels], dtype=np.int64)

    def decode(self, probabilities: FloatArray, vocabulary: tuple[str, ...]) -> tuple[str, ...]:
        """The most probable class of each row of (N, K), in words."""
        return tuple(vocabulary[number] for number in probabilities.argmax(1))

    def chance(self, targets: IntArray, k: int) -> FloatArray:
        """The frequencies (K,) of the classes in `targets` (N,): the best blind answer."""
        counts = np.bincount(targets, minlength=k)
        return (counts / counts.sum()).astype(np.float32)


def _natural(label: str) -> tuple[tuple[tuple[int, str], ...], str]:
    """Runs of digits compare as numbers of any length; the label decides between `1` and `01`."""
    pieces = re.findall(r"[0-9]+|[^0-9]+", label)
    return tuple(_piece(piece) for piece in pieces), label


def _piece(piece: str) -> tuple[int, str]:
    if piece[0] not in "0123456789":
        return sys.maxsize, piece
    number = piece.lstrip("0")
    return len(number), number
