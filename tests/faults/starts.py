"""Starts of `fivefold win` that a test follows from step to step and may end at any moment."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
# In their order; each with the words that the screen shows when it begins.
STAGES = {
    "pick": "pick",
    "gather": "gather",
    "expand": "expand",
    "traditional": "train",
    "nets": "plan: ",
    "ensemble": "ensemble",
    "win": "win",
}


def stages_seen(log):
    """The stages that a start has begun so far, as its screen tells."""
    seen = []
    for line in log.read_text(errors="replace").splitlines():
        words = line.split()
        if words[:1] == ["plan:"]:
            seen.append("nets")
        elif len(words) == 3 and words[1] == "s":
            word = {"train": "traditional"}.get(words[2], words[2])
            # The bundle of the opponent alone belongs to its stage.
            if word in STAGES and (word != "ensemble" or "nets" in seen):
                seen.append(word)
    return seen


class Started:
    """A start of the command line in a process group of its own."""

    def __init__(self, pid, log, wait):
        self.pid, self.log, self._wait = pid, log, wait

    def is_over(self):
        """Whether it has ended."""
        try:
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except FileNotFoundError:
            return True

    def reach(self, stage):
        """Wait until a stage, or a later one, has begun; False if the process ended before."""
        order = list(STAGES)
        wanted = set(order[order.index(stage) :])
        while not self.log.exists() or not wanted.intersection(stages_seen(self.log)):
            if self.is_over():
                return False
            time.sleep(0.002)
        return True

    def linger(self, stage, seconds):
        """Wait for `seconds`, but no longer than until the stage is over."""
        order = list(STAGES)
        later = set(order[order.index(stage) + 1 :])
        end = time.monotonic() + seconds
        while time.monotonic() < end and not later.intersection(stages_seen(self.log)):
            time.sleep(0.002)

    def send(self, number):
        """Send a signal to the process alone."""
        os.kill(self.pid, number)

    def kill(self):
        """End it and all it began, at once; whether there was anything left to end."""
        if self.is_over():
            return False
        os.killpg(self.pid, signal.SIGKILL)
        return True

    def end(self):
        """Wait for the end; give the exit code, below zero for a signal."""
        return self._wait()


class Starter:
    """Starts `fivefold` in a folder: as forks of a process that imported all, or as commands."""

    def __init__(self, folder):
        self.folder = folder
        self._logs = 0
        self._server = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("fork_server.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self._environment(),
            text=True,
        )

    def close(self):
        """End the process that forks."""
        self._server.stdin.close()
        self._server.wait()
        self._server.stdout.close()

    def fork(self, *words, cache="cache", signals=()):
        """Begin a command in a fork, which gets `signals` at their steps: (step, number)."""
        log = self._log()
        order = {
            "words": [str(word) for word in words],
            "folder": str(self.folder),
            "cache": str(self.folder / cache),
            "log": str(log),
            "signals": list(signals),
        }
        self._server.stdin.write(json.dumps(order) + "\n")
        self._server.stdin.flush()
        return Started(self._hear("pid"), log, lambda: self._hear("code"))

    def command(self, *words, cache="cache"):
        """Begin a command as a user does, on one core as the forks."""
        log = self._log()
        core = {min(os.sched_getaffinity(0))}
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "fivefold", *map(str, words)],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=self._environment() | {"FIVEFOLD_CACHE": str(self.folder / cache)},
                start_new_session=True,
                preexec_fn=lambda: os.sched_setaffinity(0, core),  # noqa: PLW1509 - no threads here
            )
        return Started(process.pid, log, process.wait)

    def whole(self, *words, code=0, cache="cache", signals=()):
        """A command in a fork, to its end; give what it said."""
        started = self.fork(*words, cache=cache, signals=signals)
        ended = started.end()
        said = started.log.read_text(errors="replace")
        assert ended == code, said
        return said

    def _hear(self, word):
        while True:
            line = self._server.stdout.readline()
            assert line, "the process that forks has ended"
            words = json.loads(line)
            if word in words:
                return words[word]

    def _log(self):
        self._logs += 1
        return self.folder / f"said-{self._logs}.txt"

    def _environment(self):
        kept = {k: v for k, v in os.environ.items() if not k.startswith("FIVEFOLD")}
        return kept | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
