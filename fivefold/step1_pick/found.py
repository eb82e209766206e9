"""What a layout reader hands to `pick`: the rows, and how they were read off the data."""

from __future__ import annotations

from dataclasses import dataclass

from fivefold.contracts.records import Guess, Input, Listing, Part
from fivefold.plumbing.archives import ArchiveSource
from fivefold.plumbing.column_rows import ColumnSource
from fivefold.plumbing.joined import JoinedSource
from fivefold.plumbing.shards import ShardSource
from fivefold.plumbing.sources import ArraySource, FolderSource, RowSource
from fivefold.step1_pick.fields import Fields

Files = FolderSource | ArchiveSource | JoinedSource
Opaque = Files | ColumnSource | ShardSource  # of items whose kind their bytes tell
Raw = Opaque | ArraySource | RowSource


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """Rows as one layout reads them.

    Attributes:
        source: Where their items lie.
        listing: The rows.
        layout: The layout in words.
        guesses: What was read off the data besides kinds and metric.
        path_column: Column with the paths, in a table.
        files: The file that each row names, in such a table.
        label_column: Column or field with the labels, where they have one.
        kind: Input kind where the layout settles it; None where files must be looked at.
        inputs: All inputs of a row, where the layout settles them.
        target: Target kind where the layout settles it; None where the labels decide.
        scale: Numbers that are black and white, where pictures are not pixels yet (arrays).
        fields: What options can name of each row.
        joined: A second source that was given as test part is among the rows.
        group: The field whose values keep rows together, where one is believed; once settled the
            one that is used.
        unnamed: Columns of a table without a header; 0 where they have names.
    """

    source: Raw
    listing: Listing
    layout: str
    guesses: tuple[Guess, ...]
    path_column: str | None = None
    files: tuple[str, ...] = ()
    label_column: str | None = None
    kind: str | None = None
    inputs: tuple[Input, ...] = ()
    target: str | None = None
    scale: tuple[float, float] | None = None
    fields: Fields | None = None
    joined: bool = False
    group: str | None = None
    unnamed: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """The column with the items, or with their paths, where there is one."""
        own = self.source
        name = own.field if isinstance(own, ColumnSource) else self.path_column
        return () if name is None else (name,)


def rows(found: list[tuple[str, str | None, Part | None]]) -> Listing:
    """A listing from (name, label, part) triples."""
    names, labels, parts = zip(*found, strict=True) if found else ((), (), ())
    return Listing(names=names, labels=labels, parts=parts)
