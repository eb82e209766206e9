"""Pictures as nets take them: from the cache's bytes to floats, and the views that are averaged.

Axes: N pictures, H W raw size, h w wanted size, C channels. Values stay in the raw scale 0..255.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def resize(x: Tensor, size: tuple[int, ...]) -> Tensor:
    """Resize (N, C, H, W) to `size` (h, w), averaging where it shrinks; same dtype on the CPU."""
    if tuple(x.shape[2:]) == tuple(size):
        return x
    # The CPU resizes bytes three to ten times faster than floats; CUDA has no kernel for bytes.
    x = x if x.device.type == "cpu" else x.float()
    return F.interpolate(x, tuple(size), mode="bilinear", antialias=True)


def plain(batch: Tensor, size: tuple[int, ...]) -> Tensor:
    """Cached rows without any change but size: the path of inference.

    Args:
        batch: (N, H, W, C) uint8.
        size: (h, w).

    Returns:
        (N, C, h, w) float32 in 0..255, channels last in memory.
    """
    x = resize(batch.permute(0, 3, 1, 2), size)
    return x.to(torch.float32, memory_format=torch.channels_last)


def views(x: Tensor, *, mirror: bool, shift: int) -> list[Tensor]:
    """The views of a batch whose answers are averaged at test time.

    Args:
        x: (N, C, H, W) float.
        mirror: Add the left-right mirror image of every view.
        shift: Add views moved by `shift` pixels up-left and down-right; 0 for none.

    Returns:
        The batch itself first, then its views, each (N, C, H, W).
    """
    found = [x]
    if shift:
        height, width = x.shape[2:]
        padded = F.pad(x, (shift,) * 4, mode="reflect")
        for start in (0, 2 * shift):
            found.append(padded[:, :, start : start + height, start : start + width])
    if mirror:
        found += [view.flip(3) for view in found]
    return [view.contiguous(memory_format=torch.channels_last) for view in found]
