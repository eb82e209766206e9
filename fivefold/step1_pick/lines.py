"""Files with an item per line: `<label> text`, fastText's `__label__x text`."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from fivefold.plumbing.errors import DataError
from fivefold.step1_pick.tables import Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from fivefold.contracts.records import Guess

TEXT = "text"  # the column that holds what stands behind the labels
_SAMPLE = 5000
_MOST_LABELS = 200
_FAST = re.compile(r"((?:__label__\S+[ \t]+)+)(.*)", re.DOTALL)
_FIRST = re.compile(r"(\S+)[ \t]+(.*\S)\s*", re.DOTALL)


def is_labelled(shown: str, text: str) -> bool:
    """Whether the first line is fastText's.

    Raises:
        DataError: Lines are numbered as stories have them.
    """
    head = [line for line in text[: 1 << 20].split("\n") if line.strip()][:_SAMPLE]
    _check_stories(shown, head)
    return bool(head) and head[0].startswith("__label__")


def read_lines(shown: str, text: str, guesses: tuple[Guess, ...]) -> Table | None:
    """Lines that begin with their label as a table of `label` and `text`; None for other texts.

    Raises:
        DataError: fastText's form, but for a line.
    """
    lines = _numbered(text)
    if not lines:
        return None
    if lines[0][1].startswith("__label__"):
        found = [_fast(shown, number, line) for number, line in lines]
        return _table(shown, lines, found, guesses)
    cut = [_FIRST.fullmatch(line) for _, line in lines]
    if sum(one is None for one in cut) > 0.001 * len(cut):
        return None
    if not _are_labels(Counter(one[1] for one in cut if one is not None)):
        return None
    found = [
        (one[1], one[2]) if one else (None, line) for one, (_, line) in zip(cut, lines, strict=True)
    ]
    return _table(shown, lines, found, guesses)


def _table(
    shown: str,
    lines: list[tuple[int, str]],
    found: list[tuple[str | None, str]],
    guesses: tuple[Guess, ...],
) -> Table:
    return Table(
        name=shown,
        columns=("label", TEXT),
        cells=tuple(found),
        names=tuple(f"{shown}:{number}" for number, _ in lines),
        guesses=guesses,
        headed=True,
        lines=True,
    )


def new_lines(text: str, is_label: Callable[[str], bool]) -> list[tuple[int, str]]:
    """Number and text of each line that is to be answered for, without its label where it has one.

    A first word is its line's label where every line begins with one.

    Args:
        text: What the file holds.
        is_label: Whether a word is a label that was learned.
    """
    lines = _numbered(text)
    fast = [_FAST.match(line.strip() + " ") for _, line in lines]
    if fast and fast[0]:
        pairs = zip(lines, fast, strict=True)
        return [(number, one[2].strip() if one else line) for (number, line), one in pairs]
    cut = [_FIRST.fullmatch(line) for _, line in lines]
    if not all(one is not None and is_label(one[1]) for one in cut):
        return lines
    return [(number, one[2]) for (number, _), one in zip(lines, cut, strict=True) if one]


def _numbered(text: str) -> list[tuple[int, str]]:
    """The lines that are not blank, counted from 1."""
    return [(i, line) for i, line in enumerate(text.split("\n"), start=1) if line.strip()]


def _fast(shown: str, number: int, line: str) -> tuple[str | None, str]:
    match = _FAST.match(line.strip() + " ")
    if match is None:
        raise DataError(
            found=f"line {number} of {shown} without __label__",
            wanted="__label__NAME before the text of every line",
            hint="mend that line",
        )
    labels = [word.removeprefix("__label__") for word in match[1].split()]
    return "|".join(labels), match[2].strip()


def _are_labels(counts: Counter[str]) -> bool:
    """Whether first words are labels: few, each often; bare words must be fewer still."""
    total = counts.total()
    if not 2 <= len(counts) <= min(_MOST_LABELS, total // 10):
        return False
    single = sum(count == 1 for count in counts.values())
    if all(re.fullmatch(r"[+-]?\d{1,3}|[\w-]+:[\w-]*|\S*[:\]]", word) for word in counts):
        return single <= 0.2 * len(counts)
    return len(counts) <= 20 and not single and min(counts.values()) >= 0.005 * total


def _check_stories(shown: str, lines: list[str]) -> None:
    """Numbered lines that begin again at 1 are stories with questions: their number is no label."""
    numbers = [line.split(" ", 1)[0] for line in lines]
    if len(numbers) < 2 or not all(number.isdigit() for number in numbers):
        return
    pairs = list(pairwise(numbers))
    if numbers[0] == "1" and all(int(b) in (1, int(a) + 1) for a, b in pairs):
        raise DataError(
            found=f"{shown}, whose lines are numbered like stories with questions",
            wanted="an item and its label in each line",
            hint="stories are not read yet; write the question and its answer as a table",
        )
