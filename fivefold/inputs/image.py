"""Input kind `image`: picture files. Axes: H height, W width, C channels (1 grey, 3 colour)."""

from __future__ import annotations

import math
import struct
from io import BytesIO
from typing import TYPE_CHECKING, Any, final

import numpy as np
from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from fivefold.contracts.roles import InputKind
from fivefold.plumbing.errors import BadItem
from fivefold.plumbing.magic import other_format, picture_format
from fivefold.plumbing.quiet import quiet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# Plugins are named one by one: others start programs (EPS) or read formats nobody photographs in.
_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "SGI", "ICO", "AVIF")
_IN_PART = ("JPEG", "MPO")  # whose decoder can halve; the latter is a JPEG of several frames
_ORIENTATION = 0x0112
_TURNS = {
    2: Pillow.Transpose.FLIP_LEFT_RIGHT,
    3: Pillow.Transpose.ROTATE_180,
    4: Pillow.Transpose.FLIP_TOP_BOTTOM,
    5: Pillow.Transpose.TRANSPOSE,
    6: Pillow.Transpose.ROTATE_270,
    7: Pillow.Transpose.TRANSVERSE,
    8: Pillow.Transpose.ROTATE_90,
}
_SIDEWAYS = {_TURNS[orientation] for orientation in (5, 6, 7, 8)}
# Depths that cameras and scanners store in wider pixels.
_DEPTHS = (8, 10, 12, 14, 16, 24, 32)
# The longest side a set of equally long pictures keeps, and the short side of all others.
_LONG, _SHORT = 512, 256
_LEAST = 64  # of the short side, where there is no room for more
_COUNTS = (1, 3, 4)  # channels of a picture in numbers: grey, colour, colour with opacity
Scale = tuple[float, float]


