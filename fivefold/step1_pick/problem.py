"""From a path or a pair of arrays to a `Problem` and the list of its rows."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fivefold.contracts.records import PACK, Guess, Input, Listing, Problem, Target
from fivefold.contracts.roles import Source
from fivefold.plumbing.column_rows import ColumnSource
from fivefold.plumbing.errors import DataError, OptionError
from fivefold.plumbing.files import printable
from fivefold.plumbing.frames import is_frame
from fivefold.plumbing.sources import ArraySource, RowSource
from fivefold.step1_pick.arrays import read_arrays
from fivefold.step1_pick.asked import Asked
from fivefold.step1_pick.classes import about_target, alike_labels, check_target
from fivefold.step1_pick.digits import write_digits
from fivefold.step1_pick.frames import read_frame
from fivefold.step1_pick.kinds import check_word, recognise
from fivefold.step1_pick.layouts import are_rows, read_data
from fivefold.step1_pick.metric import choose_metric
from fivefold.step1_pick.parts import stated
from fivefold.step1_pick.settle import settle
from fivefold.step1_pick.targets import read_target

if TYPE_CHECKING:
    from collections.abc import Callable

    from fivefold.contracts.records import Part
    from fivefold.step1_pick.found import Found


@dataclass(frozen=True, kw_only=True, slots=True)
class Picked:
    """What step 1 hands on.

    Attributes:
        problem: Input, target, metric, and every guess behind them.
        listing: The rows.
        source: Where their items lie.
        test_listing: Rows of a second source that are the test part; names are relative to it.
        test_source: That second source.
    """

    problem: Problem
    listing: Listing
    source: Source
    test_listing: Listing | None = None
    test_source: Source | None = None


def pick(  # noqa: PLR0913 - one keyword per option of the command
    data: Any,  # noqa: ANN401 - see below
    *,
    test: str | Path | None = None,
    scratch: Path,
    input_kind: str | None = None,
    target_kind: str | None = None,
    metric: str | None = None,
    label: str | None = None,
    path_column: str | None = None,
    group: str | None = None,
    time: str | None = None,
    tick: Callable[[float], None] | None = None,
) -> Picked:
    """Read the problem off the data.

    Args:
        data: A folder, an archive, a table, a pair (X, y), a table in memory; None for the
            embedded digits.
        test: A second folder, archive or table, or a condition such as `index<5`: the test part.
        scratch: Folder for what has to be written: unpacked archives, the digits.
        input_kind: Settles the input kind (a catalog word).
        target_kind: Settles the target kind (a catalog word).
        metric: One of the target's metrics.
        label: Settles the label: a column, several, a pattern of file names, a condition.
        path_column: Settles the path column of a table, or names the fields of file names.
        group: The column or pattern of what belongs together; `none` for no groups.
        time: The column or pattern of when a row was.
        tick: Told the share of an archive that is unpacked.

    Raises:
        DataError: The data cannot be read as a problem.
        OptionError: An option names what there is not.
        RunError: `scratch` has no room.
    """
    check_word("input", input_kind)
    check_word("target", target_kind)
    second = None if test is None or not os.path.exists(test) else Path(test)  # noqa: PTH110
    asked = Asked(
        scratch=scratch,
        kind=input_kind,
        target=target_kind,
        label=label,
        group=group,
        test=None if test is None or second is not None else str(test),
        time=time,
        path=path_column,
        second=second,
        tick=tick,
    )
    shown, found = _found(data, asked)
    found = settle(found, asked)
    tested = _test_part(found, asked)
    target, labels, why = _target(found, asked)
    found = replace(found, listing=replace(found.listing, labels=tuple(labels)))
    kind = _kind(found, asked)
    if asked.kind not in (None, kind.answer):
        raise OptionError(
            found=f"--input {asked.kind} for {found.layout}, which is read as {kind.answer}",
            wanted=f"files or columns that can be read as {asked.kind}",
            hint="leave out --input, or name the column of files with --path",
        )
    if tested is not None:
        tested = _fitting(tested, target, kind.answer, asked)
    check_target(found.listing, target)
    found, tested, matched = alike_labels(found, tested, target)
    deciding = choose_metric(metric, target, found.listing)
    other = tested.listing if tested else None
    about = about_target(found.listing, other, target, why, asked=test is not None)
    told = [one for one in found.guesses if one.question != "input"]
    problem = Problem(
        source=shown,
        inputs=found.inputs
        or (
            Input(
                kind=kind.answer,
                column=next(iter(found.columns), None),
                columns=found.columns,
                raw=isinstance(found.source, ColumnSource),
                scale=found.scale,
            ),
        ),
        target=Target(kind=target, column=found.label_column),
        metric=deciding.answer,
        layout=found.layout,
        guesses=(*told, kind, *about, *_apart(found, tested, asked), *matched, deciding),
        unnamed=found.unnamed,
    )
    return Picked(
        problem=problem,
        listing=found.listing,
        source=found.source,
        test_listing=tested.listing if tested else None,
        test_source=tested.source if tested else None,
    )


def _found(data: Any, asked: Asked) -> tuple[str, Found]:  # noqa: ANN401 - any data
    """The data's name for people, and their rows."""
    if isinstance(data, tuple):
        if len(data) != 2:
            raise DataError(
                found=f"a tuple of {len(data)}", wanted="a pair (X, y)", hint="pass (X, y)"
            )
        if not hasattr(data[1], "__len__") or (is_frame(data[0]) and not len(data[1])):
            raise DataError(
                found=f"a pair (X, y) whose y is {data[1]!r}",
                wanted="a label for each row",
                hint="pass X alone where it is a table that holds its labels",
            )
        if is_frame(data[0]):
            return "(table, y)", read_frame(*data, asked)
        return "(X, y)", read_arrays(*data, asked.kind, asked.target)
    if is_frame(data):
        return "the table", read_frame(data, None, asked)
    if data is None:
        return "embedded digits", read_data(write_digits(asked.scratch), asked)
    path = Path(data)
    found = read_data(path, asked)
    if isinstance(found.source, RowSource) and found.path_column is None:
        second = asked.second
        if second is not None and are_rows(path) and are_rows(second):
            found = read_data(path, asked, test=second)
    return printable(str(data)), found


