"""A training worker: its own process with its own share of the machine.

Started as `python -m fivefold.step4_train.worker`. Speaks JSON lines: setup, then tasks on
standard input; progress and outcomes on standard output. What it trains stands in the run folder.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from fivefold.step4_train.work import Trainer


@final
class Stop:
    """Whether to end: after SIGTERM. Without its parent the process is gone at once.

    Somebody else may already continue the run, so an orphan must not write a checkpoint.
    """

    def __init__(self) -> None:
        self._asked = False
        self._parent = os.getppid()
        signal.signal(signal.SIGTERM, self._on_signal)

    def __call__(self) -> bool:
        """Asked after every step."""
        if os.getppid() != self._parent:
            os._exit(1)
        return self._asked

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._asked = True


def main() -> None:
    """Answer tasks until standard input ends."""
    stop = Stop()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not pass for an answer
    setup = json.loads(sys.stdin.buffer.readline())
    work = _open(setup)
    _answer(answers, {"ready": True})
    for line in sys.stdin.buffer:
        task = json.loads(line)
        for answer in (_train if task["do"] == "train" else _time)(work, task, stop, answers):
            _answer(answers, answer)
        _answer(answers, {"done": True})


def _open(setup: dict[str, Any]) -> Trainer:
    import torch  # noqa: PLC0415 - seconds of import, after SIGTERM is listened to

    from fivefold.step4_train.work import Trainer  # noqa: PLC0415

    torch.set_num_threads(setup["threads"])
    return Trainer.open(Path(setup["run"]), torch.device(setup["device"]))


def _train(
    work: Trainer, task: dict[str, Any], stop: Stop, answers: BinaryIO
) -> Iterator[dict[str, Any]]:
    from fivefold.contracts import saving  # noqa: PLC0415
    from fivefold.contracts.orders import Order  # noqa: PLC0415

    def tick(share: float, note: str) -> None:
        _answer(answers, {"share": share, "note": note})

    try:
        work.train(saving.read(Order, task["order"]), tick, stop)
    except Exception as cause:  # noqa: BLE001 - whatever one net dies of, the others go on
        yield {"failed": f"{type(cause).__name__}: {cause}"}


def _time(
    work: Trainer, task: dict[str, Any], stop: Stop, answers: BinaryIO
) -> Iterator[dict[str, Any]]:
    from fivefold.contracts import saving  # noqa: PLC0415
    from fivefold.contracts.records import Recipe  # noqa: PLC0415

    del stop, answers  # one form for all tasks
    recipe = saving.read(Recipe, task["recipe"])
    yield {"rows_per_second": work.rows_per_second(recipe, seconds=task["seconds"])}


def _answer(answers: BinaryIO, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer).encode() + b"\n")
    answers.flush()


if __name__ == "__main__":
    main()