@final
class Image(InputKind):
    """Picture files -> uint8 (H, W, C).

    Args:
        max_pixels: Larger pictures are refused before they are decoded.
    """

    def __init__(self, max_pixels: int = 100_000_000) -> None:
        self.max_pixels = max_pixels

    def recognise(self, name: str, head: bytes) -> bool:  # noqa: ARG002 - names lie
        """Whether the first bytes are those of a picture format that is read."""
        return bool(picture_format(head))

    def open(self, raw: bytes) -> NDArray[np.generic]:
        """Decode the first frame, upright, composited on white, in uint8.

        Returns:
            (H, W, 1) for grey modes, (H, W, 3) for all others.

        Raises:
            BadItem: It is no picture, is damaged, cut off or too large.
        """
        return self._decoded(raw, None)[0]

    def open_for(
        self, raw: bytes, shape: dict[str, Any]
    ) -> tuple[NDArray[np.generic], tuple[int, ...]]:
        """The same; JPEG files are decoded at 1/2, 1/4 or 1/8 of sides far longer than needed."""
        height, width, _ = shape["item_shape"]
        return self._decoded(raw, (width, height))

    def _decoded(
        self, raw: bytes, wanted: tuple[int, int] | None
    ) -> tuple[NDArray[np.generic], tuple[int, ...]]:
        """A picture, of which `wanted` pixels (width, height) are enough, and its own shape."""
        if not raw:
            raise BadItem("is empty (0 bytes)")
        try:
            with quiet(), Pillow.open(BytesIO(raw), formats=_FORMATS) as picture:
                self._check_size(picture)
                whole = picture.size
                if wanted is not None and picture.format in _IN_PART:
                    lying = _turn(picture) in _SIDEWAYS
                    width, height = reversed(wanted) if lying else wanted
                    # Twice as many leave the last halving to a better filter than the decoder's.
                    picture.draft(None, (2 * width, 2 * height))
                is_part = picture.size != whole
                picture.load()
                turn = _turn(picture)
                item = _eight_bits(picture if turn is None else picture.transpose(turn))
                if not is_part:
                    return item, item.shape
                width, height = reversed(whole) if turn in _SIDEWAYS else whole
                return item, (height, width, item.shape[2])
        except BadItem:
            raise
        except Exception as cause:  # a decoder may raise anything on a damaged file
            raise BadItem(_reason(raw, cause)) from cause

    def _check_size(self, picture: Pillow.Image) -> None:
        width, height = picture.size
        if width * height > self.max_pixels:
            raise BadItem(
                f"would decode to {width} x {height} pixels, above {self.max_pixels:,} in all"
            )
        if width * height == 0:
            raise BadItem(f"has no pixels ({width} x {height})")

    def learn(self, samples: Sequence[NDArray[np.generic]]) -> dict[str, Any]:
        """Shape of the cache: equal sizes as they are, mixed sizes by their medians.

        The short side is at most 256; mixed sizes have an aspect between 1:2 and 2:1.
        """
        channels = 1 if all(sample.shape[2] == 1 for sample in samples) else 3
        first = samples[0].shape[:2]
        alike = all(sample.shape[:2] == first for sample in samples)
        heights = np.array([sample.shape[0] for sample in samples], dtype=float)
        widths = np.array([sample.shape[1] for sample in samples], dtype=float)
        if alike and max(first) <= _LONG and min(first) <= _SHORT:
            height, width = first
        else:
            short = min(float(np.median(np.minimum(heights, widths))), _SHORT)
            aspect = float(np.clip(np.median(widths / heights), 0.5, 2.0))
            height = max(round(short * max(1.0, 1.0 / aspect)), 1)
            width = max(round(short * max(1.0, aspect)), 1)
        return {"item_shape": [int(height), int(width), channels], "dtype": "uint8"}

    def smaller(self, shape: dict[str, Any], share: float) -> dict[str, Any] | None:
        """Fewer pixels, down to 64 on the short side, below which photos say little."""
        height, width, channels = shape["item_shape"]
        scale = max(math.sqrt(share), _LEAST / min(height, width))
        if scale >= 1:
            return None
        sides = [max(1, math.floor(scale * side)) for side in (height, width)]
        return {**shape, "item_shape": [*sides, channels]}

    def show(
        self,
        item: NDArray[np.generic],
        shape: dict[str, Any],  # noqa: ARG002 - pictures show themselves
    ) -> NDArray[np.uint8]:
        """The picture itself."""
        return item.astype(np.uint8)

    def fit(self, item: NDArray[np.generic], shape: dict[str, Any]) -> NDArray[np.generic]:
        """Resize one picture (H, W, C) with antialiasing to the cached shape, in uint8."""
        height, width, channels = shape["item_shape"]
        if item.shape == (height, width, channels):
            return item
        if item.shape[:2] != (height, width):
            plain = item[..., 0] if item.shape[2] == 1 else item
            picture = Pillow.fromarray(np.ascontiguousarray(plain, dtype=np.uint8))
            resized = picture.resize((width, height), Pillow.Resampling.BICUBIC, reducing_gap=3.0)
            item = np.asarray(resized).reshape(height, width, -1)
        return _channels(item, channels)

    def take(self, item: NDArray[np.generic], scale: Scale | None) -> NDArray[np.generic]:
        """One picture in numbers, (H, W), (H, W, C) or (C, H, W), as uint8 (H, W, C).

        Raises:
            BadItem: Another shape; no finite numbers; no pixels, and no scale to read them by.
        """
        return as_pictures(item[None], scale)[0]


def scale_of(X: NDArray[np.generic]) -> Scale | None:
    """The numbers that are black and white in pictures X; None for uint8, which is pixels."""
    if X.dtype == np.uint8:
        return None
    low, high = float(X.min()), float(X.max())
    if low >= 0 and high <= 1 and X.dtype.kind in "fb":
        return 0.0, 1.0
    return (0.0, 255.0) if low >= 0 and high <= 255 else (low, high)


def as_pictures(X: NDArray[np.generic], scale: Scale | None) -> NDArray[np.uint8]:
    """Numbers (N, H, W), (N, H, W, C) or (N, C, H, W) as uint8 (N, H, W, C), on white.

    Args:
        X: The pictures; C is 1, 3 or 4.
        scale: Numbers that are black and white; what lies beyond is black or white too. None
            where X is pixels.

    Raises:
        BadItem: Another shape; no finite numbers; no pixels, and no scale to read them by.
    """
    if X.ndim == 3:
        X = X[..., None]
    elif X.ndim == 4 and X.shape[3] not in _COUNTS and X.shape[1] in _COUNTS:
        X = X.transpose(0, 2, 3, 1)
    if X.ndim != 4 or X.shape[3] not in _COUNTS:
        raise BadItem(f"has the shape {X.shape[1:]}, which is no picture")
    if not X.size:
        raise BadItem(f"has no pixels ({X.shape[2]} x {X.shape[1]})")
    items = _pixels(X, scale)
    if items.shape[3] < 4:
        return items
    opacity = items[..., 3:].astype(np.float32) / 255
    return np.rint(items[..., :3] * opacity + 255 * (1 - opacity)).astype(np.uint8)


