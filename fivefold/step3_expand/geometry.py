"""Where pixels go: mirror, shift and crop on bytes by index; rotation and zoom on floats.

Axes: N pictures, H W their size, h w the size cut out, C channels.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from fivefold.nets.blocks.pictures import resize
from fivefold.step3_expand.draws import Draws  # noqa: TC001 - one import style per file

# Pictures that share the size of their crop, not its place, are cut and resized at once; many
# batches see every size.
_CROP_GROUPS = 16
_LOG_ASPECT = 0.2877  # log(4/3): crops from 3:4 to 4:3 of the picture's own shape


def gather(batch: Tensor, rows_NH: Tensor, columns_NW: Tensor) -> Tensor:
    """Every picture (N, H, W, C) with its own choice of rows and columns, in one pass.

    One index per pixel moves its C channels together, which is four times faster than indexing
    every channel, and faster than flip, pad and slice one after the other.
    """
    n, height, width, channels = batch.shape
    first = torch.arange(n, device=batch.device)[:, None] * height
    index = ((first + rows_NH) * width)[:, :, None] + columns_NW[:, None, :]
    pixels = batch.reshape(-1, channels).index_select(0, index.view(-1))
    return pixels.view(n, rows_NH.shape[1], columns_NW.shape[1], channels)


def flipped(batch: Tensor, which_N: Tensor, axis: int) -> Tensor:
    """Pictures (N, H, W, C), `which` of them flipped along an axis.

    Whole pictures are picked from both: three times as fast as an index of every pixel.
    """
    both = torch.stack([batch, batch.flip(axis)], 1).flatten(0, 1)
    first = torch.arange(len(batch), device=batch.device) * 2
    return both.index_select(0, first + which_N)


def windows(batch: Tensor, corner_N2: Tensor, size: tuple[int, int]) -> Tensor:
    """Cut one window of `size` (h, w) out of every picture (N, H, W, C), each at its own place.

    Args:
        batch: Pictures.
        corner_N2: Top and left of each window, whole numbers.
        size: (h, w).
    """
    n, height, width, channels = batch.shape
    h, w = size
    if batch.device.type == "cpu":  # copies whole lines, with few calls (lab/LOG.md)
        pictures = batch.numpy()
        cut = np.empty((n, h, w, channels), pictures.dtype)
        for own, picture, (top, left) in zip(cut, pictures, corner_N2.tolist(), strict=True):
            own[:] = picture[top : top + h, left : left + w]
        return torch.from_numpy(cut)
    line = width * channels
    every = batch.contiguous().as_strided(
        (n, height - h + 1, width - w + 1, h, w * channels),
        (height * line, line, channels, line, 1),
    )
    picked = every[torch.arange(n, device=batch.device), *corner_N2.unbind(1)]
    return picked.view(n, h, w, channels)


def random_crops(
    batch: Tensor, least: float, size: tuple[int, ...], draws: Draws, *, alike: int = 1
) -> Tensor:
    """Random resized crops: (N, H, W, C) -> (N, h, w, C).

    Args:
        batch: Bytes.
        least: Smallest share of the area that a crop keeps.
        size: (h, w).
        draws: Where randomness comes from.
        alike: So many pictures in a row are cut alike, as the frames of a clip are.
    """
    n, height, width = len(batch) // alike, *batch.shape[1:3]
    groups = min(n, _CROP_GROUPS)
    area = least + (1 - least) * draws.uniform(groups)
    aspect = torch.exp(_LOG_ASPECT * draws.spread(groups))
    place = draws.uniform(n, 2)
    most = torch.tensor([height, width], device=batch.device)
    wished = torch.stack([(area / aspect).sqrt(), (area * aspect).sqrt()], 1) * most
    sides = torch.minimum(wished.round().clamp(min=1).long(), most)
    clips = batch.unflatten(0, (n, alike)).tensor_split(groups)
    counts = torch.tensor([len(some) for some in clips], device=batch.device)
    room = most - sides.repeat_interleave(counts, 0) + 1
    corners = (place * room).long().repeat_interleave(alike, 0)
    cut, done = [], 0
    for some, (h, w) in zip(clips, sides.tolist(), strict=True):
        pictures = some.flatten(0, 1)
        crops = windows(pictures, corners[done : done + len(pictures)], (h, w))
        cut.append(resize(crops.permute(0, 3, 1, 2), size).permute(0, 2, 3, 1))
        done += len(pictures)
    return torch.cat(cut)


def warp(x: Tensor, matrix_N22: Tensor, offset_N2: Tensor) -> Tensor:
    """Resample pictures (N, C, h, w) along straight lines, reflected at the borders.

    The value at (x, y), counted in pixels from the picture's centre, is taken from
    `matrix @ (x, y) + offset`.
    """
    h, w = x.shape[2:]
    across = torch.arange(w, device=x.device) - (w - 1) / 2
    down = torch.arange(h, device=x.device) - (h - 1) / 2
    # Built by hand: affine_grid multiplies (h w, 3) by (3, 2) and takes longer than the sampling.
    # Filled where it lies: a copy from the host is nothing that a GPU could repeat by itself.
    half = torch.cat([across.new_full((1,), w / 2), down.new_full((1,), h / 2)])
    m = matrix_N22 / half[:, None]
    from_down = m[:, :, 1, None] * down + (offset_N2 / half)[:, :, None]
    from_across = m[:, :, 0, None] * across
    grid = from_down.mT[:, :, None, :] + from_across.mT[:, None, :, :]
    moved = F.grid_sample(x, grid, padding_mode="reflection", align_corners=False)
    return moved.contiguous(memory_format=torch.channels_last)


def rotation(angle_N: Tensor, scale_N: Tensor) -> Tensor:
    """Matrices (N, 2, 2) for `warp` that turn by an angle (radians) and step by `scale`."""
    cos, sin = torch.cos(angle_N) * scale_N, torch.sin(angle_N) * scale_N
    return torch.stack([cos, -sin, sin, cos], 1).view(-1, 2, 2)
