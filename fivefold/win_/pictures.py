"""Pictures as data addresses, so that the page needs no second file.

Axes: n pictures, h w c one picture.
"""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from fivefold.plumbing.sketch import pictured

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from fivefold.contracts.rows import FloatArray, IntArray, Rows

    Show = Callable[[NDArray[Any]], NDArray[np.uint8] | str]

_SHEET_BYTES = 350_000  # above, a sheet is scaled down and packed as JPEG, to keep the page small
_SHEET_WIDTH = 1600
_THUMB = 144  # pixels; the width at which one item is drawn, on a screen of double density
_PAIRS = 12
_KERNELS = 96
_GAP = 1


def sheet(png: bytes) -> str:
    """A PNG sheet as a data address, made smaller where it is very large."""
    if len(png) <= _SHEET_BYTES:
        return _address(png, "png")
    with Image.open(io.BytesIO(png)) as picture:
        small = picture.convert("RGB")
        small.thumbnail((_SHEET_WIDTH, 4 * _SHEET_WIDTH))
        return _address(_packed(small, "JPEG", quality=80), "jpeg")


def pairs(pngs: tuple[bytes, ...]) -> tuple[str, ...]:
    """Pictures of the first duplicate pairs as data addresses."""
    return tuple(sheet(png) for png in pngs[:_PAIRS])


def items(rows: Rows, which: IntArray, show: Show) -> tuple[str, ...]:
    """Items at positions `which`, as `show` shows them, as small data addresses."""
    return tuple(_item(pictured(show(item))) for item in rows.take(which))


def _item(item: NDArray[np.uint8]) -> str:
    picture = Image.fromarray(item[..., 0] if item.shape[-1] == 1 else item)
    if picture.height <= _THUMB and picture.width <= 2 * _THUMB:
        return _address(_packed(picture, "PNG"), "png")
    picture.thumbnail((2 * _THUMB, _THUMB))
    return _address(_packed(picture, "JPEG", quality=82), "jpeg")


def kernel_sheet(kernels: FloatArray) -> str:
    """First-layer kernels (n, h, w, 1 or 3) as one picture; each is stretched to its own range."""
    shown = kernels[:_KERNELS].astype(np.float64)
    low = shown.min(axis=(1, 2, 3), keepdims=True)
    span = shown.max(axis=(1, 2, 3), keepdims=True) - low
    grey = (255 * (shown - low) / np.where(span > 0, span, 1)).astype(np.uint8)
    n, h, w, c = grey.shape
    across = min(n, 16)
    down = -(-n // across)
    # a gap of transparency parts the kernels on light and dark pages alike
    canvas = np.zeros((down * (h + _GAP) - _GAP, across * (w + _GAP) - _GAP, 4), np.uint8)
    for i, kernel in enumerate(grey):
        y, x = (i // across) * (h + _GAP), (i % across) * (w + _GAP)
        canvas[y : y + h, x : x + w, :3] = kernel if c == 3 else np.repeat(kernel, 3, axis=2)
        canvas[y : y + h, x : x + w, 3] = 255
    zoom = max(1, 44 // h)
    large = canvas.repeat(zoom, axis=0).repeat(zoom, axis=1)
    return _address(_packed(Image.fromarray(large), "PNG"), "png")


def _packed(picture: Image.Image, form: str, **options: Any) -> bytes:  # noqa: ANN401
    out = io.BytesIO()
    picture.save(out, form, optimize=True, **options)
    return out.getvalue()


def _address(packed: bytes, form: str) -> str:
    return f"data:image/{form};base64,{base64.b64encode(packed).decode()}"