def _pixels(X: NDArray[np.generic], scale: Scale | None) -> NDArray[np.uint8]:
    if X.dtype.kind not in "biuf" or not np.isfinite(X).all():
        raise BadItem("has values that are not finite numbers")
    if scale is None:
        # Fractions may mean 0 to 1 or 0 to 255: where pixels were learned from, nothing says which.
        if X.dtype.kind not in "iu" or X.min() < 0 or X.max() > 255:
            raise BadItem(f"is {X.dtype} where pixels, whole numbers from 0 to 255, were learned")
        return np.ascontiguousarray(X, dtype=np.uint8)
    low, high = scale
    out = np.empty(X.shape, dtype=np.uint8)
    for i, item in enumerate(X):  # row by row: the whole in float64 could be eight times as large
        shares = (item.astype(np.float64) - low) / ((high - low) or 1.0)
        out[i] = np.rint(255.0 * shares.clip(0.0, 1.0))
    return out


def _channels(item: NDArray[np.generic], channels: int) -> NDArray[np.generic]:
    """Grey (H, W, 1) to colour (H, W, 3) or back."""
    if item.shape[2] == channels:
        return item
    if channels == 3:
        return np.repeat(item, 3, axis=2)
    grey = Pillow.fromarray(np.ascontiguousarray(item, dtype=np.uint8)).convert("L")
    return np.asarray(grey)[..., None]


def _reason(raw: bytes, cause: Exception) -> str:
    """Why `raw` could not be decoded, in words."""
    form = picture_format(raw)
    if isinstance(cause, Pillow.DecompressionBombError):
        return f"is a decompression bomb ({str(cause).split(',')[0].lower()})"
    if isinstance(cause, MemoryError):
        return "needs more memory to decode than there is"
    if form and isinstance(cause, UnidentifiedImageError):
        return f"begins like a {form} picture, but its header is damaged or of a kind not read"
    if form:
        return f"is damaged ({form}: {str(cause) or type(cause).__name__})"
    return f"is not a picture but {other_format(raw)}"


def _turn(picture: Pillow.Image) -> Pillow.Transpose | None:
    """What brings a loaded picture upright by its EXIF orientation; nothing if unreadable."""
    try:
        orientation = picture.getexif().get(_ORIENTATION, 1)
    except (OSError, ValueError, SyntaxError, TypeError, KeyError, struct.error):
        return None
    return _TURNS.get(orientation) if isinstance(orientation, int) else None


def _eight_bits(picture: Pillow.Image) -> NDArray[np.uint8]:
    """NDArray[np.uint8] of a loaded picture: (H, W, 1) for grey modes, (H, W, 3) for the others.

    Raises:
        BadItem: A floating-point picture holds values that are not finite.
    """
    mode = picture.mode
    if mode.startswith("I") or mode == "F":
        return _deep(np.asarray(picture))[..., None]
    if mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in picture.info:
        return _on_white(picture)
    if mode in ("1", "L"):
        return np.array(picture.convert("L"))[..., None]
    return np.array(picture if mode == "RGB" else picture.convert("RGB"))


def _on_white(picture: Pillow.Image) -> NDArray[np.uint8]:
    grey = picture.mode in ("1", "L", "LA", "La")
    clear = picture.convert("RGBA")
    white = Pillow.new("RGBA", clear.size, (255, 255, 255, 255))
    flat = Pillow.alpha_composite(white, clear)
    if grey:
        return np.array(flat.getchannel(0))[..., None]
    return np.array(flat.convert("RGB"))


def _deep(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Scale grey values of more than 8 bits (H, W) to 8 bits.

    Whole numbers are read at the smallest depth that holds the brightest pixel, as 10 to 14 bits
    often lie in 16; fractions are read as 0 to 1 or 0 to 255; all else is stretched.
    """
    values = values.astype(np.float64) if values.dtype.kind != "f" else values
    if not np.isfinite(values).all():
        raise BadItem("has pixels that are not finite numbers")
    low, high = float(values.min()), float(values.max())
    if low < 0:
        return _scaled(values, low, high)
    if values.dtype == np.float32:
        top = 1.0 if high <= 1 else 255.0 if high <= 255 else high
        return _scaled(values, 0.0, top)
    depth = next(bits for bits in _DEPTHS if high < 2**bits)
    return _scaled(values, 0.0, 2.0**depth - 1)


def _scaled(values: NDArray[np.generic], low: float, high: float) -> NDArray[np.uint8]:
    span = high - low or 1.0
    return np.rint((values.astype(np.float64) - low) * (255.0 / span)).astype(np.uint8)
