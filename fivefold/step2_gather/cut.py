"""Deciding for every usable row: sealed in the vault, open in some fold, or set aside.

Axes: N usable rows, K classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fivefold.contracts.rows import IntArray, Targets
from fivefold.plumbing.errors import DataError
from fivefold.step2_gather import notes as words
from fivefold.step2_gather.duplicates import TEST, TRAIN, VALIDATION
from fivefold.step2_gather.fill import commonest
from fivefold.step2_gather.parting import beside_sealed, seal, validate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fivefold.contracts.records import Quarantined
    from fivefold.contracts.target_kind import TargetKind
    from fivefold.step2_gather.items import Items
    from fivefold.step2_gather.parting import Parting

# What "enough" is: below it no split leaves anything to learn from or to judge by.
_LEAST_ROWS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """Rows of the cache by what becomes of them.

    Attributes:
        classes: (K,) vocabulary of the target.
        open: (n,) rows that steps 3 to 5 see, with `targets`, `groups` and `folds` (n,).
        n_folds: Number of folds; 1 for one validation part.
        sealed: (m,) rows of the vault, with `sealed_targets` and `sealed_groups` (m,).
        origin: Where the vault comes from, in words.
        split: The whole split, in words.
        notes: What a user should know.
    """

    classes: tuple[str, ...]
    open: IntArray
    targets: Targets
    groups: IntArray
    folds: IntArray
    n_folds: int
    sealed: IntArray
    sealed_targets: Targets
    sealed_groups: IntArray
    origin: str
    split: str
    notes: tuple[str, ...]


def cut(
    items: Items,
    way: Parting,
    target: TargetKind,
    seed: int,
    quarantine: Sequence[Quarantined],
) -> Cut:
    """Decide for every usable row: sealed, open in some fold, or set aside.

    Args:
        items: All items.
        way: Those of them that can be used, and how they are parted.
        target: Learns its vocabulary from training labels.
        seed: Decides the split.
        quarantine: What cannot be used, for the message when too little is left.

    Raises:
        DataError: Too few rows or classes are left, or no row of the given test part.
    """
    labels = np.array(items.labels, dtype=object)
    rows, parts = way.rows, way.parts
    training = list(labels[rows[parts == TRAIN]])
    if not training:
        raise too_few(f"no usable training row{because(quarantine)}", target.wanted)
    classes = target.learn(training)
    targets = target.parse(list(labels[rows]), classes)
    known = target.known(targets)
    notes = words.about_labels(labels[items.parts != TEST], set(training)) if target.classes else []
    for part, name in ((TRAIN, "training"), (VALIDATION, "validation"), (TEST, "test")):
        unknown = list(labels[rows[~known & (parts == part)]])
        notes += words.about_unknown(unknown, name, classes=target.classes)
    way, targets = way.select(known), targets[known]
    rows, parts = way.rows, way.parts
    _check_enough(target, targets[parts != TEST], quarantine)
    strata = target.strata(targets)
    # A number needs no row of each of its strata to be learned; a class does.
    sealed, origin, way = seal(way, strata, seed, each_trained=target.classes)
    together = way.witnesses(sealed)
    aside, way = beside_sealed(way, sealed)
    stays = ~sealed & ~aside & (parts != TEST)
    way, strata = way.select(stays), strata[stays]
    folds, n_folds, how, way = validate(way, strata, seed, each_trained=target.classes)
    if not sealed.any() or len(np.unique(folds[folds >= 0])) < n_folds:
        raise too_few(
            "too few rows that differ: copies of one item stay together in one part", target.wanted
        )
    return Cut(
        classes=classes,
        open=rows[stays],
        targets=targets[stays],
        groups=np.unique(way.units, return_inverse=True)[1].astype(np.int64),
        folds=folds,
        n_folds=n_folds,
        sealed=rows[sealed],
        sealed_targets=targets[sealed],
        sealed_groups=together,
        origin=origin,
        split=f"vault: {int(sealed.sum()):,} rows, {origin}; {how}; seed {seed}",
        notes=(
            *notes,
            *way.notes,
            *(words.about_balance(strata, classes) if target.classes else ()),
        ),
    )


def _check_enough(target: TargetKind, targets: Targets, quarantine: Sequence[Quarantined]) -> None:
    """Raise a DataError if open and vault rows together cannot be split."""
    enough, found = target.enough(targets)
    if len(targets) < _LEAST_ROWS or not enough:
        raise too_few(f"{len(targets):,} usable rows {found}{because(quarantine)}", target.wanted)


def because(quarantine: Sequence[Quarantined]) -> str:
    """How many items cannot be used and the commonest reasons, to end a sentence with."""
    if not quarantine:
        return ""
    reasons = commonest(one.reason for one in quarantine)
    return f"; {len(quarantine):,} cannot be used ({reasons})"


def too_few(found: str, wanted: str) -> DataError:
    """The error that says what enough is; `wanted` beside a number of rows."""
    return DataError(
        found=found,
        wanted=f"at least {_LEAST_ROWS} usable rows, and {wanted}",
        hint="add items, or mend those that cannot be used: fivefold look lists them",
    )
