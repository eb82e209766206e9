"""A training worker: its own process with its own share of the machine.

Started as `python -m fivefold.step4_train.worker`. Speaks JSON lines: setup, then tasks on
standard input; progress and outcomes on standard output. What it trains stands in the run folder.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from fivefold.step4_train.work import Trainer


@final
class Stop:
    """Whether to end: after SIGTERM. What Ctrl-C means, the parent decides."""

    def __init__(self) -> None:
        self._asked = False
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._on_signal)

    def __call__(self) -> bool:
        """Asked after every step."""
        return self._asked

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._asked = True


def main() -> None:
    """Answer tasks until standard input ends."""
    stop = Stop()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not pass for an answer
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()
    work = _open(json.loads(lines.get()))
    _answer(answers, {"ready": True})
    while True:
        task = json.loads(lines.get())
        for answer in (_train if task["do"] == "train" else _time)(work, task, stop, answers):
            _answer(answers, answer)
        _answer(answers, {"done": True})


def _listen(lines: queue.SimpleQueue[bytes]) -> None:
    """Hand on what the parent says; without it the process is gone at once, whatever it does.

    Somebody else may already continue the run, so an orphan must not write into it.
    """
    # Unbuffered: the lock of a buffer would be held when the interpreter ends by itself.
    with os.fdopen(os.dup(0), "rb", buffering=0) as parent:
        for line in parent:
            lines.put(line)
    os._exit(1)


def _open(setup: dict[str, Any]) -> Trainer:
    import torch  # noqa: PLC0415 - seconds of import, after SIGTERM is listened to

    from fivefold.step4_train.work import Trainer  # noqa: PLC0415

    torch.set_num_threads(setup["threads"])
    device = torch.device(setup["device"])
    return Trainer.open(Path(setup["run"]), device, lead=setup["lead"])


def _train(
    work: Trainer, task: dict[str, Any], stop: Stop, answers: BinaryIO
) -> Iterator[dict[str, Any]]:
    from fivefold.contracts import saving  # noqa: PLC0415
    from fivefold.contracts.orders import Order  # noqa: PLC0415
    from fivefold.plumbing.files import REFUSED, refusal  # noqa: PLC0415

    def tick(share: float, note: str) -> None:
        _answer(answers, {"share": share, "note": note})

    try:
        work.train(saving.read(Order, task["order"]), tick, stop)
    except REFUSED as cause:  # no fault of this net's
        yield {"refused": refusal(cause), "errno": getattr(cause, "errno", None)}
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
