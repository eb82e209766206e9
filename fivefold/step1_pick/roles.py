"""Which column of a table is the label, which are inputs, and which must not be."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fivefold.contracts.records import Guess
from fivefold.plumbing.errors import DataError
from fivefold.plumbing.files import printable
from fivefold.step1_pick.words import FACTS, is_group, label_rank, may_be_group, word_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fivefold.step1_pick.forms import Cell
    from fivefold.step1_pick.profile import Profile

# Columns of the same values that agree so often are two labels, not input and label. Where the name
# says so too it is a share of the rows, else of those beyond chance: two columns of yes and no that
# have nothing to do with each other agree in half of the rows.
_AGREE = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelColumn:
    """The label column that was taken.

    Attributes:
        name: Its name.
        why: Why it.
        named: Its name says so.
        others: Columns that could be it too.
    """

    name: str
    why: str
    named: bool
    others: tuple[str, ...] = ()

    def guess(self) -> Guess:
        """In words, with the other readings."""
        other = f"; {' or '.join(map(printable, self.others))} could be it too"
        return Guess(
            question="label column",
            answer=printable(self.name),
            why=self.why + (other if self.others else ""),
            option="--label COLUMN",
        )


def label_column(
    profiles: Sequence[Profile], where: str, *, numbers: bool = True, amounts: bool = False
) -> LabelColumn:
    """The column that is the label: by name, else the last, the first or the one of fewest values.

    Args:
        profiles: The columns that may be it.
        where: All columns and where they stand, for messages.
        numbers: A column of many numbers may be it too.
        amounts: Where it is the last, and no text stands beside it, it comes before words in the
            middle, as in a table of measurements.

    Raises:
        DataError: No column could be it.
    """
    few = [one for one in profiles if one.few and not one.text and not one.identifier]
    words = [one for one in few if not one.numeric]
    ends = [one for one in (*profiles[-1:], *profiles[:1]) if one in few]
    small = [one for one in ends if one.distinct <= 20 and (not words or one in words)]
    named = _named(_believed(profiles)) or ([] if small else _named(profiles))
    if named:
        return LabelColumn(
            name=named[0], why="its name says so", named=True, others=tuple(named[1:3])
        )
    last = numbers and bool(profiles) and _amounts(profiles[-1])
    if few and not small and last and amounts and not any(one.text for one in profiles):
        others = tuple(one.name for one in few[:2])
        why = "the last column, of numbers"
        return LabelColumn(name=profiles[-1].name, why=why, named=False, others=others)
    if few:
        chosen = small[0] if small else min(words or few, key=lambda one: one.distinct)
        others = tuple(one.name for one in words or few if one is not chosen)[:2]
        why = f"{chosen.distinct:,} values that repeat"
        return LabelColumn(name=chosen.name, why=why, named=False, others=others)
    if last:
        why = "the last column, and no column has few values"
        return LabelColumn(name=profiles[-1].name, why=why, named=False)
    lists = [one for one in profiles if one.lists]
    if len(lists) > 1:
        return LabelColumn(name=lists[-1].name, why="the last list of each row", named=False)
    raise DataError(
        found=where,
        wanted="a label column: few values that repeat",
        hint="name it with --label COLUMN",
    )


def _named(profiles: Sequence[Profile]) -> list[str]:
    """The columns whose name says that they are the label, the likeliest first."""
    ranked = [(one.distinct < 2, label_rank(one.name), one.name) for one in profiles]
    return [name for _, _, name in sorted((s, r, n) for s, r, n in ranked if r is not None)]


def _believed(profiles: Sequence[Profile]) -> list[Profile]:
    """Columns whose name is believed first: one that may name a fact, an income say, at an end."""
    values = [one for one in profiles if not one.text and not one.identifier]
    ends = {one.name for one in (*values[:1], *values[-1:])}
    return [one for one in profiles if word_of(one.name) not in FACTS or one.name in ends]


def _amounts(one: Profile) -> bool:
    return one.numeric and one.distinct > 1 and not one.identifier


def set_aside(
    profiles: Sequence[Profile],
    columns: Mapping[str, Sequence[Cell]],
    labels: Sequence[Cell],
    label: str,
) -> dict[str, str]:
    """Columns that must not be inputs, each with its reason.

    Args:
        profiles: Columns that may be inputs.
        columns: Their cells.
        labels: The label of each row.
        label: The label column in words.
    """
    aside: dict[str, str] = {}
    vocabulary = {cell for cell in labels if cell is not None}
    for one in profiles:
        cells = columns[one.name]
        reason = _tells(one.name, cells, labels, vocabulary, label)
        if reason:
            aside[one.name] = reason
        elif one.identifier:
            aside[one.name] = "an identifier of the row"
        elif one.distinct < 2:
            aside[one.name] = "the same in every row" if one.distinct else "empty"
    return aside


def about_aside(aside: Mapping[str, str]) -> list[Guess]:
    """What was set aside, told."""
    return [
        Guess(
            question=f"column {printable(name)}",
            answer="no input",
            why=why,
            option=f"--label {printable(name)}",
        )
        for name, why in aside.items()
    ]


def _tells(
    name: str, cells: Sequence[Cell], labels: Sequence[Cell], vocabulary: set[str], label: str
) -> str:
    """Why a column would give the label away; empty when it does not."""
    pairs = [(a, b) for a, b in zip(cells, labels, strict=True) if a is not None and b is not None]
    if len(pairs) < 2 or len(vocabulary) < 2:
        return ""
    equal = sum(a == b for a, b in pairs) / len(pairs)
    if equal == 1.0:
        return f"equal to {printable(label)} in every row (a leak)"
    values = {a for a, _ in pairs}
    agree = equal if label_rank(name) is not None else _beyond_chance(equal, pairs)
    if agree >= _AGREE and values == vocabulary:
        return f"another label: the same values as {printable(label)}, equal in {equal:.0%} of rows"
    one_to_one = len(set(pairs)) == len(values) == len({b for _, b in pairs})
    if one_to_one and 2 * len(values) <= len(pairs):
        return f"each value stands for one of {printable(label)} (a leak)"
    return ""


def _beyond_chance(equal: float, pairs: Sequence[tuple[str, str]]) -> float:
    """Cohen's kappa: 1 where all cells are equal, 0 where as many are as by chance."""
    one, other = (Counter(side) for side in zip(*pairs, strict=True))
    chance = sum(count * other[cell] for cell, count in one.items()) / len(pairs) ** 2
    return (equal - chance) / (1.0 - chance) if chance < 1.0 else 0.0


def group_column(
    profiles: Sequence[Profile],
) -> tuple[str | None, str | None, Guess | None]:
    """The column whose name says that its rows belong together, one that may, and what is told."""
    fit = [one for one in profiles if 2 <= one.distinct < one.given and not one.text]
    believed = next((one for one in fit if is_group(one.name)), None)
    if believed is not None:
        return believed.name, None, None
    offered = next((one for one in fit if may_be_group(one.name)), None)
    if offered is None:
        return None, None, None
    return (
        None,
        offered.name,
        Guess(
            question="groups",
            answer="none",
            why=f"{printable(offered.name)} could be one ({offered.distinct:,} values)",
            option=f"--group {printable(offered.name)}",
        ),
    )