def _target(found: Found, asked: Asked) -> tuple[str, list[str | None], str]:
    """The target kind, the labels as it wants them, and why it."""
    labels = list(found.listing.labels)
    if found.target is not None and asked.target in (None, found.target):
        return found.target, labels, ""
    if asked.target == "tags":
        raise DataError(
            found=f"labels of {found.layout}, one for each item",
            wanted="a tag for each word, as --target tags asks for",
            hint="give words and tags as lists of equal length, or in CoNLL columns",
        )
    return read_target(labels, found.label_column, asked.target)


def _kind(found: Found, asked: Asked) -> Guess:
    if isinstance(found.source, ArraySource):
        why = f"items of shape {found.source.items.shape[1:]}"
        option = "--input KIND" if found.layout == PACK else "input=KIND"
        return Guess(question="input", answer=found.kind or "", why=why, option=option)
    own = next((one for one in found.guesses if one.question == "input"), None)
    if found.kind is not None or isinstance(found.source, RowSource):
        return own or Guess(
            question="input",
            answer=found.kind or "",
            why="the layout says so",
            option="--input KIND",
        )
    return recognise(found.listing, found.source, asked.kind)


def _test_part(found: Found, asked: Asked) -> Found | None:
    """The rows of a second source, all of them the test part; None where one source holds all."""
    if asked.second is None:
        return None
    if isinstance(found.source, ArraySource):
        raise OptionError(
            found="test= beside a pair (X, y)",
            wanted="test= beside a folder, an archive or a table",
            hint="judge on more arrays with run.predict",
        )
    if found.joined:
        return None
    if "test" in stated(found.listing.parts):
        raise OptionError(
            found=f"--test {printable(str(asked.second))} and a test part in the data",
            wanted="one test part",
            hint="leave out --test, or name the train folder as DATA",
        )
    own_files = found.group == found.path_column  # another source's of the same names are others
    group = asked.group or (None if own_files else found.group) or "none"
    own = replace(asked, second=None, beside=True, group=group)
    return settle(read_data(asked.second, own), own)


def _fitting(second: Found, target: str, kind: str, asked: Asked) -> Found:
    """A second source as the first one is read: its kind, its target, all of it test."""
    own = "test" in stated(second.listing.parts)
    taken = [row for row, part in enumerate(second.listing.parts) if part == "test" or not own]
    labels: list[str | None] = [second.listing.labels[row] for row in taken]
    if target not in ("class", second.target):
        _, labels, _ = read_target(labels, second.label_column, target)
    tests: list[Part] = ["test"] * len(taken)
    groups, times = second.listing.groups, second.listing.times
    listing = Listing(
        names=tuple(second.listing.names[row] for row in taken),
        labels=tuple(labels),
        parts=tuple(tests),
        groups=tuple(groups[row] for row in taken) if groups else (),
        times=tuple(times[row] for row in taken) if times else (),
    )
    second = replace(second, listing=listing)
    _kind(second, replace(asked, kind=kind))
    return second


def _apart(found: Found, tested: Found | None, asked: Asked) -> list[Guess]:
    """That the rows of a second source know nothing of the groups of the first."""
    if tested is None or not found.listing.groups or tested.listing.groups:
        return []
    name = printable(found.group or "")
    return [
        Guess(
            question="groups of the test part",
            answer="none, each of its rows counts as independent",
            why=f"{printable(str(asked.second))} does not tell {name}",
            option="--group COLUMN|PATTERN",
        )
    ]
