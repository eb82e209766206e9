"""What a layout reader hands to `pick`: the rows, and how they were read off the data."""

from __future__ import annotations

from dataclasses import dataclass

from fivefold.contracts.records import Guess, Listing, Part
from fivefold.plumbing.archives import ArchiveSource
from fivefold.plumbing.sources import ArraySource, FolderSource

Files = FolderSource | ArchiveSource
Raw = Files | ArraySource


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """Rows as one layout reads them.

    Attributes:
        source: Where their items lie.
        listing: The rows.
        layout: The layout in words.
        guesses: What was read off the data besides kinds and metric.
        path_column: Column with the paths, in a table.
        label_column: Column with the labels, in a table.
        kind: Input kind where the layout settles it (arrays); None where files must be looked at.
        target: Target kind where the layout settles it; None where the labels decide.
        scale: Numbers that are black and white, where pictures are not pixels yet (arrays).
    """

    source: Raw
    listing: Listing
    layout: str
    guesses: tuple[Guess, ...]
    path_column: str | None = None
    label_column: str | None = None
    kind: str | None = None
    target: str | None = None
    scale: tuple[float, float] | None = None


def rows(found: list[tuple[str, str | None, Part | None]]) -> Listing:
    """A listing from (name, label, part) triples."""
    names, labels, parts = zip(*found, strict=True) if found else ((), (), ())
    return Listing(names=names, labels=labels, parts=parts)
