"""What processes that train one net together tell one another while they do.

Weights stay equal to the bit on all of them: they begin as those of the first process, gradients
come out of every sum as the same bits, and every process makes the same step with them. Batch
norms normalise by the rows of their own process, as in torch's DistributedDataParallel; their
running statistics are averaged after every step, in the same message as the gradients.

Axes: n rows; what follows in answers is the target's own.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, final

import numpy as np
import torch
import torch.distributed as dist
from safetensors.torch import load, save
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from fivefold.contracts.rows import FloatArray, IntArray

    Parts = tuple[dict[str, Tensor], dict[str, Any]]

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
MESSAGE = 2**25  # numbers summed at a time: 128 MB of float32


class CutOffError(Exception):
    """Another process does not answer any more; it has left, or is gone."""


@final
class Together:
    """The peers of a net in training, in the sense of `engine.peers`.

    Args:
        rank: Number of this process.
        size: Number of processes.

    Attributes:
        channel: What they talk over; None between two meetings.
    """

    def __init__(self, rank: int, size: int) -> None:
        self.rank, self.size = rank, size
        self.channel: dist.ProcessGroup | None = None

    def seed(self, seed: int) -> int:
        """A seed of this process's own; the first one keeps `seed`."""
        if self.rank == 0:
            return seed
        (own,) = np.random.SeedSequence((seed, self.rank)).generate_state(1, np.uint64)
        return int(own >> 2)  # torch takes 63 bits, and there is room for a neighbour

    def share(self, which: IntArray) -> IntArray:
        """The part of a batch (n,) of this process: every `size`-th row, for they come sorted."""
        return which[self.rank :: self.size]

    def spread(self, work: Callable[[IntArray], FloatArray], rows: IntArray) -> FloatArray:
        """`work(rows)`, (n, ...), of which each process does a part; every row is done once."""
        parts = np.array_split(rows, self.size)
        own = work(parts[self.rank]) if len(parts[self.rank]) else np.zeros((0, 0), np.float32)
        # The first process has a row if anyone has, so it knows the shape of an answer.
        (axes,) = self.agree(own.ndim - 1)
        known = own.shape[1:] if own.ndim == axes + 1 else (0,) * int(axes)
        shape = tuple(int(side) for side in self.agree(*known))
        joined = []
        for rank, part in enumerate(parts):
            answers = torch.empty(len(part), *shape)
            if len(part) and rank == self.rank:
                answers.copy_(torch.from_numpy(own))
            if len(part):
                self._broadcast(answers, rank)
            joined.append(answers.numpy())
        return np.concatenate(joined)

    def agree(self, *values: float) -> tuple[float, ...]:
        """The `values` that the first process has."""
        told = torch.tensor(values, dtype=torch.float64)
        self._broadcast(told)
        return tuple(told.tolist())

    def combine(self, net: nn.Module, loss: Tensor, share: float) -> Tensor:
        """Sum gradients and `loss` over all processes, average the statistics of batch norms."""
        norms = (m for m in net.modules() if isinstance(m, NORMS))
        found = (b for m in norms for b in (m.running_mean, m.running_var))
        statistics = [b for b in found if b is not None]
        for buffer in statistics:
            buffer.mul_(share)
        gradients = [p.grad for p in net.parameters() if p.grad is not None]
        total = loss.clone()
        for tensors in _messages([total, *gradients, *statistics]):
            self._sum(tensors)
        return total

    def level(self, tensors: Iterable[Tensor]) -> None:
        """Set tensors to the values that the first process has."""
        for tensor in tensors:
            plain = tensor.contiguous()
            self._broadcast(plain)
            tensor.copy_(plain)

    def hand_out(self, parts: Parts | None) -> Parts | None:
        """The `parts` that the first process has; tensors in host memory."""
        tensors, told = parts or ({}, None)
        told = json.loads(self._bytes(json.dumps(told).encode()))
        if told is None:
            return None
        blob = self._bytes(save(tensors) if self.rank == 0 else b"")
        return (tensors if self.rank == 0 else load(blob)), told

    def _bytes(self, blob: bytes) -> bytes:
        (length,) = self.agree(len(blob))
        told = torch.empty(int(length), dtype=torch.uint8)
        if self.rank == 0:
            told.copy_(torch.frombuffer(bytearray(blob), dtype=torch.uint8))
        self._broadcast(told)
        return told.numpy().tobytes()

    def _broadcast(self, tensor: Tensor, rank: int = 0) -> None:
        with _cut_off():
            dist.broadcast(tensor, rank, group=self.channel)

    def _sum(self, tensors: list[Tensor]) -> None:
        whole = torch.cat([t.reshape(-1) for t in tensors])
        with _cut_off():
            dist.all_reduce(whole, group=self.channel)
        parts = torch.split(whole, [t.numel() for t in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view(tensor.shape))


@contextmanager
def _cut_off() -> Iterator[None]:
    try:
        yield
    except RuntimeError as cause:
        raise CutOffError(str(cause).partition("\n")[0]) from cause


def _messages(tensors: list[Tensor]) -> list[list[Tensor]]:
    """Tensors in their order, as many at a time as make a message of about `MESSAGE` numbers."""
    messages: list[list[Tensor]] = [[]]
    numbers = 0
    for tensor in tensors:
        if numbers > MESSAGE:
            messages.append([])
            numbers = 0
        messages[-1].append(tensor)
        numbers += tensor.numel()
    return messages
