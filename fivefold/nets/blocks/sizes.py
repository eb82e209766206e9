"""The arithmetic of widths and of windows that slide over a picture."""

from __future__ import annotations


def scaled(channels: int, width: float) -> int:
    """`channels` times `width`, to the nearest multiple of four, at least four."""
    return max(4, 4 * round(channels * width / 4))


def side_after(side: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    """Windows of `kernel` pixels, `stride` apart, that fit on a padded side of `side` pixels."""
    return (side + 2 * padding - kernel) // stride + 1
