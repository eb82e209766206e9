"""The split of rows that follow each other in time: the future is never used to judge the past.

Axes: N rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fivefold.contracts.rows import IntArray
from fivefold.step2_gather.duplicates import TEST, TRAIN, VALIDATION
from fivefold.step2_gather.split import VAULT_MOST, VAULT_SHARE, held_out

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, slots=True)
class Ordered:
    """Parts by time.

    Attributes:
        parts: (N,) TRAIN, VALIDATION or TEST.
        origin: Where the vault comes from, in words; None where a test part was given.
        how: Where validation rows come from, in words; None where a part was given.
        notes: What a user should know.
    """

    parts: IntArray
    origin: str | None
    how: str | None
    notes: tuple[str, ...]


def by_time(times: NDArray[np.float64], parts: IntArray, *, given: bool = False) -> Ordered | None:
    """Cut training rows by time: the latest are the vault, those just before them validate.

    Parts that the data state stay as they are. Rows of one moment stay together.

    Args:
        times: (N,) finite numbers that grow.
        parts: (N,) as the data state them.
        given: The data state a test part, of which no row need have a time: no other is cut.

    Returns:
        None where no moment parts the rows.
    """
    parts, notes = parts.copy(), []
    origin = how = None
    tests = times[parts == TEST]
    if not (given or tests.size):
        free = np.flatnonzero(parts == TRAIN)
        late = _latest(times[free], min(round(VAULT_SHARE * len(free)), VAULT_MOST))
        if not late.any():
            return None
        parts[free[late]] = TEST
        origin = f"held out {late.sum() / len(free):.0%}, the latest rows by time"
    elif not tests.size:
        notes.append(
            "the given test part has no times: whether it measures the future cannot be told"
        )
    elif early := int((tests <= times[parts != TEST].max(initial=-np.inf)).sum()):
        notes.append(
            f"{early:,} of {len(tests):,} test rows are no later than the last training row: the "
            "given test part does not measure the future"
        )
    if not (parts == VALIDATION).any():
        free = np.flatnonzero(parts == TRAIN)
        late = _latest(times[free], held_out(len(free)))
        if not late.any():
            return None
        parts[free[late]] = VALIDATION
        how = f"the latest {int(late.sum()):,} of {len(free):,} open rows validate, by time"
    return Ordered(parts=parts, origin=origin, how=how, notes=tuple(notes))


def _latest(times: NDArray[np.float64], wanted: int) -> NDArray[np.bool_]:
    """(N,) about `wanted` of the latest rows, whole moments only; none where all are of one."""
    moments, counts = np.unique(times, return_counts=True)
    if len(moments) < 2:
        return np.zeros(len(times), bool)
    later = counts[::-1].cumsum()[:-1]  # rows in the latest 1, 2 ... moments, never all
    best = int(np.abs(later - wanted).argmin())
    return times >= moments[-1 - best]
