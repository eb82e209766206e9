"""The words that people use for the parts of a data set."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fivefold.contracts.records import Part

_WORDS: dict[Part, str] = {
    "train": "train|training|tr|trn",
    "validation": "val|valid|validation|validate|dev|development|eval|evaluation",
    "test": "test|testing|tst|te|heldout|holdout",
}
_THINGS = "(set|data|split|part|folder|images|imgs|img|pics|pictures|photos|files|samples)?"
_PATTERNS = {part: re.compile(f"({words}){_THINGS}") for part, words in _WORDS.items()}


def part_of(word: str) -> Part | None:
    """The part a folder or cell names in any usual spelling: `Train`, `test_set`, `val2017`."""
    letters = re.sub(r"[\W_\d]", "", word.casefold())
    return next((part for part, rule in _PATTERNS.items() if rule.fullmatch(letters)), None)


def stated(parts: Iterable[Part | None]) -> set[Part]:
    """The parts that are stated at least once."""
    return {part for part in parts if part is not None}
