"""sktime's .ts text files: many series in one file, a line each, with its label at the end.

Format: https://www.sktime.net, `@` lines of facts, then after `@data` a case per line, its channels
parted by `:`, values by `,`; `?` or `NaN` is missing; with `@timestamps true` values are `(t, v)`.

Axes: T steps, C channels.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fivefold.plumbing.errors import BadItem

if TYPE_CHECKING:
    from numpy.typing import NDArray

Case = tuple[str | None, "NDArray[np.float32]"]

_COMMENTS = ("#", "%")
_YES = ("true", "yes", "1")


def is_ts(head: bytes) -> bool:
    """Whether a file begins as a .ts file does: facts in lines of `@`, comments before them."""
    for line in head.decode("utf-8", "replace").lower().splitlines():
        if line.strip() and not line.lstrip().startswith(_COMMENTS):
            return line.lstrip().startswith(("@problemname", "@timestamps", "@univariate"))
    return False


def read_ts(raw: bytes) -> list[Case]:
    """The cases of a .ts file in their order: (label or None, series (T, C) float32).

    Channels of uneven length are padded with NaN; time stamps are left out.

    Raises:
        BadItem: It is no .ts file, or a line of it is broken; the message names the line.
    """
    facts: dict[str, str] = {}
    cases: list[Case] = []
    inside = False
    for number, line in enumerate(raw.decode("utf-8-sig", "replace").splitlines(), 1):
        bare = line.strip()
        if not bare or bare.startswith(_COMMENTS):
            continue
        if inside:
            cases.append(_case(bare, facts, number))
        elif bare.lower() == "@data":
            inside = True
        elif bare.startswith("@"):
            word, _, rest = bare[1:].partition(" ")
            facts[word.lower()] = rest.strip()
        else:
            raise BadItem(f"is no .ts file (line {number} comes before @data)")
    if not inside:
        raise BadItem("is no .ts file (it has no line @data)")
    return cases


def _case(line: str, facts: dict[str, str], number: int) -> Case:
    labelled = any(_true(facts.get(word, "")) for word in ("classlabel", "targetlabel"))
    parts = line.split(":")
    label = parts.pop().strip() if labelled else None
    if not parts:
        raise BadItem(f"line {number} of the .ts file has no channel")
    stamped = _true(facts.get("timestamps", ""))
    channels = [_channel(part, number, stamped=stamped) for part in parts]
    series = np.full((max(map(len, channels)), len(channels)), np.nan, np.float32)
    for at, channel in enumerate(channels):
        series[: len(channel), at] = channel
    return (None if label in (None, "", "?") else label), series


def _channel(text: str, number: int, *, stamped: bool) -> list[float]:
    if stamped:
        pairs = text.strip().strip("()").split("),(") if text.strip() else []
        cells = [pair.rpartition(",")[2] for pair in pairs]
    else:
        cells = text.split(",") if text.strip() else []
    try:
        return [math.nan if cell.strip() == "?" else float(cell) for cell in cells]
    except ValueError as cause:
        raise BadItem(f"line {number} of the .ts file: {cause}") from cause


def _true(fact: str) -> bool:
    return fact.lower().split(" ")[0] in _YES
