"""The words that people use for the parts of a data set."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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


def leading_parts(names: Sequence[str]) -> tuple[Part | None, ...]:
    """The part that the first telling folder of each path names, where they all have one."""
    found = [
        next((part for folder in name.split("/")[:-1] if (part := part_of(folder))), None)
        for name in names
    ]
    whole = None not in found and len(set(found)) > 1 and "train" in found
    return tuple(found) if whole else (None,) * len(found)


def cut_part(name: str) -> tuple[str, Part | None]:
    """A file name without the word for its part, and that part: `adult-test.csv` is `adult.csv`.

    Where the name has none, the folder may: `test/rows.csv`.
    """
    base = name.rpartition("/")[2]
    stem, dot, suffixes = base.partition(".")
    words = re.split(r"([-_ ]+)", stem)
    for place in range(len(words) - 1, -1, -2):
        part = part_of(words[place])
        if part is not None:
            rest = "".join(words[:place] + words[place + 1 :]).strip("-_ ")
            return re.sub(r"[-_ ]{2,}", "_", rest) + dot + suffixes, part
    folders = name.split("/")[:-1]
    return base, next((part for one in reversed(folders) if (part := part_of(one))), None)
