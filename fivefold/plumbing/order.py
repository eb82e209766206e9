"""Natural order: `2` stands before `10`."""

from __future__ import annotations

import re
import sys


def natural(label: str) -> tuple[tuple[tuple[int, str], ...], str]:
    """Runs of digits compare as numbers of any length; the label decides between `1` and `01`."""
    pieces = re.findall(r"[0-9]+|[^0-9]+", label)
    return tuple(_piece(piece) for piece in pieces), label


def _piece(piece: str) -> tuple[int, str]:
    if piece[0] not in "0123456789":
        return sys.maxsize, piece
    number = piece.lstrip("0")
    return len(number), number
