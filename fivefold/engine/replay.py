"""Work that a GPU does again and again by itself, from one recording (CUDA graphs).

A step of a small net is hundreds of short kernels, each of which a GPU ends before Python has
ordered the next one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import torch
from torch import Generator, Tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

Tensors = tuple[Tensor, ...]

WARM = 3  # calls that find out how to compute, the last one how much memory that takes
# Times that memory has to be free: a recording that fails leaves what it took in use for good, and
# others on the same GPU may record at the same moment.
ROOM = 5.0
MOST = 8  # recordings, each of which waits for the GPU; what keeps changing is told step by step


@dataclass(frozen=True, kw_only=True, slots=True)
class _Recording:
    """What a graph reads and writes, at addresses that are its own."""

    given: Tensors
    result: Tensors
    graph: torch.cuda.CUDAGraph


@final
class Replay:
    """Work that is recorded once and replayed for as long as what it is called with stays alike.

    Args:
        *generators: Of its randomness, beside torch's own.
    """

    def __init__(self, *generators: Generator) -> None:
        self._generators = generators
        self._key: Hashable = None
        self._calls = self._recordings = 0
        self._recording: _Recording | None = None
        self._needed = 0  # bytes

    def __call__(
        self, work: Callable[..., Tensors], given: Tensors, *settings: Hashable
    ) -> Tensors:
        """What `work(given, *settings)` gives, where it will stand until the next call.

        Args:
            work: The same at every call. With the same settings and shapes it does the same
                operations, and never looks at a value; what else it reads or writes stays where it
                is, or is told among the settings. It may be begun and not done.
            given: Copied to where the recording reads them.
            settings: What makes another recording necessary where it changes.
        """
        key = (settings, tuple(x.shape for x in given))
        if key != self._key:
            self._key, self._calls, self._recording = key, 0, None
        self._calls += 1
        if self._calls == WARM:
            return self._measured(work, given, *settings)
        if self._recording is None:
            if self._calls < WARM or self._recordings == MOST or not self._has_room():
                return work(given, *settings)
            self._recording = self._record(work, given, *settings)
        for own, x in zip(self._recording.given, given, strict=True):
            own.copy_(x)
        self._recording.graph.replay()
        return self._recording.result

    def _measured(
        self, work: Callable[..., Tensors], given: Tensors, *settings: Hashable
    ) -> Tensors:
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        result = work(given, *settings)
        self._needed = torch.cuda.max_memory_allocated() - before
        return result

    def _has_room(self) -> bool:
        free, _ = torch.cuda.mem_get_info()
        unused = torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
        return free + unused >= ROOM * self._needed

    def _record(
        self, work: Callable[..., Tensors], given: Tensors, *settings: Hashable
    ) -> _Recording:
        self._recordings += 1
        own, graph = tuple(x.clone() for x in given), torch.cuda.CUDAGraph()
        for generator in self._generators:
            graph.register_generator_state(generator)
        # Other threads, one that draws a bar say, may call the GPU meanwhile.
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            result = work(own, *settings)
        return _Recording(given=own, result=result, graph=graph)
