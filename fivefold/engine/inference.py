"""Answers of a net for rows of the cache, in batches, averaged over test-time views.

Axes: N rows; what follows in answers is the target's own, K classes say.
"""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from fivefold.engine.memory import kept_memory
from fivefold.engine.precision import autocast
from fivefold.engine.recovery import halving

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fivefold.contracts.rows import FloatArray, Items
    from fivefold.nets.base import Net

BATCH = 500  # rows; fewer where memory is short


@torch.inference_mode()
def answer(net: Net, items: np.ndarray, size: tuple[int, ...], names: Sequence[str]) -> Tensor:
    """Answers (N, ...) of raw items (N, *item_shape), averaged over the views named."""
    device = next(net.parameters()).device
    x = torch.from_numpy(items).to(device)
    seen = net.intake.seen(net.intake.plain(x, size), names)
    total: Tensor | None = None
    with autocast(device):
        for view in seen:
            log = net(view).float()
            total = log if total is None else total + log
    assert total is not None  # noqa: S101 - there is always the plain view
    return net.head.probabilities(total / len(seen))


def predict(
    net: Net,
    rows: Items,
    size: tuple[int, ...],
    names: Sequence[str] = (),
    *,
    tick: Callable[[float], None] | None = None,
) -> FloatArray:
    """Answers (N, ...) of rows.

    Args:
        net: Put in evaluation mode here.
        rows: Rows of the cache.
        size: (h, w) at which pictures are judged; () for kinds without a size.
        names: Test-time views: `mirror`, `shift`.
        tick: Called with the share done.
    """
    net.eval()

    def some(start: int, count: int) -> FloatArray:
        items = rows.take(slice(start, start + count))
        return answer(net, items, size, names).cpu().numpy()

    parts: list[FloatArray] = []
    batch, done = BATCH, 0
    # What a single batch frees is soon wanted by nobody.
    with kept_memory() if len(rows) > BATCH else nullcontext():
        while done < len(rows):
            batch, part = halving(partial(some, done), batch)
            parts.append(part)
            done += len(part)
            if tick is not None:
                tick(done / len(rows))
    return np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)
