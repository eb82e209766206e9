"""Input kind `video`: clip files. Axes: F frames, T frames opened, H height, W width, 3 colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import numpy as np
from PIL import Image as Pillow

from fivefold.contracts.roles import InputKind
from fivefold.plumbing.clips import Limits, sampled_frames
from fivefold.plumbing.magic import clip_format

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_FRAMES, _SIDE = 32, 80  # most frames of a cached clip, most pixels of their shorter side
_LEAST_FRAMES, _LEAST_SIDE = 8, 48  # where a cache is short of room
_SHOWN = 4  # frames of the strip that shows a clip


@final
class Video(InputKind):
    """Clip files -> uint8 (F, H, W, 3): frames spread evenly over the whole clip.

    So a clip is a clip of F frames however long it is; frames of a short one are repeated. All of
    a frame stays in view: it is squeezed into the cached aspect, which is the median one.

    Args:
        limits: What is taken of a clip, and what is refused.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()

    def recognise(self, name: str, head: bytes) -> bool:  # noqa: ARG002 - names lie
        """Whether the first bytes are those of a container of moving pictures."""
        return bool(clip_format(head))

    def open(self, raw: bytes) -> NDArray[np.generic]:
        """Decode up to 32 frames (T, H, W, 3), evenly spread, upright, in uint8.

        Raises:
            BadItem: It is no clip, has no pictures, is damaged, cut off or too large.
        """
        return sampled_frames(raw, self.limits)

    def learn(self, samples: Sequence[NDArray[np.generic]]) -> dict[str, Any]:
        """Shape of the cache: the median number of frames, short side and aspect.

        At most 32 frames of a short side of 80 pixels and an aspect between 1:2 and 2:1: a clip
        takes 1.2 MB or less.
        """
        frames, heights, widths = np.array([one.shape[:3] for one in samples], dtype=float).T
        short = min(float(np.median(np.minimum(heights, widths))), _SIDE)
        aspect = float(np.clip(np.median(widths / heights), 0.5, 2.0))
        return {
            "item_shape": [
                int(np.clip(np.median(frames), 1, _FRAMES)),
                max(round(short * max(1.0, 1.0 / aspect)), 1),
                max(round(short * max(1.0, aspect)), 1),
                3,
            ],
            "dtype": "uint8",
        }

    def fit(self, item: NDArray[np.generic], shape: dict[str, Any]) -> NDArray[np.generic]:
        """Choose frames at even places and resize them with antialiasing, in uint8."""
        frames, height, width, _ = shape["item_shape"]
        chosen = item[np.linspace(0, len(item) - 1, frames).round().astype(int)]
        if chosen.shape[1:3] == (height, width):
            return chosen
        way = Pillow.Resampling.BICUBIC
        pictures = (Pillow.fromarray(np.ascontiguousarray(frame, np.uint8)) for frame in chosen)
        return np.stack([np.asarray(picture.resize((width, height), way)) for picture in pictures])

    def length(self, sides: tuple[int, ...], shape: dict[str, Any]) -> tuple[float, str]:
        """Frames that were opened: those of a short clip, 32 of a longer one."""
        del shape
        return float(sides[0]), "frames taken"

    def smaller(self, shape: dict[str, Any], share: float) -> dict[str, Any] | None:
        """Fewer pixels down to a short side of 48, then fewer frames down to 8."""
        frames, height, width, colours = shape["item_shape"]
        scale = min(1.0, max(share**0.5, _LEAST_SIDE / min(height, width)))
        kept = min(frames, max(_LEAST_FRAMES, int(frames * min(1.0, share / scale**2))))
        sides = [max(1, int(scale * side)) for side in (height, width)]
        less = [kept, *sides, colours]
        return None if less == shape["item_shape"] else {**shape, "item_shape": less}

    def tell(self, shape: dict[str, Any]) -> tuple[str, ...]:
        """How much of a clip is read."""
        frames, height, width, _ = shape["item_shape"]
        return (
            f"clips are read as {frames} frames of {width} x {height}, spread over their length",
        )

    def show(
        self,
        item: NDArray[np.generic],
        shape: dict[str, Any],  # noqa: ARG002 - clips show themselves
    ) -> NDArray[np.uint8]:
        """Four frames from the first to the last, two by two, read like text."""
        four = item[np.linspace(0, len(item) - 1, _SHOWN).round().astype(int)].astype(np.uint8)
        return np.vstack([np.hstack(four[:2]), np.hstack(four[2:])])
