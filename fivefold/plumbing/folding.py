"""What two texts have in common that say the same: case, spaces and punctuation folded away."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"\w+")
# Texts that are not made of words - formulas, drawings in letters - are not folded.
_LEAST_SHARE = 0.5


def folded(text: str) -> bytes | None:
    """The words of a text in one spelling; None where most of it is no words."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    words = _WORD.findall(plain)
    letters = sum(map(len, words))
    if letters <= _LEAST_SHARE * len("".join(plain.split())):
        return None
    return " ".join(words).encode("utf-8", "surrogatepass")
