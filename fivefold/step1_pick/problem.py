"""From a path or a pair of arrays to a `Problem` and the list of its rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fivefold import catalog
from fivefold.contracts.records import Guess, Input, Listing, Problem, Target
from fivefold.contracts.roles import Source, TargetKind
from fivefold.plumbing.errors import DataError, OptionError
from fivefold.plumbing.files import printable
from fivefold.plumbing.sources import ArraySource, open_source
from fivefold.step1_pick.arrays import read_arrays
from fivefold.step1_pick.classes import check_classes, class_guesses, open_counts
from fivefold.step1_pick.digits import write_digits
from fivefold.step1_pick.folders import has_classes, read_folders
from fivefold.step1_pick.found import Found, rows
from fivefold.step1_pick.kinds import check_word, recognise
from fivefold.step1_pick.parts import stated
from fivefold.step1_pick.paths import (
    named_table_within,
    read_table_file,
    read_table_within,
    tables_of,
)

Pair = tuple[np.ndarray, np.ndarray]


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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """What the user settled by options."""

    scratch: Path
    kind: str | None
    target: str | None
    label: str | None
    path_column: str | None
    tick: Callable[[float], None] | None


def pick(  # noqa: PLR0913 - one keyword per option of the command
    data: str | Path | Pair | None,
    *,
    test: str | Path | None = None,
    scratch: Path,
    input_kind: str | None = None,
    target_kind: str | None = None,
    metric: str | None = None,
    label: str | None = None,
    path_column: str | None = None,
    tick: Callable[[float], None] | None = None,
) -> Picked:
    """Read the problem off the data.

    Args:
        data: A folder, an archive, a table, a pair (X, y); None for the embedded digits.
        test: A second folder, archive or table: the test part.
        scratch: Folder for what has to be written: unpacked archives, the digits.
        input_kind: Settles the input kind (a catalog word).
        target_kind: Settles the target kind (a catalog word).
        metric: One of the target's metrics.
        label: Settles the label column of a table.
        path_column: Settles the path column of a table.
        tick: Told the share of an archive that is unpacked.

    Raises:
        DataError: The data cannot be read as a problem.
        OptionError: An option names what there is not.
        RunError: `scratch` has no room.
    """
    check_word("input", input_kind)
    check_word("target", target_kind)
    asked = _Asked(
        scratch=scratch,
        kind=input_kind,
        target=target_kind,
        label=label,
        path_column=path_column,
        tick=tick,
    )
    shown, found = _found(data, asked)
    target = Target(kind=target_kind or found.target or "class", column=found.label_column)
    _check_metric(metric, target)
    kind = _kind(found, asked)
    tested = None if test is None else _test_part(test, found, kind.answer, asked)
    if target.kind == "class":
        check_classes(found.listing)
        about = class_guesses(found.listing, tested.listing if tested else None)
    else:
        why = "asked for" if target_kind else "its values are no classes"
        about = [Guess(question="target", answer=target.kind, why=why, option="--target KIND")]
    guesses = (
        *found.guesses,
        kind,
        *about,
        _metric(metric, target, found.listing),
    )
    problem = Problem(
        source=shown,
        inputs=(Input(kind=kind.answer, column=found.path_column, scale=found.scale),),
        target=target,
        metric=metric or _metrics(target)[0],
        layout=found.layout,
        guesses=guesses,
    )
    return Picked(
        problem=problem,
        listing=found.listing,
        source=found.source,
        test_listing=tested.listing if tested else None,
        test_source=tested.source if tested else None,
    )


def _found(data: str | Path | Pair | None, asked: _Asked) -> tuple[str, Found]:
    """The data's name for people, and their rows."""
    if isinstance(data, tuple):
        if len(data) != 2:
            raise DataError(
                found=f"a tuple of {len(data)}", wanted="a pair (X, y)", hint="pass (X, y)"
            )
        return "(X, y)", read_arrays(*data, asked.kind, asked.target)
    if data is None:
        return "embedded digits", _read(write_digits(asked.scratch), asked)
    return printable(str(data)), _read(Path(data), asked)


def _read(path: Path, asked: _Asked) -> Found:
    source = open_source(path, asked.scratch, tick=asked.tick)
    shown = printable(str(path))
    if path.is_file() and source.names() == (path.name,) and tables_of(source):
        return read_table_file(path, asked.label, asked.path_column)
    tables = tables_of(source)
    settled = asked.label is not None or asked.path_column is not None
    if settled and len(tables) != 1:
        raise DataError(
            found=f"{len(tables) or 'no'} tables in {shown}",
            wanted="one table for --label and --path",
            hint="name the table itself as DATA",
        )
    if len(tables) != 1:
        return read_folders(source, shown)
    if settled or not has_classes(source):
        return read_table_within(source, tables[0], asked.label, asked.path_column)
    return named_table_within(source, tables[0]) or _beside(read_folders(source, shown), tables[0])


def _beside(found: Found, table: str) -> Found:
    """Class folders beside a table that does not settle the labels itself."""
    note = Guess(
        question=f"table {printable(table)}",
        answer="left aside",
        why="the class folders say more than its columns",
        option="--label COLUMN",
    )
    return replace(found, guesses=(*found.guesses, note))


def _kind(found: Found, asked: _Asked) -> Guess:
    if isinstance(found.source, ArraySource):
        why = f"items of shape {found.source.items.shape[1:]}"
        return Guess(question="input", answer=found.kind or "", why=why, option="input=KIND")
    return recognise(found.listing, found.source, asked.kind)


def _test_part(test: str | Path, found: Found, kind: str, asked: _Asked) -> Found:
    """The rows of a second source, all of them the test part."""
    if "test" in stated(found.listing.parts):
        raise OptionError(
            found=f"--test {printable(str(test))} and a test part in the data",
            wanted="one test part",
            hint="leave out --test, or name the train folder as DATA",
        )
    if isinstance(found.source, ArraySource):
        raise OptionError(
            found="test= beside a pair (X, y)",
            wanted="test= beside a folder, an archive or a table",
            hint="judge on more arrays with run.predict",
        )
    second = _read(Path(test), asked)
    rows_of = zip(second.listing.names, second.listing.labels, second.listing.parts, strict=True)
    own = "test" in stated(second.listing.parts)
    listing = rows([(n, label, "test") for n, label, part in rows_of if part == "test" or not own])
    second = replace(second, listing=listing)
    _kind(second, replace(asked, kind=kind))
    return second


def _metrics(target: Target) -> tuple[str, ...]:
    kind: TargetKind = catalog.load("target", target.kind)()
    return kind.metrics


def _check_metric(metric: str | None, target: Target) -> None:
    known = _metrics(target)
    if metric is not None and metric not in known:
        raise OptionError(
            found=f"metric {metric!r}", wanted=f"one of {', '.join(known)}", hint=f"try {known[0]}"
        )


def _metric(metric: str | None, target: Target, listing: Listing) -> Guess:
    k = len(open_counts(listing))
    if metric == "top5" and k <= 5:
        raise OptionError(
            found=f"metric top5 with {k} classes",
            wanted="more than five classes for it",
            hint="try --metric accuracy",
        )
    what = "classes" if target.kind == "class" else target.kind
    why = f"the usual one for {what}" if metric is None else "asked for"
    known = _metrics(target)
    return Guess(
        question="metric",
        answer=metric or known[0],
        why=why,
        option=f"--metric {'|'.join(known)}",
    )
