"""One decoding worker as the parent sees it: asked, answered by, and lost with a reason."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any, BinaryIO, cast, final

from fivefold.plumbing.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


class WorkerLost(Exception):  # noqa: N818 - an event, told with its reason
    """A worker process ended in the middle of a task; the message says why."""


@final
class Worker:
    """One decoding process.

    Args:
        place: `module:Class` of the input kind.
        item_seconds: Time limit of one item.
        log: File for what the process writes to standard error.

    Raises:
        RunError: It does not start.
    """

    def __init__(self, place: str, item_seconds: float, log: Path) -> None:
        self._seconds = item_seconds
        self._log = log
        # A file, not a pipe: nobody has to empty it while the worker runs.
        with log.open("wb") as messages:
            self._process = subprocess.Popen(
                # -P: a json.py that lies among the user's data must not be imported.
                [sys.executable, "-P", "-m", "fivefold.step2_gather.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=messages,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        self._tasks = cast("BinaryIO", self._process.stdin)
        self._answers = cast("BinaryIO", self._process.stdout)
        try:
            self._send({"place": place, "item_seconds": item_seconds}, ())
            self._receive()
        except WorkerLost as lost:
            self.close()
            raise RunError(
                found=f"a decoding process that does not start: {self._last_words() or lost}",
                wanted=f"one that runs {sys.executable} and imports {place}",
                hint="install fivefold anew, with the extra that this kind of input needs",
            ) from lost

    def ask(self, task: dict[str, Any], blobs: Sequence[bytes]) -> Iterator[dict[str, Any]]:
        """Give it a task with the bytes of its items and yield its answers as they come.

        Raises:
            WorkerLost: The process ended before the task did.
        """
        self._send({**task, "lengths": [len(blob) for blob in blobs]}, blobs)
        while "done" not in (answer := self._receive()):
            yield answer

    def kill(self) -> None:
        """End the process, whatever it is doing; who waits for an answer gets WorkerLost."""
        self._process.kill()

    def close(self) -> None:
        """End the process and wait until it is gone."""
        self.kill()
        self._process.wait()
        self._answers.close()
        try:
            self._tasks.close()
        except BrokenPipeError:
            return  # what was left to send has nobody to go to

    def _send(self, line: dict[str, Any], blobs: Sequence[bytes]) -> None:
        try:
            self._tasks.write(json.dumps(line).encode() + b"\n")
            for blob in blobs:
                self._tasks.write(blob)
            self._tasks.flush()
        except BrokenPipeError as cause:
            raise WorkerLost(self._why()) from cause

    def _receive(self) -> dict[str, Any]:
        line = self._answers.readline()
        if not line.endswith(b"\n"):
            raise WorkerLost(self._why())
        return cast("dict[str, Any]", json.loads(line))

    def _why(self) -> str:
        code = self._process.wait()
        if code == 1 and "Timeout (" in self._messages():
            return f"takes longer than {self._seconds:g} s to decode"
        if code == -signal.SIGKILL:
            return "made the system kill the decoder, most likely for lack of memory"
        if code < 0:
            return f"crashes the decoder ({signal.Signals(-code).name})"
        words = self._last_words()
        return f"ends the decoder (exit code {code}{': ' + words if words else ''})"

    def _last_words(self) -> str:
        lines = self._messages().strip().splitlines()
        return lines[-1].strip() if lines else ""

    def _messages(self) -> str:
        return self._log.read_text("utf-8", "replace")
