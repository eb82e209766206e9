"""Input kind `tokens`: sentences that are lists of words, as the bytes of each word.

Axes: L words of a sentence, W bytes of a word. One cached item is uint8 (L, W), filled up with 0.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from fivefold.contracts.roles import InputKind
from fivefold.plumbing.errors import BadItem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_MOST_BYTES = 32  # of a word; longer ones keep beginning and end, where their sense is
_MOST_WORDS = 512  # of a sentence
_LEAST_WORDS = 64  # that there is room for, however short the sentences of the sample are
_SLACK = 1.25  # later sentences may be longer than those of the sample
_COVERED = 0.995  # of the words are cached whole


@final
class Tokens(InputKind):
    """JSON lists of words."""

    samples: ClassVar[int] = 10_000

    def recognise(self, name: str, head: bytes) -> bool:  # noqa: ARG002 - names lie
        """Whether it begins like a JSON list of strings."""
        start = head.lstrip()
        return start[:1] == b"[" and start[1:].lstrip()[:1] == b'"'

    def open(self, raw: bytes) -> NDArray[np.generic]:
        """The words as uint8 (L, W), W being the longest one's bytes, 32 at most.

        Raises:
            BadItem: It is no list of words, or has none.
        """
        try:
            words = json.loads(raw)
        except (ValueError, RecursionError) as cause:
            raise BadItem(f"is not a JSON list of words ({cause})") from cause
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise BadItem("is not a JSON list of words")
        if not words:
            raise BadItem("has no words")
        coded = [_coded(word) for word in words]
        item = np.zeros((len(coded), max(map(len, coded))), np.uint8)
        for place, word in zip(item, coded, strict=True):
            place[: len(word)] = np.frombuffer(word, np.uint8)
        return item

    def learn(self, samples: Sequence[NDArray[np.generic]]) -> dict[str, Any]:
        """Room for the longest sentence of the sample and a quarter more, 64 to 512 words.

        A later sentence without room is set apart and said to be, and padding costs little.

        Returns:
            `item_shape`, `dtype` and `tokens`, the L of the shape.
        """
        longest = max(len(sample) for sample in samples)
        length = min(_MOST_WORDS, max(_LEAST_WORDS, -(-int(longest * _SLACK) // 8) * 8))
        used = np.concatenate([np.count_nonzero(sample, axis=1) for sample in samples])
        width = max(4, -(-int(np.quantile(used, _COVERED)) // 4) * 4)
        return {"item_shape": [length, width], "dtype": "uint8", "tokens": length}

    def fit(self, item: NDArray[np.generic], shape: dict[str, Any]) -> NDArray[np.generic]:
        """The words in the cached shape (L, W); long words keep beginning and end.

        Raises:
            BadItem: The sentence is too long; cut, it would not keep its tags.
        """
        length, width = shape["item_shape"]
        if len(item) > length:
            raise BadItem(f"has {len(item):,} words, above the {length} that are read of one")
        row = np.zeros((length, width), np.uint8)
        most = min(width, item.shape[1])
        row[: len(item), :most] = item[:, :most]
        used = np.count_nonzero(item, axis=1)
        tail = width - width // 2
        for place in np.flatnonzero(used > width):
            row[place, -tail:] = item[place, used[place] - tail : used[place]]
        return row

    def length(self, sides: tuple[int, ...], shape: dict[str, Any]) -> tuple[float, str]:  # noqa: ARG002
        """Its words."""
        return float(sides[0]), "words"

    def show(self, item: NDArray[np.generic], shape: dict[str, Any]) -> str:  # noqa: ARG002
        """The words, with spaces between."""
        words = (bytes(word[word > 0]).decode("utf-8", "replace") for word in item if word.any())
        return " ".join(words)


def _coded(word: str) -> bytes:
    """UTF-8 of a word without zeros, never empty."""
    coded = word.replace("\0", " ").encode("utf-8", "replace") or b" "
    if len(coded) <= _MOST_BYTES:
        return coded
    half = _MOST_BYTES // 2
    return coded[:half] + coded[-half:]
