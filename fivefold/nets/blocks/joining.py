"""Parts of rows of several inputs as tensors, and the size at which a net sees a picture of them.

Axes: N rows, B bytes of a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from fivefold.nets.build import intake_of

if TYPE_CHECKING:
    from torch import Tensor

    from fivefold.nets.base import Shape
    from fivefold.plumbing.parts import Part

_SIDE = 64  # pixels of the shorter side of a picture beside other inputs


def part_tensor(x: Tensor, part: Part) -> Tensor:
    """The items (N, *item_shape) of a part of rows (N, B), on their device."""
    dtype = torch.from_numpy(np.empty(0, part.shape["dtype"])).dtype
    flat = x[:, part.begin : part.end].contiguous()  # begins where any type may begin
    return flat.view(dtype).reshape(len(x), *part.item_shape)


def size_of(part: Part) -> Shape:
    """`Recipe.size` of a part: the cheapest of its kind's ladder; a picture's is bounded."""
    item = part.item_shape
    _, size = intake_of(part.kind).ladder(item, (1.0,))[0]
    picture = len(item) == 3 and item[2] in (1, 3) and part.shape["dtype"] == "uint8"
    if size or not picture:
        return size
    shrunk = min(1.0, _SIDE / min(item[:2]))
    return tuple(max(1, round(side * shrunk)) for side in item[:2])
