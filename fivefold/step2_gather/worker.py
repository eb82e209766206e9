"""A decoding worker: its own process, so that a decoder that crashes or hangs takes no run along.

Started as `python -m fivefold.step2_gather.worker`. Speaks JSON lines: a task line on standard
input is followed by the raw bytes of its items; answers are lines on standard output. No torch.
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, final

from fivefold.plumbing.guarded import guarded
from fivefold.step2_gather.item import ItemWriter

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from fivefold.contracts.roles import InputKind

# Opened items that are held at once while the shape is learned.
_SAMPLE_BYTES = 256 << 20


@final
class TimeLimit:
    """Ends this process when one item takes longer than `seconds`.

    The timer is the interpreter's own watchdog thread: it also fires when a decoder never gives
    the interpreter lock back, and when the parent is gone.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        # Setting the timer starts a thread: done for each of 4,000 items a second it would show.
        self._slack = min(1.0, seconds / 4)
        self._set = float("-inf")

    def item_begins(self) -> None:
        """Give the next item its time."""
        now = time.monotonic()
        if now - self._set > self._slack:
            faulthandler.dump_traceback_later(self._seconds + self._slack, exit=True)
            self._set = now

    def rest(self) -> None:
        """Stop the timer while there is nothing to do."""
        faulthandler.cancel_dump_traceback_later()
        self._set = float("-inf")


def main() -> None:
    """Answer tasks until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a decoder prints must not pass for an answer
    _limit_memory()
    setup = json.loads(sys.stdin.buffer.readline())
    module, _, name = setup["place"].partition(":")
    kind: InputKind = getattr(importlib.import_module(module), name)()
    limit = TimeLimit(setup["item_seconds"])
    _answer(answers, {"ready": True})
    for line in sys.stdin.buffer:
        task = json.loads(line)
        blobs = [sys.stdin.buffer.read(length) for length in task["lengths"]]
        for answer in (learn if task["do"] == "learn" else decode)(kind, task, blobs, limit):
            _answer(answers, answer)
        limit.rest()
        _answer(answers, {"done": True})


def learn(
    kind: InputKind,
    task: dict[str, Any],  # noqa: ARG001 - one form for all tasks
    blobs: list[bytes],
    limit: TimeLimit,
) -> Iterator[dict[str, Any]]:
    """Open a sample and choose the cached shape: `{"shape": ...}`, None where nothing opens.

    One `{"opened": position}` per item comes before, so that the parent knows where it ended.
    """
    opened: list[NDArray[np.generic]] = []
    held = 0
    for position, raw in enumerate(blobs):
        if held > _SAMPLE_BYTES:
            break
        limit.item_begins()
        item, reason = guarded(kind.open, raw)
        if item is not None:
            opened.append(item)
            held += item.nbytes
        yield {"opened": position, "reason": reason}
    limit.rest()  # what is learned of many items is not held against the last one
    yield {"shape": kind.learn(opened) if opened else None}


def decode(
    kind: InputKind, task: dict[str, Any], blobs: list[bytes], limit: TimeLimit
) -> Iterator[dict[str, Any]]:
    """Decode items into the cache: `{"row", "reason"}` per bad one, `{"disk"}` if it is full."""
    with ItemWriter(kind, task["shape"], Path(task["folder"])) as writer:
        for row, raw in zip(task["rows"], blobs, strict=True):
            limit.item_begins()
            opened, reason = guarded(writer.opened, raw)
            if opened is None:
                yield {"row": row, "reason": reason}
            try:
                if opened is None:
                    writer.bad(row, raw)
                else:
                    writer.good(row, raw, opened)
            except OSError as cause:
                yield {"disk": cause.strerror or str(cause)}
                return


def _answer(answers: BinaryIO, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer).encode() + b"\n")
    answers.flush()


def _limit_memory() -> None:
    """Let one greedy item fail here rather than have the system kill the largest process."""
    if sys.platform != "linux":
        return
    import resource  # noqa: PLC0415 - not on every system

    half = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard == resource.RLIM_INFINITY or half < hard:
        resource.setrlimit(resource.RLIMIT_DATA, (half, hard))


if __name__ == "__main__":
    main()
