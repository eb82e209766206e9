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


def by_length(ids: Tensor, work: Callable[[Tensor], Tensor]) -> Tensor:
    """Do `work` on groups of rows of like length, each group cut to its longest row.

    A batch of texts is mostly padding: cut like that it costs a third.

    Args:
        ids: (N, L) symbols or (N, L, W) spelled words.
        work: Groups -> (n, F), or (n, l, F) for every place.

    Returns:
        (N, F), or (N, L, F) with zeros at padding that was cut.
    """
    used, order = filled(ids).sum(1).sort()
    groups = max(1, min(_GROUPS, len(ids) // _LEAST))
    parts = ids[order].tensor_split(groups)
    ends = torch.tensor([len(part) for part in parts]).cumsum(0) - 1
    longest = used[ends.to(used.device)].clamp(min=1).tolist()
    done = [work(part[:, :most]) for part, most in zip(parts, longest, strict=True)]
    if done[0].ndim > 2:
        done = [F.pad(part, (0, 0, 0, ids.shape[1] - part.shape[1])) for part in done]
    back = torch.empty_like(order)
    back[order] = torch.arange(len(order), device=order.device)
    return torch.cat(done)[back]


def highest(x: Tensor, there: Tensor) -> Tensor:
    """The maximum (N, F) of features (N, L, F) over places that are `there` (N, L); 0 for none."""
    least = torch.finfo(x.dtype).min
    found = x.masked_fill(~there[:, :, None], least).amax(1)
    return found.masked_fill(~there.any(1)[:, None], 0.0)


def average(x: Tensor, there: Tensor) -> Tensor:
    """The mean (N, F) of features (N, L, F) over places that are `there` (N, L); 0 for none."""
    weight = there[:, :, None].to(x.dtype)
    return (x * weight).sum(1) / weight.sum(1).clamp(min=1)
