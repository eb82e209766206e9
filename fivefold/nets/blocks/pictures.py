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


def reflected(start_N: Tensor, length: int) -> Tensor:
    """Where each of `length` places looks after a shift by `start`, reflected at the borders.

    The border itself is repeated (2 1 | 1 2 3 | 3 2): a sign on an empty ground, shifted by one
    pixel, gets more ground, not a ghost of its own stroke. |start| must not exceed `length`.

    Returns:
        (N, length) whole numbers in 0 .. length - 1.
    """
    at = torch.arange(length, device=start_N.device) + start_N[:, None]
    at = torch.where(at < 0, -1 - at, at)
    return torch.where(at >= length, 2 * length - 1 - at, at)


def views(x: Tensor, *, mirror: bool, shift: int) -> list[Tensor]:
    """The views of a batch whose answers are averaged at test time.

    Args:
        x: (N, C, H, W) float.
        mirror: Add the left-right mirror image of every view.
        shift: Add views moved by `shift` pixels up-left and down-right; 0 for none.

    Returns:
        The batch itself first, then its views, each (N, C, H, W), channels last.
    """
    height, width = x.shape[2:]
    found = [x]
    for step in (shift, -shift) if shift else ():
        start = torch.tensor([step], device=x.device)
        rows, columns = reflected(start, height)[0], reflected(start, width)[0]
        found.append(x.index_select(2, rows).index_select(3, columns))
    if mirror:
        found += [view.flip(3) for view in found]
    return [view.contiguous(memory_format=torch.channels_last) for view in found]
