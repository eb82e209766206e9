"""A helper process that speaks JSON lines: asked, answered by, and lost with a reason.

No pickle crosses the pipe. Started with `-P`, so that a json.py that lies among the user's data
is never imported.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from fivefold.plumbing.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path


class ProcessLost(Exception):  # noqa: N818 - an event, told with its reason
    """A helper process ended in the middle of a task; the message says why."""


class JsonProcess:
    """One `python -m module` that reads task lines and writes answer lines.

    Its first line is `setup`; `ready` waits for the answer to it.

    Args:
        module: Module that is run.
        setup: What it needs to know first.
        log: File for what the process writes to standard error.
        environment: Variables set for it beside those of this process.
    """

    def __init__(
        self,
        module: str,
        setup: dict[str, Any],
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._log, self._module = log, module
        # A file, not a pipe: nobody has to empty it while the process runs.
        with log.open("wb") as messages:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=messages,
                env={
                    **os.environ,
                    **(environment or {}),
                    "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                },
            )
        self._tasks = cast("BinaryIO", self._process.stdin)
        self._answers = cast("BinaryIO", self._process.stdout)
        self._setup = setup

    def ready(self, *, wanted: str, hint: str) -> None:
        """Send the setup and wait until the process is there.

        Raises:
            RunError: It does not start; says what was `wanted`, and the `hint`.
        """
        try:
            self._send(self._setup, ())
            self._receive()
        except ProcessLost as lost:
            self.close()
            raise RunError(
                found=f"a process that does not start: {self.last_words() or lost}",
                wanted=wanted,
                hint=hint,
            ) from lost

    def ask(self, task: dict[str, Any], blobs: Sequence[bytes] = ()) -> Iterator[dict[str, Any]]:
        """Give it a task, with bytes that go along, and yield its answers as they come.

        Raises:
            ProcessLost: The process ended before the task did.
        """
        self._send({**task, "lengths": [len(blob) for blob in blobs]}, blobs)
        while "done" not in (answer := self._receive()):
            yield answer

    def terminate(self) -> None:
        """Ask the process to come to an end in its own time (SIGTERM)."""
        self._process.terminate()

    def kill(self) -> None:
        """End the process, whatever it is doing; who waits for an answer gets ProcessLost."""
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

    def why(self, code: int) -> str:
        """Why the process ended with `code`, in words."""
        if code == -signal.SIGKILL:
            return "was killed, most likely by the system for lack of memory"
        if code < 0:
            return f"crashed ({signal.Signals(-code).name})"
        words = self.last_words()
        return f"ended with exit code {code}{': ' + words if words else ''}"

    def messages(self) -> str:
        """What the process wrote to standard error."""
        return self._log.read_text("utf-8", "replace")

    def last_words(self) -> str:
        """The last line of them."""
        lines = self.messages().strip().splitlines()
        return lines[-1].strip() if lines else ""

    def _send(self, line: dict[str, Any], blobs: Sequence[bytes]) -> None:
        try:
            self._tasks.write(json.dumps(line).encode() + b"\n")
            for blob in blobs:
                self._tasks.write(blob)
            self._tasks.flush()
        except (BrokenPipeError, ValueError) as cause:  # the latter: it was closed meanwhile
            raise ProcessLost(self.why(self._process.wait())) from cause

    def _receive(self) -> dict[str, Any]:
        try:
            line = self._answers.readline()
        except ValueError:  # it was closed meanwhile
            line = b""
        if not line.endswith(b"\n"):
            raise ProcessLost(self.why(self._process.wait()))
        return cast("dict[str, Any]", json.loads(line))
