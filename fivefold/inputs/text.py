"""Input kind `text`: strings and text files, as characters and as sub-words side by side.

Axes: Lc characters, Lw sub-words. One cached item is int16 (Lc + Lw,): the numbers of its
characters, then those of its sub-words, each part filled up with 0. Number 1 stands for what was
not learned.

Paper: sub-words by byte pair encoding, Sennrich 2016 (arXiv 1508.07909).
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from fivefold.contracts.roles import InputKind
from fivefold.plumbing.extras import need
from fivefold.plumbing.folding import folded
from fivefold.plumbing.wording import WORD, decoded, is_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_CODE = 30  # different characters at most: letters of both cases, spaces and marks are more
_ALPHABET = 250  # characters that have a number of their own
_MOST_CHARACTERS, _MOST_WORDS = 1024, 1024
_VOCABULARY = 16_000
_ALPHABET_OF_WORDS = 500
_START = "\u2581"  # stands before each word, as in most sub-word vocabularies
_SEEN = 2  # times; rarer words do not get a number of their own
_PARTS = 1.5  # times as many numbers as such words: what they are put together from takes some
_COVERED = 0.98  # of the texts are cached whole, unless they are very long
_REMEMBERED = 200_000  # words whose numbers a worker keeps at hand
_PLANE = 0x110000


@final
class Text(InputKind):
    """Text files and strings."""

    samples: ClassVar[int] = 10_000

    def recognise(self, name: str, head: bytes) -> bool:  # noqa: ARG002 - names lie
        """Whether it begins with text in an encoding that is read."""
        return is_text(head)

    def open(self, raw: bytes) -> NDArray[np.generic]:
        """The text as the bytes of its UTF-8.

        Raises:
            BadItem: It is empty, blank or no text.
        """
        return np.frombuffer(decoded(raw).encode("utf-8", "replace"), np.uint8)

    def learn(self, samples: Sequence[NDArray[np.generic]]) -> dict[str, Any]:
        """Alphabet, sub-words and lengths.

        Returns:
            Besides `item_shape` and `dtype`: `alphabet` (its i-th character has number i + 2),
            `symbols` (numbers of characters in all), `characters` (Lc), `words` (Lw), `vocabulary`
            (numbers of sub-words in all), `grams` (different pairs of sub-words in the sample),
            `even` (all texts have equally many characters), `code` (so few different characters
            that each one counts, as in DNA) and `tokenizer` (JSON of `tokenizers`).
        """
        texts = [_string(sample) for sample in samples]
        alphabet = _alphabet(texts)
        tokenizer, vocabulary = _tokenizer(texts)
        encoder = _encoder(tokenizer)
        ids = [encoder(text) for text in texts]
        lengths = [len(text) for text in texts]
        characters = _length(lengths, _MOST_CHARACTERS)
        words = _length([len(one) for one in ids], _MOST_WORDS)
        return {
            "item_shape": [characters + words],
            "dtype": "int16",
            "alphabet": alphabet,
            "symbols": len(alphabet) + 2,
            "characters": characters,
            "words": words,
            "vocabulary": vocabulary,
            "grams": len(set(chain.from_iterable(pairwise(one) for one in ids))),
            "even": len(set(lengths)) == 1,
            "code": len(alphabet) <= _CODE,
            "tokenizer": tokenizer,
            "told": _told(lengths, characters),
        }

    def fit(self, item: NDArray[np.generic], shape: dict[str, Any]) -> NDArray[np.generic]:
        """Numbers of characters and sub-words (Lc + Lw,); long texts keep beginning and end."""
        text, characters = _string(item), shape["characters"]
        row = np.zeros(shape["item_shape"], np.int16)
        letters = _numbers(shape["alphabet"])[_codes(_ends(text, characters))]
        row[: len(letters)] = letters
        ids = _ends(_encoder(shape["tokenizer"])(text), shape["words"])
        row[characters : characters + len(ids)] = ids
        return row

    def key(self, item: NDArray[np.generic]) -> bytes | None:
        """Its words: the same in other capitals, spaces or punctuation is a near duplicate."""
        return folded(_string(item))

    def length(self, sides: tuple[int, ...], shape: dict[str, Any]) -> tuple[float, str]:  # noqa: ARG002
        """Its bytes."""
        return float(sides[0]), "bytes"

    def show(self, item: NDArray[np.generic], shape: dict[str, Any]) -> str:
        """The text again, as far as its characters have numbers of their own."""
        numbers = item[: shape["characters"]]
        letters = "\0\ufffd" + shape["alphabet"]
        return "".join(letters[number] for number in numbers[np.flatnonzero(numbers)])


def _told(lengths: Sequence[int], characters: int) -> list[str]:
    longer = sum(length > characters for length in lengths)
    if longer <= 2 * (1 - _COVERED) * len(lengths):
        return []
    return [
        f"{longer:,} of {len(lengths):,} texts looked at are longer than {characters:,} letters: "
        "of those the beginning and the end are read"
    ]


def _string(item: NDArray[np.generic]) -> str:
    return item.tobytes().decode("utf-8", "replace")


def _codes(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "replace"), np.uint32)


def _ends(sequence: Any, most: int) -> Any:  # noqa: ANN401 - a string or a list
    """Beginning and end of what is longer than `most`."""
    if len(sequence) <= most:
        return sequence
    head = most // 2
    return sequence[:head] + sequence[len(sequence) - (most - head) :]


def _alphabet(texts: Sequence[str]) -> str:
    """The most frequent characters, in the order of their codes."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text)
    ranked = sorted(counts, key=lambda letter: (-counts[letter], letter))
    return "".join(sorted(ranked[:_ALPHABET]))


