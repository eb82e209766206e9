"""Rows of a table that name one file: one stands for it, or each is an item of its own.

Axes: R rows that name a file, F files.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from fivefold.contracts.records import Guess
from fivefold.plumbing.files import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fivefold.contracts.records import Listing, Part
    from fivefold.step1_pick.forms import Cell
    from fivefold.step1_pick.found import Found

# Parts in the order in which they give way, as copies do: a training row to a test row.
_ORDER: dict[Part | None, int] = {None: 0, "train": 0, "validation": 1, "test": 2}
_TORN, _BLANK = "files with two labels", "rows without a label"
_EARLY, _AGAIN = "rows whose file a later part names", "rows whose file was named before"
_WHY = {
    _TORN: "the table gives them more than one label",
    _BLANK: "empty cells",
    _EARLY: "a file is one item, and a training row gives way to a test row",
    _AGAIN: "a file is one item",
}


def one_each(found: Found, mend: str) -> Found:
    """A row for each file, and what is told of the others.

    The latest part in which a file has a label keeps it. Of its rows there the first counts; a
    file of two labels there has none.

    Args:
        found: All rows (R,); their names are files, some of them equal.
        mend: What a user can do, for messages.

    Returns:
        The rows of F files.
    """
    listing = found.listing
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, name in enumerate(listing.names):
        rows_of[name].append(row)
    kept: list[int] = []
    labels: list[Cell] = []
    aside: dict[str, list[str]] = {word: [] for word in _WHY}
    for rows in rows_of.values():
        own = _latest(rows, listing)
        torn = len({listing.labels[row] for row in own}) > 1
        kept.append(own[0])
        labels.append(None if torn else listing.labels[own[0]])
        for row, word in _set_aside(rows, own, listing, torn=torn):
            aside[word].append(listing.names[row])
    names = tuple(rows_of)
    told = [_told(word, gone, mend) for word, gone in aside.items() if gone]
    return replace(
        found,
        listing=replace(
            listing,
            names=names,
            labels=tuple(labels),
            parts=tuple(listing.parts[row] for row in kept),
        ),
        files=names,
        fields=None if found.fields is None else found.fields.select(kept),
        guesses=(*found.guesses, *told),
    )


def each_row(files: Sequence[str], lines: Sequence[str]) -> tuple[tuple[str, ...], list[Guess]]:
    """(R,) names of rows of which each is an item, and what is told of those that share a file.

    Args:
        files: (R,) the file of each.
        lines: (R,) where each stands, for example `train.csv:12`.
    """
    counts = Counter(files)
    shared = [file for file in files if counts[file] > 1]
    if not shared:
        return tuple(files), []
    told = Guess(
        question="rows that share a file",
        answer=f"{len(shared):,} rows of {len(set(shared)):,} files, each an item",
        why="what stands beside the file may differ; they stay together unless --group names "
        f"something else; first: {printable(shared[0])}",
        option="--group COLUMN, --input KIND for an item per file",
    )
    pairs = zip(files, lines, strict=True)
    names = (file if counts[file] == 1 else f"{line}/{file}" for file, line in pairs)
    return tuple(names), [told]


def _latest(rows: Sequence[int], listing: Listing) -> list[int]:
    """Of the rows of a file those of the latest part in which it has a label."""
    labelled = [row for row in rows if listing.labels[row] is not None]
    last = max(_ORDER[listing.parts[row]] for row in labelled or rows)
    return [row for row in rows if _ORDER[listing.parts[row]] == last]


def _set_aside(
    rows: Sequence[int], own: Sequence[int], listing: Listing, *, torn: bool
) -> list[tuple[int, str]]:
    """The rows of a file that are no item, and what they are."""
    latest = set(own)
    found: list[tuple[int, str]] = []
    for row in rows:
        if row in latest and torn:
            found.append((row, _TORN))
        elif listing.labels[row] is None:
            found.append((row, _BLANK))
        elif row not in latest:
            found.append((row, _EARLY))
        elif row != own[0]:
            found.append((row, _AGAIN))
    return found


def _told(question: str, names: Sequence[str], mend: str) -> Guess:
    """How many rows, of how many files, were set aside; `names` are their files."""
    files = len(set(names))
    rows = f"{len(names):,} rows of {files:,} files" if files < len(names) else f"{files:,}"
    return Guess(
        question=question,
        answer=f"{rows} set aside",
        why=f"{_WHY[question]}; first: {printable(names[0])}",
        option=mend,
    )
