"""Batches on the device that trains; a GPU keeps all rows where they fit, and picks by itself.

Axes: N rows, n rows of a batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import torch

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from fivefold.contracts.rows import IntArray, Items, Targets

HELD_BYTES = 1 << 30  # of rows, at most; they are brought for each net anew, 150 MB in 20 ms (H100)
HELD_SHARE = 0.2  # of the GPU's free memory, at most
CHUNK_BYTES = 64 << 20  # brought at a time


@final
class Feed:
    """Rows of the cache and their targets, as batches on a device.

    Args:
        rows: (N) rows.
        targets: (N, ...) theirs.
        device: Where batches are wanted.

    Attributes:
        row_bytes: Of one row.
    """

    def __init__(self, rows: Items, targets: Targets, device: torch.device) -> None:
        self._rows, self._targets, self._device = rows, targets, device
        self._held: tuple[Tensor, Tensor] | None = None
        self.row_bytes = rows.take(slice(0, 1)).nbytes
        if device.type == "cuda" and len(rows) and self._fits():
            self._held = self._brought(), torch.tensor(targets, device=device)

    def batch(self, which: IntArray) -> tuple[Tensor, Tensor]:
        """Raw rows (n, *item_shape) and their targets, on the device."""
        if self._held is None:
            return self.send(self._rows.take(which)), self.send(self._targets[which])
        at = self.send(which)
        rows, targets = self._held
        return rows[at], targets[at]

    def send(self, values: np.ndarray) -> Tensor:
        """Values on the device; a GPU at work is not waited for."""
        found = torch.from_numpy(values)
        if self._device.type == "cuda":
            found = found.pin_memory()
        return found.to(self._device, non_blocking=True)

    def _fits(self) -> bool:
        free, _ = torch.cuda.mem_get_info(self._device)
        return len(self._rows) * self.row_bytes <= min(HELD_BYTES, HELD_SHARE * free)

    def _brought(self) -> Tensor:
        """All rows on the device."""
        first = torch.from_numpy(self._rows.take(slice(0, 1)))
        held = first.new_empty((len(self._rows), *first.shape[1:]), device=self._device)
        step = max(1, CHUNK_BYTES // max(1, first.nbytes))
        for start in range(0, len(held), step):
            part = self._rows.take(slice(start, start + step))
            held[start : start + step].copy_(torch.from_numpy(part))
        return held
