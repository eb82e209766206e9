"""What there is to gather: the labelled items of the listings in one row of columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fivefold.contracts.records import Quarantined
from fivefold.contracts.roles import Source
from fivefold.contracts.rows import IntArray
from fivefold.plumbing.files import printable
from fivefold.step2_gather.duplicates import TEST, TRAIN, VALIDATION

if TYPE_CHECKING:
    from fivefold.contracts.records import Listing, Problem

_PARTS = {None: TRAIN, "train": TRAIN, "validation": VALIDATION, "test": TEST}


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
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    parts: IntArray
    sources: tuple[Source, ...]
    origins: IntArray
    quarantine: tuple[Quarantined, ...]
    notes: tuple[str, ...]
    total: int


def collect(
    problem: Problem,
    listing: Listing,
    source: Source,
    test_listing: Listing | None,
    test_source: Source | None,
) -> Items:
    """Join the listing and, if there is one, the separate test listing."""
    found = [
        (name, label, _PARTS[part], 0)
        for name, label, part in zip(listing.names, listing.labels, listing.parts, strict=True)
    ]
    sources = [source]
    if test_listing is not None and test_source is not None:
        sources.append(test_source)
        found += [
            (name, label, TEST, 1)
            for name, label in zip(test_listing.names, test_listing.labels, strict=True)
        ]
    lost = [(name, reason) for one in sources for name, reason in one.unreadable]
    total = len(found) + len(lost)
    notes: list[str] = []
    unlabelled = sum(part == TEST for _, _, part, _ in found)
    if unlabelled and all(label is None for _, label, part, _ in found if part == TEST):
        found = [one for one in found if one[2] != TEST]
        notes.append(
            f"the test part has no labels: its {unlabelled:,} items are left aside, and test rows "
            "are held out of the others"
        )
    why = "has no label" if problem.target.column else "lies outside any class folder"
    lost += [(name, why) for name, label, _, _ in found if label is None]
    kept = [(name, label, part, at) for name, label, part, at in found if label is not None]
    return Items(
        names=tuple(name for name, _, _, _ in kept),
        labels=tuple(label for _, label, _, _ in kept),
        parts=np.array([part for _, _, part, _ in kept], np.int64),
        sources=tuple(sources),
        origins=np.array([origin for _, _, _, origin in kept], np.int64),
        quarantine=tuple(Quarantined(path=printable(n), reason=r) for n, r in lost),
        notes=tuple(notes),
        total=total,
    )
