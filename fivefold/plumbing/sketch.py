"""Small pictures of what is no picture, for sheets and reports: a curve, a map of grey, words.

Axes: T places along, C curves, H W a map.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 96  # pixels of a curve's picture
PAGE = (264, 96)  # pixels across and down of a picture of words
_LINE, _SIZE, _LETTERS = 13, 11, 1000  # pixels of a line, of a letter; letters looked at
_INKS = np.array(
    [[31, 119, 180], [214, 39, 40], [44, 160, 44], [255, 127, 14], [148, 103, 189]], np.uint8
)


def curve(values: NDArray[Any], side: int = SIDE) -> NDArray[np.uint8]:
    """Draw up to five curves (T, C) over their common range: a picture (side, side, 3).

    What is not finite leaves a gap.
    """
    canvas = np.full((side, side, 3), 255, np.uint8)
    shown = np.asarray(values, np.float64)[:, : len(_INKS)]
    shown = shown[np.isfinite(shown).any(1)]
    if not len(shown):
        return canvas
    low, high = np.nanmin(shown), np.nanmax(shown)
    at = np.linspace(0, len(shown) - 1, side)
    for number, line in enumerate(shown.T):
        there = np.isfinite(line)
        if not there.any():
            continue
        y = np.interp(at, np.flatnonzero(there), line[there])
        height = (side - 1) * (1.0 - (y - low) / (high - low if high > low else 1.0))
        place = height.round().astype(np.int64)
        before = np.concatenate([place[:1], place[:-1]])
        for x, (a, b) in enumerate(zip(before, place, strict=True)):
            canvas[min(a, b) : max(a, b) + 1, x] = _INKS[number]
    return canvas


def grey(values: NDArray[Any]) -> NDArray[np.uint8]:
    """A map (H, W) of numbers over its own range, dark for small ones: (H, W, 1)."""
    shown = np.nan_to_num(np.asarray(values, np.float64))
    low, span = shown.min(), np.ptp(shown)
    return (255 * (shown - low) / (span if span > 0 else 1.0)).astype(np.uint8)[..., None]


def written(text: str) -> NDArray[np.uint8]:
    """Write words small on a page (96, 264, 3), as many as it holds."""
    page = Image.new("RGB", PAGE, (255, 255, 255))
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(_SIZE)
    lines, line = [], ""
    for word in " ".join(text[:_LETTERS].split()).split(" "):
        longer = f"{line} {word}".strip()
        while font.getlength(longer) > PAGE[0] - 6:
            # A word that is longer than a line is broken, or goes to the next one whole.
            lines.append(line or longer[:40])
            longer, line = (word, "") if line else (longer[40:], "")
        line = longer
    for number, one in enumerate([*lines, line][: PAGE[1] // _LINE]):
        draw.text((3, 2 + number * _LINE), one, (20, 20, 20), font)
    return np.asarray(page)


def pictured(shown: NDArray[np.uint8] | str) -> NDArray[np.uint8]:
    """What `InputKind.show` gives as a picture (H, W, 1 or 3)."""
    return written(shown) if isinstance(shown, str) else shown
