"""What the user settled by options, as the readers of step 1 see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Options of step 1; a column may also be a field of a file name pattern.

    Attributes:
        scratch: Folder for what has to be written.
        kind: Input kind.
        target: Target kind.
        label: A column, several (`a,b`), a pattern, or a condition that makes two classes.
        group: A column or pattern; `none` for no groups.
        test: A condition or column that says which rows are the test part.
        time: A column or pattern whose values are numbers or dates.
        path: The path column of a table, or the pattern that names the fields of file names.
        second: A second source that is the test part.
        beside: It is that source which is read: its rows may know nothing of groups and times.
        tick: Told the share of an archive that is unpacked.
    """

    scratch: Path
    kind: str | None = None
    target: str | None = None
    label: str | None = None
    group: str | None = None
    test: str | None = None
    time: str | None = None
    path: str | None = None
    second: Path | None = None
    beside: bool = False
    tick: Callable[[float], None] | None = None
