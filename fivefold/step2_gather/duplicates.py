"""Duplicates: items that show the same, exactly or nearly. They must not lie on both sides.

Axes: N usable rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fivefold.contracts.records import Duplicate
from fivefold.contracts.rows import IntArray
from fivefold.plumbing.files import printable
from fivefold.step2_gather.near import LIMIT, groups_of, near_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fivefold.contracts.rows import Items


# Parts, in the order in which they give way: a training row goes where a test row shows the same.
TRAIN, VALIDATION, TEST = 0, 1, 2
_PART_WORDS = ("training", "validation", "test")
# Pairs that are listed; a folder of 10,000 equal pictures should not fill the report.
_LISTED = 1000
# Rows of few columns with few values each are equal by nature, not by copying: fewer distinct ones
# than this share, and not many more rows are possible than there are.
_DISTINCT, _POSSIBLE = 0.7, 10
# Fewer distinct rows than this cannot stay together: a fifth of them would judge nothing.
_PARTED = 50
_SAMPLE = 20_000  # rows by which values are counted


@dataclass(frozen=True, kw_only=True, slots=True)
class Alike:
    """Which rows show the same.

    Attributes:
        groups: (N,) rows with an equal number show the same.
        pairs: (m, 2) rows, the smaller first; equal rows are each paired with their first.
        exact: (m,) equal bytes or pixels.
        notes: What could not be told, in words.
        equal: (N,) where equal rows are expected and count as no duplicates: those with an equal
            number are equal all the same, so that a split may keep them together; else None.
    """

    groups: IntArray
    pairs: IntArray
    exact: NDArray[np.bool_]
    notes: tuple[str, ...]
    equal: IntArray | None = None


def find_alike(
    cards: NDArray[np.void], labels: IntArray, *, short_side: int, vectors: Items | None = None
) -> Alike:
    """Find exact duplicates and, for pictures and kinds that have a `key`, near ones.

    Args:
        cards: (N,) cards of the usable rows.
        labels: (N,) any number per label.
        short_side: Shorter side of the pictures in the cache; 0 for other kinds.
        vectors: (N, D) the rows, where they are tables or vectors: a row of few columns with few
            values has its like by nature. Of all other kinds equal rows are copies.
    """
    n = len(cards)
    exact = np.concatenate([_equal(cards["content"]), _equal(cards["pixels"])])
    alike = groups_of(exact, n)
    first = np.unique(alike, return_index=True)[1]
    if vectors is not None and len(first) < _DISTINCT * n and _few_possible(vectors):
        return _by_nature(alike, len(first))
    note: str | None = None
    near = exact[:0]
    if short_side and len(first) <= LIMIT:
        near, note = near_pairs(cards["thumb"][first], labels[first], short_side=short_side)
    elif short_side:
        note = f"above {LIMIT:,} pictures only exact duplicates are looked for"
    near = np.concatenate([near, _equal(cards["key"][first])])
    stars = np.stack([first[alike], np.arange(n)], axis=1)
    stars = stars[stars[:, 0] != stars[:, 1]]
    pairs = np.concatenate([stars, first[near]])
    return Alike(
        groups=groups_of(pairs, n),
        pairs=pairs,
        exact=np.arange(len(pairs)) < len(stars),
        notes=() if note is None else (note,),
    )


def _few_possible(vectors: Items) -> bool:
    """Whether columns have so few values that not many more rows are possible than there are."""
    n = len(vectors)
    sample_ND = vectors.take(slice(None, None, max(1, n // _SAMPLE)))
    values = [len(np.unique(column)) for column in sample_ND.T]
    return float(np.log(values).sum()) <= np.log(_POSSIBLE * n)


def _by_nature(alike: IntArray, distinct: int) -> Alike:
    """Equal rows (N,) that are expected: no duplicates, yet best kept together."""
    n = len(alike)
    together = distinct >= _PARTED
    then = "are kept on one side where the split is ours" if together else "may be on both sides"
    note = (
        f"only {distinct:,} of {n:,} rows are distinct: with so few values equal rows are "
        f"expected, so they do not count as duplicates; they {then}"
    )
    return Alike(
        groups=np.arange(n),
        pairs=np.zeros((0, 2), np.int64),
        exact=np.zeros(0, bool),
        notes=(note,),
        equal=alike if together else None,
    )


def leaking(groups: IntArray, parts: IntArray) -> NDArray[np.bool_]:
    """(N,) rows to set aside: another row of their group lies in a part that must stay unseen."""
    highest = np.zeros(int(groups.max(initial=-1)) + 1, np.int64)
    np.maximum.at(highest, groups, parts)
    return parts < highest[groups]


def listed(
    alike: Alike, names: Sequence[str], labels: IntArray, parts: IntArray
) -> tuple[tuple[Duplicate, ...], tuple[str, ...]]:
    """The pairs for the report, leaks first, and notes about them.

    Args:
        alike: What was found.
        names: (N) item names.
        labels: (N,) any number per label.
        parts: (N,) TRAIN, VALIDATION or TEST.
    """
    if not len(alike.pairs):
        return (), ()
    first, second = alike.pairs.T
    across = parts[first] != parts[second]
    differ = labels[first] != labels[second]
    aside = leaking(alike.groups, parts)
    order = np.lexsort((~alike.exact, ~differ, ~across))[:_LISTED]
    records = tuple(
        Duplicate(
            first=printable(names[first[i]]),
            second=printable(names[second[i]]),
            exact=bool(alike.exact[i]),
            across=bool(across[i]),
            same_label=not differ[i],
            action=_action((int(first[i]), int(second[i])), names, parts, aside),
        )
        for i in order
    )
    near = len(alike.pairs) - int(alike.exact.sum())
    facts = f"{near:,} near, not exact; {int(across.sum()):,} across parts"
    notes = [f"{_pairs(len(alike.pairs))} ({facts})"]
    if len(alike.pairs) > _LISTED:
        notes[0] += f"; the first {_LISTED:,} are listed"
    if aside.any():
        notes.append(
            f"{int(aside.sum()):,} rows set aside: validation or test rows show the same (a leak)"
        )
    if differ.any():
        notes.append(f"{_pairs(int(differ.sum()))} of different labels")
    return records, tuple(notes)


def _pairs(count: int) -> str:
    return f"{count:,} duplicate pair{'s' * (count != 1)}"


def _action(
    pair: tuple[int, int], names: Sequence[str], parts: IntArray, aside: NDArray[np.bool_]
) -> str:
    """What was done about a pair, in words."""
    gone = [row for row in pair if aside[row]]
    if not gone:
        return "kept, always on one side of a split"
    if len(gone) == 2:
        return "both set aside: a third row in another part shows the same"
    stays = pair[0] if gone[0] == pair[1] else pair[1]
    return (
        f"{printable(names[gone[0]])} set aside from {_PART_WORDS[parts[gone[0]]]}: "
        f"the other is a {_PART_WORDS[parts[stays]]} row"
    )


def _equal(hashes: NDArray[np.uint8]) -> IntArray:
    """Pairs (m, 2) of the first row and each other one with an equal hash (N, 16), not 0."""
    keys = np.ascontiguousarray(hashes).view("V16")[:, 0]
    _, first, number = np.unique(keys, return_index=True, return_inverse=True)
    pairs = np.stack([first[number], np.arange(len(hashes))], axis=1)
    return pairs[(pairs[:, 0] != pairs[:, 1]) & hashes.any(axis=1)]
