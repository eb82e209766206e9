"""Which split is used - as given, by time, by group or by row - and what is said about it.

The more a split asks of an answer the earlier its turn: what the data state, then time, then
groups, then rows. Axes: N usable rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from fivefold.contracts.rows import IntArray
from fivefold.plumbing.errors import DataError
from fivefold.step2_gather.duplicates import TEST, TRAIN, VALIDATION, leaking
from fivefold.step2_gather.grouped import folds_by_group, united, vault_by_group
from fivefold.step2_gather.notes import some
from fivefold.step2_gather.ordered import by_time
from fivefold.step2_gather.split import validation_folds, vault_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fivefold.step2_gather.items import Items


@dataclass(frozen=True, kw_only=True, slots=True)
class Parting:
    """How rows are parted, and what is settled of it before any label is read.

    Attributes:
        settled: (n,) parts of all usable rows, those set aside among them.
        rows: (N,) rows of the listing, those set aside left out.
        parts: (N,) TRAIN, VALIDATION or TEST: as given, and by time.
        copies: (N,) rows with an equal number are duplicates of each other.
        units: (N,) rows with an equal number are duplicates or of one group; `copies` where the
            split goes by row.
        groups: (N,) group, -1 where a row stands alone.
        names: Names of groups.
        given: The data state a test part.
        grouped: Vault and folds are cut by group.
        origin: Where the vault comes from, in words, where time settles it.
        how: Where validation rows come from, in words, where time settles it.
        notes: What a user should know.
    """

    settled: IntArray
    rows: IntArray
    parts: IntArray
    copies: IntArray
    units: IntArray
    groups: IntArray
    names: tuple[str, ...]
    given: bool
    grouped: bool
    origin: str | None
    how: str | None
    notes: tuple[str, ...]

    def select(self, which: NDArray[np.bool_]) -> Parting:
        """Narrow to some of the rows."""
        return replace(
            self,
            rows=self.rows[which],
            parts=self.parts[which],
            copies=self.copies[which],
            units=self.units[which],
            groups=self.groups[which],
        )

    def witnesses(self, which: NDArray[np.bool_]) -> IntArray:
        """(m,) of some rows: those with an equal number are copies or of one group.

        Whichever way the split was cut, such rows are no independent witnesses.
        """
        if self.grouped:
            return self.units[which]
        return united(self.copies[which], self.groups[which])[0]

    def by_row(self, why: str) -> Parting:
        """The same without regard to groups, since that cannot be."""
        return replace(self, units=self.copies, grouped=False, notes=(*self.notes, why))


def parting(
    items: Items, usable: IntArray, copies: IntArray, equal: IntArray | None = None
) -> Parting:
    """Settle what can be settled without labels.

    Args:
        items: All items.
        usable: (N,) those of them that could be decoded.
        copies: (N,) rows with an equal number are duplicates of each other.
        equal: (N,) rows with an equal number are equal by nature: of one group, where the data
            state neither groups nor times nor a test part.
    """
    parts, groups = items.parts[usable], items.groups[usable]
    times = items.times[usable] if items.times.size else np.full(len(usable), np.nan)
    notes: list[str] = []
    given = bool((items.parts == TEST).any())
    origin = how = None
    timed = np.isfinite(times)
    kept = np.ones(len(usable), bool)
    # Row numbers of a whole listing are no order in time, and one row without a time is a doubt.
    found = by_time(times[timed], parts[timed], given=given) if timed.any() else None
    if found is not None:
        parts = parts.copy()
        parts[timed] = found.parts
        origin, how = found.origin, found.how
        notes += found.notes
        kept = timed | (parts != TRAIN)
        if not kept.all():
            notes.append(f"{int((~kept).sum()):,} rows without a time set aside: it tells the part")
    elif timed.any():
        notes.append("all rows are of one time: they are not split by it")
    units, grouped = copies, _several(groups) and origin is None and how is None
    if grouped:
        units, apart = united(copies, groups)
        kept &= ~apart
        if apart.any():
            notes.append(
                f"{int(apart.sum()):,} rows set aside: the same stands in another group, and too "
                "many groups would have to stay together"
            )
    elif equal is not None and origin is None and not given:
        units, grouped = equal, True
        groups = np.full(len(groups), -1, np.int64)  # whose names, if any, are of one row each
    kept &= ~leaking(copies, parts)
    made = Parting(
        settled=parts,
        rows=usable,
        parts=parts,
        copies=copies,
        units=units,
        groups=groups,
        names=items.group_names,
        given=given,
        grouped=grouped,
        origin=origin,
        how=how,
        notes=tuple(notes),
    ).select(kept)
    if not (made.parts == TRAIN).any():
        made = replace(made, parts=np.where(made.parts == VALIDATION, TRAIN, made.parts))
    return _mirrored(made)


def seal(
    way: Parting, strata: IntArray, seed: int, *, each_trained: bool
) -> tuple[NDArray[np.bool_], str, Parting]:
    """(N,) which rows go into the vault, where they come from in words, and how to go on.

    Args:
        way: How rows are parted.
        strata: (N,) class numbers, or what stands for them.
        seed: Decides which.
        each_trained: No stratum may lie in the vault alone.

    Raises:
        DataError: The given test part has no usable row.
    """
    if way.given:
        if not (way.parts == TEST).any():
            raise DataError(
                found="a test part without a usable row",
                wanted="test rows that open and carry a label seen in training",
                hint="mend it, or leave it out to have 20 % of the other rows held out",
            )
        return way.parts == TEST, "given test part", way
    if way.origin is not None:
        return way.parts == TEST, way.origin, way
    sealed = np.zeros(len(strata), bool)
    # A validation part that the data state themselves is left whole.
    free = np.flatnonzero(way.parts == TRAIN)
    if way.grouped:
        units = way.units[free]
        sealed[free] = vault_by_group(strata[free], units, seed, each_trained=each_trained)
        if sealed.any():
            return sealed, _group_words(way, sealed, len(free)), way
        way = way.by_row(
            "rows come in groups, yet are split row by row, as each group alone holds a class or "
            "most of the rows: the scores say nothing of new groups"
        )
    sealed[free] = vault_rows(strata[free], way.copies[free], seed)
    return sealed, f"held out {sealed.sum() / max(len(free), 1):.0%}, stratified", way


def beside_sealed(way: Parting, sealed: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], Parting]:
    """(N,) validation rows of groups that went into the vault, to set aside; and how to go on.

    A validation part that the data state may hold rows of any group. What is chosen by rows of a
    sealed group is no answer for new groups. Where the test part is given too, it is left as it is.
    """
    if way.given or not way.grouped:
        return np.zeros(len(sealed), bool), way
    aside = ~sealed & np.isin(way.units, way.units[sealed])
    if not aside.any():
        return aside, way
    note = f"{int(aside.sum()):,} validation rows set aside: their groups are in the vault"
    return aside, replace(way, notes=(*way.notes, note))


def validate(
    way: Parting, strata: IntArray, seed: int, *, each_trained: bool
) -> tuple[IntArray, int, str, Parting]:
    """(n,) fold of each open row, the number of folds, in words, and how rows were parted."""
    validation = way.parts == VALIDATION
    if validation.any():
        given = f"given validation part of {int(validation.sum()):,} rows"
        how = way.how or f"{given} beside {len(strata):,} open ones"
        return np.where(validation, 0, -1).astype(np.int64), 1, how, way
    if way.grouped:
        found = folds_by_group(strata, way.units, seed, each_trained=each_trained)
        if found is not None:
            return *found, way
        way = way.by_row(
            "open rows are too few groups to validate by group: validation is cut row by row, so "
            "its scores may be better than those of the vault"
        )
    return *validation_folds(strata, way.copies, seed), way


def _several(groups: IntArray) -> bool:
    """Whether there are groups of more than one row, and rows beside one group."""
    found, counts = np.unique(groups[groups >= 0], return_counts=True)
    alone = int((groups < 0).sum())
    return len(found) + alone > 1 and bool((counts > 1).any())


def _mirrored(way: Parting) -> Parting:
    """Say which groups stand on both sides; validate as the test part judges."""
    test, train = (np.unique(way.groups[part]) for part in (way.parts == TEST, way.parts != TEST))
    both = np.intersect1d(test[test >= 0], train)
    if not both.size:
        return way
    side = "given test part" if way.given else "split by time"
    names = some([way.names[one] for one in both])
    note = f"{len(both):,} groups stand in training and in the test part ({side}): {names}"
    way = replace(way, notes=(*way.notes, note))
    known = np.isin(way.groups[way.parts == TEST], both).mean()
    if not way.grouped or known <= 0.5:
        return way
    return way.by_row(
        "most test rows are of groups that are trained on, so validation is cut row by row too: "
        "the scores say nothing of new groups"
    )


def _group_words(way: Parting, sealed: NDArray[np.bool_], free: int) -> str:
    """Where a vault of whole groups comes from."""
    if not (way.groups >= 0).any():
        equal, every = (len(np.unique(units)) for units in (way.units[sealed], way.units))
        held = f"held out {sealed.sum() / max(free, 1):.0%} by group"
        return f"{held}: {equal:,} of {every:,} groups of equal rows"
    taken = np.unique(way.groups[sealed])
    taken = taken[taken >= 0]
    number = len(np.unique(way.groups[way.groups >= 0]))
    words = f"held out {sealed.sum() / max(free, 1):.0%} by group: {len(taken):,} of {number:,}"
    return f"{words} groups ({some([way.names[one] for one in taken])})"
