"""Where in a table its series stand. Axes: C channels."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Steps:
    """Where the series of a long table stand, whose steps are its rows.

    Attributes:
        key: Column that says which series a row belongs to.
        columns: (C) columns of numbers, a channel each.
        commas: Those of them that have decimal commas.
    """

    key: str
    columns: tuple[str, ...]
    commas: tuple[str, ...] = ()
