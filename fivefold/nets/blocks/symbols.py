"""Rows of symbols of uneven length: how long each is, groups of like length, pooling over places.

Axes: N rows, L places, W bytes of a word, F features. Symbol 0 is padding; it stands at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

if TYPE_CHECKING:
    from collections.abc import Callable

_GROUPS = 6  # of a batch; more save less padding than their smaller products cost
_LEAST = 8  # rows of a group


def filled(ids: Tensor) -> Tensor:
    """(N, L) bool: which places of symbols (N, L) or spelled words (N, L, W) are no padding."""
    return (ids != 0).flatten(2).any(2) if ids.ndim > 2 else ids != 0


def by_length(
    ids: Tensor,
    work: Callable[[Tensor, Tensor], Tensor],
    read: Callable[[Tensor], Tensor] = Tensor.contiguous,
) -> Tensor:
    """Do `work` on groups of rows of like length, each group cut to its longest row.

    A batch of texts is mostly padding: cut like that it costs a third.

    Args:
        ids: (N, L) symbols or (N, L, W) spelled words.
        work: What was read of a group (n, l, ...), and which places are there (n, l) ->
            (n, F), or (n, l, F) for every place.
        read: Done before on all rows at once, cut to the longest: (N, l) or (N, l, W) ->
            (N, l, ...).

    Returns:
        (N, F), or (N, L, F) with zeros at padding that was cut.
    """
    there = filled(ids)
    used, order = there.sum(1).sort()
    groups = max(1, min(_GROUPS, len(ids) // _LEAST))
    ends = torch.tensor([len(part) for part in order.tensor_split(groups)]).cumsum(0) - 1
    longest = used[ends.to(used.device)].clamp(min=1).tolist()
    x = read(ids[order, : longest[-1]]).tensor_split(groups)
    inside = there[order].tensor_split(groups)
    done = [
        work(part[:, :most], here[:, :most])
        for part, here, most in zip(x, inside, longest, strict=True)
    ]
    if done[0].ndim > 2:
        done = [F.pad(part, (0, 0, 0, ids.shape[1] - part.shape[1])) for part in done]
    back = torch.empty_like(order)
    back[order] = torch.arange(len(order), device=order.device)
    return torch.cat(done)[back]


def beside(x: Tensor, many: int) -> Tensor:
    """Every place with its neighbours, `many` in all: (N, L, F) -> (N, L, many * F).

    A linear layer on that is a convolution; on the CPU it is the faster one where lengths differ
    from batch to batch.
    """
    reach = many // 2
    length = x.shape[1]
    padded = F.pad(x, (0, 0, reach, reach))
    return torch.cat([padded[:, by : by + length] for by in range(many)], 2)


def highest(x: Tensor, there: Tensor) -> Tensor:
    """The maximum (N, F) of features (N, L, F) over places that are `there` (N, L); 0 for none."""
    least = torch.finfo(x.dtype).min
    found = x.masked_fill(~there[:, :, None], least).amax(1)
    return found.masked_fill(~there.any(1)[:, None], 0.0)


def average(x: Tensor, there: Tensor) -> Tensor:
    """The mean (N, F) of features (N, L, F) over places that are `there` (N, L); 0 for none."""
    weight = there[:, :, None].to(x.dtype)
    return (x * weight).sum(1) / weight.sum(1).clamp(min=1)
