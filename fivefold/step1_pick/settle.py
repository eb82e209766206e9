"""Options over any layout: which rows are the test part, what belongs together, what came when."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fivefold.contracts.records import Guess
from fivefold.plumbing.errors import DataError, OptionError
from fivefold.plumbing.files import printable
from fivefold.step1_pick.fields import Fields, field_of, of_names, patterns_of
from fivefold.step1_pick.parts import part_of, stated
from fivefold.step1_pick.patterns import Pattern, condition

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fivefold.contracts.records import Part
    from fivefold.step1_pick.asked import Asked
    from fivefold.step1_pick.forms import Cell
    from fivefold.step1_pick.found import Found

_TRUE = frozenset(("1", "1.0", "true", "yes", "y", "t"))
_DATES = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d-%m-%Y", "%d %b %Y", "%b %d, %Y")


def settle(found: Found, asked: Asked) -> Found:
    """The rows with labels, groups, test part and times as options name them.

    Raises:
        DataError: An option names a column or pattern that is not there, or times cannot be read.
        OptionError: Two test parts, or a test column that says nothing.
    """
    patterns = patterns_of(asked, found.listing.names)
    fields = _all_fields(found, list(patterns.values()))
    guesses: list[Guess] = []
    if "label" in patterns and found.layout != "file names":
        name = field_of(patterns["label"], "label")
        labels = tuple(fields.column(name))
        found = replace(found, label_column=name, listing=replace(found.listing, labels=labels))
        guesses.append(Guess(question="label", answer=name, why="asked for", option="--label"))
    listing = found.listing
    if asked.test is not None:
        parts, guess = _test(asked.test, fields, listing.parts)
        listing = replace(listing, parts=parts)
        guesses.append(guess)
    groups = _groups(found, asked, fields, patterns)
    if groups is not None:
        name, cells, why = groups
        listing = replace(listing, groups=tuple(cells))
        guesses.append(_about_groups(name, cells, why, _parted_by(listing.parts, asked)))
    time = _named(asked.time, "time", asked, fields, patterns)
    if time is not None:
        name, cells = fields.choose(time, "--time")
        listing = replace(listing, times=_times(name, cells))
        guesses.append(
            Guess(question="time", answer=printable(name), why="asked for", option="--time COLUMN")
        )
    return replace(
        found,
        listing=listing,
        fields=fields,
        guesses=(*found.guesses, *guesses),
        group=groups[0] if groups is not None else None,
    )


def _all_fields(found: Found, patterns: list[Pattern]) -> Fields:
    """Columns of the layout and fields of the names."""
    own = found.fields
    if not patterns and own is not None:
        return own
    named = of_names(patterns, found.listing.names)
    if own is None:
        words = tuple(named)
        where = f"fields {', '.join(words)}" if words else "no columns and no pattern of names"
        return Fields(words=words, column=named.__getitem__, where=where)

    def column(word: str) -> Sequence[Cell]:
        return named[word] if word in named else own.column(word)

    words = tuple(dict.fromkeys((*own.words, *named)))
    return Fields(words=words, column=column, where=own.where)


def _test(
    text: str, fields: Fields, given: Sequence[Part | None]
) -> tuple[tuple[Part | None, ...], Guess]:
    if "test" in stated(given):
        raise OptionError(
            found=f"--test {printable(text)} and a test part in the data",
            wanted="one test part",
            hint="leave out --test, or name the train part as DATA",
        )
    rule = condition(text)
    if text not in fields.words and rule is not None and rule.field in fields.words:
        tests = [rule.holds(cell) for cell in fields.column(rule.field)]
    else:
        tests = _said(text, _asked_for(text, fields))
    count = sum(one is True for one in tests)
    if not 0 < count < len(tests):
        raise OptionError(
            found=f"--test {printable(text)}, which holds for {count:,} of {len(tests):,} rows",
            wanted="some rows in the test part and some to train on",
            hint=f"check the values: {fields.where}",
        )
    parts: list[Part | None] = [
        "test" if test else part if part is not None else "train"
        for test, part in zip(tests, given, strict=True)
    ]
    guess = Guess(
        question="test part",
        answer=f"{count:,} rows",
        why=f"{printable(text)}, as asked for",
        option="--test DATA|CONDITION",
    )
    return tuple(parts), guess


def _asked_for(text: str, fields: Fields) -> list[Cell]:
    """The cells that `--test` names; what names none may have been meant for a path."""
    try:
        return fields.choose(text, "--test")[1]
    except DataError as missing:
        raise OptionError(
            found=f"--test {printable(text)}, and {missing.found}",
            wanted=f"{missing.wanted}, or a path that is there",
            hint="name one of the columns found, or check the path",
        ) from missing


def _said(text: str, cells: Sequence[Cell]) -> list[bool | None]:
    """Test rows by a column of part words, or of truth values."""
    parts = [part_of(cell) if cell else None for cell in cells]
    if "test" in parts:
        return [part == "test" for part in parts]
    words = {cell.casefold() for cell in cells if cell is not None}
    if len(words) == 2 and words & _TRUE:
        return [cell is not None and cell.casefold() in _TRUE for cell in cells]
    some = ", ".join(printable(word) for word in sorted(words)[:4])
    raise OptionError(
        found=f"--test {printable(text)}, a column of {some} ...",
        wanted="a column that says train or test, or a condition",
        hint=f"try --test '{printable(text)}={printable(min(words, default='x'))}'",
    )


def _groups(
    found: Found, asked: Asked, fields: Fields, patterns: dict[str, Pattern]
) -> tuple[str, list[Cell], str] | None:
    """Name and cells of the groups, and why; None for none."""
    if asked.group is not None:
        if asked.group == "none" and "none" not in fields.words:
            return None
        word = _named(asked.group, "group", asked, fields, patterns)
        return None if word is None else (*fields.choose(word, "--group"), "asked for")
    if "group" in patterns_fields(patterns):
        return "group", list(fields.column("group")), "the pattern says so"
    if found.group is None or found.group == found.label_column:
        return None
    rule = condition(asked.test) if asked.test else None
    if rule is not None and found.group not in {rule.field, found.path_column}:
        # The test part shares its groups with the others, so validation rows do too. (Rows of one
        # file show the same, whatever parts them: of those it is told where they stand.)
        return None
    return found.group, list(fields.column(found.group)), "it names what rows have in common"


def _named(
    text: str | None, option: str, asked: Asked, fields: Fields, patterns: dict[str, Pattern]
) -> str | None:
    """The field that an option means; None where it is left out, or a second source lacks it."""
    if option in patterns:
        return field_of(patterns[option], option)
    return None if text is None or (asked.beside and not fields.has(text)) else text


def patterns_fields(patterns: dict[str, Pattern]) -> set[str]:
    """All fields that patterns name."""
    return {word for pattern in patterns.values() for word in pattern.fields}


def _parted_by(parts: Sequence[Part | None], asked: Asked) -> str:
    """What goes before groups when rows are parted, in words."""
    given = asked.second is not None or stated(parts) & {"validation", "test"}
    first = ("the given parts" if given else "", "time" if asked.time is not None else "")
    return " and ".join(word for word in first if word)


def _about_groups(name: str, cells: Sequence[Cell], why: str, parted: str) -> Guess:
    counts = Counter(cell for cell in cells if cell is not None)
    some = ", ".join(printable(word) for word, _ in counts.most_common(4))
    more = " ..." if len(counts) > 4 else ""
    return Guess(
        question="groups",
        answer=f"{printable(name)}: {len(counts):,} groups, never parted"
        + (f" but by {parted}" if parted else ""),
        why=f"{why} ({some}{more})",
        option="--group COLUMN|PATTERN, --group none",
    )


def _times(name: str, cells: Sequence[Cell]) -> tuple[float, ...]:
    """Numbers or dates as numbers that grow; NaN where there is none.

    Raises:
        DataError: A cell is neither.
    """
    given = [cell for cell in cells if cell is not None]
    readers: list[Callable[[str], float]] = [float, _iso, *map(_form, _DATES)]
    for read in readers:
        try:
            for cell in given[:1000]:
                read(cell)
            return tuple(math.nan if cell is None else read(cell) for cell in cells)
        except ValueError:
            continue
    raise DataError(
        found=f"{printable(name)} with values such as {printable((given or [''])[0][:40])!r}",
        wanted="numbers or dates, for example 2024-05-31",
        hint="name another column with --time",
    )


def _iso(cell: str) -> float:
    return _seconds(datetime.fromisoformat(cell))


def _form(form: str) -> Callable[[str], float]:
    """Reads dates of one form."""
    return lambda cell: _seconds(datetime.strptime(cell, form))  # noqa: DTZ007 - as below


def _seconds(when: datetime) -> float:
    """Seconds; a time without a zone is read as UTC, since only the order counts."""
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