def _length(lengths: Sequence[int], most: int) -> int:
    """Places that most texts fit into, a multiple of eight."""
    wanted = int(np.quantile(np.asarray(lengths), _COVERED))
    return min(most, max(8, -(-wanted // 8) * 8))


def _tokenizer(texts: Sequence[str]) -> tuple[str, int]:
    """Sub-words learned from texts, as JSON, and the size of their vocabulary."""
    library = need("tokenizers", extra="text")
    words = [re.findall(WORD, text.lower()) for text in texts]
    counts = Counter(chain.from_iterable(words))
    frequent = sum(count >= _SEEN for count in counts.values())
    letters = Counter(chain.from_iterable(chain.from_iterable(words)))
    # Letters chosen here, and words begun by a mark: else equal counts are ordered by chance.
    ranked = sorted(letters, key=lambda letter: (-letters[letter], letter))[:_ALPHABET_OF_WORDS]
    size = min(_VOCABULARY, max(256, round(_PARTS * frequent)) + len(ranked))
    model = library.models.BPE(unk_token="[UNK]")
    tokenizer = library.Tokenizer(model)
    tokenizer.pre_tokenizer = library.pre_tokenizers.WhitespaceSplit()
    trainer = library.trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=["[PAD]", "[UNK]"],
        initial_alphabet=[_START, *ranked],
        limit_alphabet=len(ranked) + 1,
        show_progress=False,
    )
    tokenizer.train_from_iterator((_START + f" {_START}".join(one) for one in words), trainer)
    return tokenizer.to_str(), tokenizer.get_vocab_size()


class _Encoder:
    """Text -> numbers of its sub-words; most words were met before, so their numbers are kept."""

    def __init__(self, tokenizer: str) -> None:
        library = need("tokenizers", extra="text")
        self._tokenizer = library.Tokenizer.from_str(tokenizer)
        self._words = re.compile(WORD)
        self._known: dict[str, list[int]] = {}

    def __call__(self, text: str) -> list[int]:
        ids: list[int] = []
        known = self._known
        for word in self._words.findall(text.lower()):
            found = known.get(word)
            if found is None:
                if len(known) >= _REMEMBERED:
                    known.clear()
                found = known[word] = self._tokenizer.encode(_START + word).ids
            ids += found
        return ids


@lru_cache(maxsize=4)
def _encoder(tokenizer: str) -> _Encoder:
    return _Encoder(tokenizer)


@lru_cache(maxsize=4)
def _numbers(alphabet: str) -> NDArray[np.int16]:
    """Code of a character -> its number."""
    table = np.ones(_PLANE, np.int16)
    table[_codes(alphabet)] = np.arange(len(alphabet)) + 2
    return table
