"""What a user should know about the data, one line each. Axes: N usable rows, K classes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from fivefold.plumbing.files import printable
from fivefold.step2_gather.item import is_picture

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from fivefold.contracts.roles import InputKind
    from fivefold.contracts.rows import IntArray

_UNEVEN = 3.0
# Names that are written out before the rest is counted.
_NAMED = 5
_SIZES, _RANGES = 10, 5


def about_labels(listed: Iterable[str], usable: Iterable[str]) -> list[str]:
    """Classes that were dropped, and labels that look like two spellings of one.

    Args:
        listed: Labels of all training items that were listed.
        usable: Labels of those of them that can be trained on.
    """
    counts = Counter(listed)
    notes = []
    dropped = sorted(set(counts) - set(usable))
    if dropped:
        items = sum(counts[label] for label in dropped)
        notes.append(
            f"{_classes(dropped)} dropped: none of {items:,} items can be used for training"
        )
    spellings: dict[str, list[str]] = {}
    for label in sorted(counts):
        spellings.setdefault(" ".join(label.casefold().split()), []).append(label)
    notes += [
        "labels that differ only in case or space are separate classes: "
        + ", ".join(repr(printable(label)) for label in same)
        for same in spellings.values()
        if len(same) > 1
    ]
    return notes


def about_balance(targets: IntArray, classes: Sequence[str]) -> list[str]:
    """Uneven classes, and classes of a single open row.

    Args:
        targets: (N,) class numbers of open rows.
        classes: (K,) names.
    """
    counts = np.bincount(targets, minlength=len(classes))
    notes = []
    most, least = int(counts.argmax()), int(counts.argmin())
    if counts[most] > _UNEVEN * max(counts[least], 1):
        notes.append(
            f"uneven classes: {counts[most]:,} rows of {printable(classes[most])!r}, "
            f"{counts[least]:,} of {printable(classes[least])!r}"
        )
    single = [name for name, count in zip(classes, counts, strict=True) if count == 1]
    if single:
        notes.append(f"{_classes(single)} with a single open row: trained on, never validated")
    return notes


def about_unknown(labels: Sequence[str], part: str, *, classes: bool) -> list[str]:
    """Rows of a part whose label is nothing to learn from: of classes, no training row has it."""
    if not labels:
        return []
    why = "no training row carries their label" if classes else "their label cannot be read"
    return [f"{len(labels):,} {part} rows left out: {why} ({some(sorted(set(labels)))})"]


def sizes(
    cards: NDArray[np.void], shape: dict[str, Any], kind: InputKind
) -> tuple[tuple[str, int], ...]:
    """Sizes as opened, in words, with counts: the ten most common, or ranges of lengths.

    Of pictures grey and colour ones count alike; nothing of items without sides of their own.
    """
    sides = cards["size"][:, :2] if is_picture(shape) else cards["size"]
    if not sides.any():
        return ()
    found, counts = np.unique(sides, axis=0, return_counts=True)
    told = [kind.length(tuple(side for side in sides if side), shape) for sides in found.tolist()]
    if told[0] is not None or (len(found) > _SIZES and not is_picture(shape)):
        lengths = [
            sides[0] if one is None else one[0] for sides, one in zip(found, told, strict=True)
        ]
        return _ranges(np.array(lengths, float), counts, told[0][1] if told[0] else "values")
    order = np.argsort(-counts, kind="stable")[:_SIZES]
    return tuple((_size(found[i], shape), int(counts[i])) for i in order)


def _ranges(
    lengths: NDArray[np.float64], counts: IntArray, unit: str
) -> tuple[tuple[str, int], ...]:
    """Up to five ranges of about equally many items: `12 to 80 words`."""
    values, at = np.unique(lengths, return_inverse=True)
    rows = np.bincount(at, counts).astype(np.int64)
    before = np.cumsum(rows) - rows
    part = np.minimum(_RANGES * before // max(int(rows.sum()), 1), _RANGES - 1)
    found = []
    for number in np.unique(part):
        inside = part == number
        low, high = (f"{value:,.4g}" for value in values[inside][[0, -1]])
        words = low if low == high else f"{low} to {high}"
        found.append((f"{words} {unit}", int(rows[inside].sum())))
    return tuple(found)


def about_sizes(cards: NDArray[np.void], shape: dict[str, Any]) -> list[str]:
    """Pictures of mixed sizes, and those that were made smaller."""
    if not is_picture(shape):
        return []
    sides = cards["size"][:, :2].astype(np.int64)
    found = np.unique(sides, axis=0)
    notes = []
    if len(found) > 1:
        by_area = found[np.argsort(found.prod(axis=1), kind="stable")]
        smallest, largest = _size(by_area[0], shape), _size(by_area[-1], shape)
        notes.append(
            f"pictures of {len(found):,} sizes, from {smallest} to {largest}, brought to "
            f"{_size(shape['item_shape'], shape)}"
        )
    height, width, _ = shape["item_shape"]
    larger = int(((sides[:, 0] > height) & (sides[:, 1] > width)).sum())
    if larger:
        notes.append(
            f"{larger:,} of {len(sides):,} pictures are larger than the "
            f"{_size(shape['item_shape'], shape)} they are used at"
        )
    return notes


def _size(sides: Sequence[int], shape: dict[str, Any]) -> str:
    if is_picture(shape):
        return f"{sides[1]}x{sides[0]}"
    return "x".join(str(side) for side in sides if side) + " values"


def _classes(names: Sequence[str]) -> str:
    return f"{len(names):,} class{'es' * (len(names) > 1)} ({some(names)})"


def some(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    words = ", ".join(printable(name) for name in names[:_NAMED])
    return words + (f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else "")
