"""What there is to gather: the labelled items of the listings in one row of columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain, compress
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fivefold.contracts.records import Quarantined
from fivefold.contracts.roles import Source
from fivefold.contracts.rows import IntArray
from fivefold.plumbing.files import printable
from fivefold.step2_gather.duplicates import TEST, TRAIN, VALIDATION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fivefold.contracts.records import Listing, Problem

_PARTS = {None: TRAIN, "train": TRAIN, "validation": VALIDATION, "test": TEST}
# Rows without a label that are listed one by one; of a table half filled in, the count says all.
_LISTED = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Items:
    """Items worth decoding, and what was left out before. Columns of length N.

    Attributes:
        names: Item names.
        labels: Raw labels.
        parts: (N,) TRAIN, VALIDATION or TEST.
        sources: Where items lie: the main source and, if given, the test source.
        origins: (N,) number of the source of each item.
        quarantine: Items without a label, and what could not be listed.
        notes: What a user should know.
        total: Items listed.
        groups: (N,) number of the group of each item, -1 where it stands alone.
        group_names: Names of the groups; () where nothing is known of groups.
        times: (N,) when each item was, NaN where that is not known; (0,) without any order.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    parts: IntArray
    sources: tuple[Source, ...]
    origins: IntArray
    quarantine: tuple[Quarantined, ...]
    notes: tuple[str, ...]
    total: int
    groups: IntArray
    group_names: tuple[str, ...]
    times: NDArray[np.float64]

    def select(self, which: IntArray) -> Items:
        """Narrow to some of the items; `total` still tells how many were listed."""
        return replace(
            self,
            names=tuple(self.names[row] for row in which),
            labels=tuple(self.labels[row] for row in which),
            parts=self.parts[which],
            origins=self.origins[which],
            groups=self.groups[which],
            times=self.times[which] if self.times.size else self.times,
        )


def collect(
    problem: Problem,
    listing: Listing,
    source: Source,
    test_listing: Listing | None,
    test_source: Source | None,
) -> Items:
    """Join the listing and, if there is one, the separate test listing.

    Columns are joined and narrowed as columns: a record per row would weigh more than the rows.
    """
    listings, sources = [listing], [source]
    parts = np.fromiter((_PARTS[part] for part in listing.parts), np.int64, len(listing.parts))
    if test_listing is not None and test_source is not None:
        listings.append(test_listing)
        sources.append(test_source)
        parts = np.append(parts, np.full(len(test_listing.names), TEST))
    names = list(chain.from_iterable(one.names for one in listings))
    labels = list(chain.from_iterable(one.labels for one in listings))
    lost = [(name, reason) for one in sources for name, reason in one.unreadable]
    labelled = np.fromiter((label is not None for label in labels), bool, len(labels))
    seen, notes = np.ones(len(labels), bool), []
    if (parts == TEST).any() and not labelled[parts == TEST].any():
        seen = parts != TEST
        notes.append(
            f"the test part has no labels: its {int((~seen).sum()):,} items are left aside, and "
            "test rows are held out of the others"
        )
    without = np.flatnonzero(seen & ~labelled)
    if without.size > _LISTED:
        notes.append(
            f"{without.size:,} rows have no label: they are kept out of training "
            f"(the first {_LISTED} are listed in quarantine)"
        )
    why = "has no label" if problem.target.column else "lies outside any class folder"
    lost += [(names[row], why) for row in without[:_LISTED]]
    kept = seen & labelled
    lengths = [len(one.names) for one in listings]
    known = any(one.groups for one in listings)
    groups, group_names = _numbered(_column(listings, "groups", None) if known else ())
    times = np.fromiter(_column(listings, "times", np.nan), np.float64, len(names))
    return Items(
        names=tuple(compress(names, kept)),
        labels=tuple(label for label in compress(labels, kept) if label is not None),
        parts=parts[kept],
        sources=tuple(sources),
        origins=np.repeat(np.arange(len(listings)), lengths)[kept].astype(np.int64),
        quarantine=tuple(Quarantined(path=printable(n), reason=r) for n, r in lost),
        notes=tuple(notes),
        total=len(names) + sum(len(one.unreadable) for one in sources),
        groups=groups[kept] if known else np.full(int(kept.sum()), -1, np.int64),
        group_names=group_names,
        times=times[kept] if any(one.times for one in listings) else np.zeros(0),
    )


def numbered(values: Iterable[object]) -> IntArray:
    """Equal values get an equal number, in the order in which they are met."""
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], np.int64)


def _numbered(groups: Iterable[str | None]) -> tuple[IntArray, tuple[str, ...]]:
    """(N,) numbers of groups, -1 for None; and the groups' names."""
    numbers: dict[str, int] = {}
    found = [-1 if one is None else numbers.setdefault(one, len(numbers)) for one in groups]
    return np.array(found, np.int64), tuple(numbers)


def _column(listings: list[Listing], field: str, missing: Any) -> Iterator[Any]:  # noqa: ANN401
    """One column of all listings; `missing` for every row of a listing that lacks it."""
    for one in listings:
        yield from getattr(one, field) or (missing for _ in one.names)
