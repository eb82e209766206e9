"""The run on disk: one folder that is begun, continued after a kill, and finished."""

from __future__ import annotations

import os
import platform
import re
import shutil
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, final

from fivefold.plumbing.errors import OptionError, RunError
from fivefold.plumbing.files import (
    REFUSED,
    is_temporary,
    printable,
    read_json,
    refusal,
    remove_temporaries,
    write_json,
)
from fivefold.plumbing.lock import InUse, Lock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fivefold.plumbing.clock import Clock

HEARTBEAT = 1.0  # seconds between two notes of the time used
LOCK = "lock"  # file that one process holds while it works on the run
Status = Literal["running", "done", "interrupted"]


@final
class RunFolder:
    """Remembers what a run was asked, how much time it used and how far it came.

    Args:
        path: The folder.
        facts: What `run.json` holds: `asked`, `used_s`, `status`, `phases`.
        lock: Keeps other processes out until `release`.
        made: Folders that were made for the run, the innermost first.

    Attributes:
        url: Where the folder is mirrored to; None for one that stays here.
    """

    url: str | None = None

    def __init__(
        self, path: Path, facts: dict[str, Any], lock: Lock, made: tuple[Path, ...] = ()
    ) -> None:
        self.path = path
        self.facts = facts
        self._lock = lock
        self._made = made
        self._noted_at = 0.0

    @classmethod
    def begin(cls, path: Path, asked: dict[str, Any]) -> RunFolder:
        """Make a new run folder.

        Raises:
            OptionError: Something lies there already.
            RunError: It cannot be written, or another process is about to.
        """
        if not is_free(path):
            raise OptionError(
                found=f"{printable(str(path))} is {'not empty' if path.is_dir() else 'a file'}",
                wanted="a new folder for the run",
                hint="continue that run with --resume, or give another --out"
                if (path / "run.json").exists()
                else "give another --out: what lies there is no run",
            )
        made = tuple(folder for folder in (path, *path.parents) if not folder.exists())
        with writing(path):
            path.mkdir(parents=True, exist_ok=True)
        facts = {"asked": asked, "used_s": 0.0, "status": "running", "phases": []}
        run = cls(path, facts, _locked(path), made)
        try:
            with writing(path):
                remove_temporaries(path)
                write_json(path / "run.json", run.facts)
        except RunError:
            run.discard()
            raise
        return run

    @classmethod
    def resume(cls, path: Path) -> RunFolder:
        """Open a run that was begun before; what a kill left half written is removed.

        Raises:
            RunError: There is none, it is not whole, or another process works on it.
        """
        _facts(path)  # where no run is, no lock is left
        lock = _locked(path)
        try:
            run = cls(path, _facts(path), lock)  # as its last holder left it
        except RunError:
            lock.release()
            raise
        if not run.done:
            with writing(path):
                remove_temporaries(path)
        if run.facts["status"] == "running":
            run.facts["ended_early"] = run.ended_early + 1
        return run

    @property
    def trouble(self) -> str:
        """Why the folder could not be locked; empty where it is."""
        return self._lock.trouble

    def release(self) -> None:
        """Let other processes work on the run."""
        self._lock.release()

    @property
    def used(self) -> float:
        """Seconds that earlier sittings used."""
        return float(self.facts["used_s"])

    @property
    def ended_early(self) -> int:
        """How often the run was ended without a word: by a kill, a crash or an error."""
        return int(self.facts.get("ended_early", 0))

    @property
    def done(self) -> bool:
        """Whether the run came to its end, report included."""
        return self.facts["status"] == "done"

    def discard(self) -> None:
        """Take away a run that came to nothing: `run.json`, and the folders made for it.

        A run that learned something stays: it has more than `run.json` and decoded arrays.
        """
        with suppress(OSError):
            if {file.name for file in self.path.iterdir()} <= {"run.json", "cache", LOCK}:
                shutil.rmtree(self.path / "cache", ignore_errors=True)
                (self.path / "run.json").unlink(missing_ok=True)
                self.release()
                for folder in self._made:
                    folder.rmdir()

    def beat(self, clock: Clock, *, status: Status = "running", force: bool = False) -> None:
        """Note the time used, at most once a second unless forced."""
        now = time.monotonic()
        if not force and now - self._noted_at < HEARTBEAT:
            return
        self._noted_at = now
        self.facts |= {"used_s": round(clock.used(), 2), "status": status}
        with writing(self.path):
            write_json(self.path / "run.json", self.facts)

    @contextmanager
    def phase(self, name: str, clock: Clock) -> Iterator[None]:
        """Note how long a phase of the run took."""
        start = clock.used()
        yield
        self.spent(name, clock.used() - start)
        self.beat(clock, force=True)

    def spent(self, name: str, took: float) -> None:
        """Add `took` seconds to a phase; its sittings are added up."""
        phases: list[list[Any]] = self.facts["phases"]
        known = next((p for p in phases if p[0] == name), None)
        if known is None:
            phases.append([name, took])
        else:
            known[1] += took

    def phases(self) -> tuple[tuple[str, float], ...]:
        """(name, seconds) so far."""
        return tuple((str(name), float(took)) for name, took in self.facts["phases"])


def default_path(name: str) -> Path:
    """`runs/NAME`, or the next free `runs/NAME-2`."""
    return next(path for path in _numbered(name) if not path.exists())


def begun(name: str) -> list[tuple[Path, dict[str, Any]]]:
    """The runs at default paths of that name and what each was asked, the newest first."""
    runs = [path for path in _numbered(name) if (path / "run.json").exists()]
    runs.sort(key=lambda path: (path / "run.json").stat().st_mtime, reverse=True)
    found = []
    for path in runs:
        with suppress(RunError):  # a damaged one keeps no other from going on
            found.append((path, _facts(path)["asked"]))
    return found


def _numbered(name: str) -> list[Path]:
    stem = re.sub(r"[^\w.-]+", "-", printable(name)).strip("-.") or "data"
    root = Path(os.environ.get("FIVEFOLD_RUNS", "runs"))
    return [root / stem, *(root / f"{stem}-{i}" for i in range(2, 10_000))]


def refuse_inside(data: Path, out: Path) -> None:
    """Keep what is written out of the data: the next run would take it for raw items.

    Raises:
        OptionError: `out` lies in the folder `data`.
    """
    if data.is_dir() and out.resolve().is_relative_to(data.resolve()):
        raise OptionError(
            found=f"{printable(str(out))}, which lies inside the data",
            wanted="a place outside, where it is not taken for raw items",
            hint="give another place with --out",
        )


def is_free(path: Path) -> bool:
    """Whether nothing lies at `path`, or only what a run leaves that was killed as it began.

    Raises:
        RunError: No file system can hold such a name, or the folder cannot be read.
    """
    with writing(path):
        if not path.exists():
            return True
        if not path.is_dir():
            return False
        return all(file.name == LOCK or is_temporary(file.name) for file in path.iterdir())


def _locked(path: Path) -> Lock:
    try:
        return Lock(path / LOCK, f"process {os.getpid()} on {platform.node()}")
    except InUse as cause:
        raise RunError(
            found=f"{printable(str(path))}, on which another process works ({cause})",
            wanted="a run that nobody works on",
            hint="wait until that process ends or stop it, or begin another run with --out",
        ) from cause


def _facts(path: Path) -> dict[str, Any]:
    """What `run.json` holds, if it is whole."""
    try:
        facts: dict[str, Any] = read_json(path / "run.json")
        _ = facts["asked"], facts["used_s"], facts["status"], facts["phases"]
    except (OSError, ValueError, KeyError, TypeError) as cause:
        raise RunError(
            found=f"no run in {printable(str(path))}",
            wanted="a folder in which fivefold win was begun",
            hint="leave out --resume to begin one",
        ) from cause
    return facts


@contextmanager
def writing(path: Path, *, hint: str = "give another place with --out") -> Iterator[None]:
    """What the disk refuses while in here is one clear line about `path`, ending with `hint`.

    Raises:
        RunError: The disk is full, a file cannot be read or written, or one is gone.
    """
    new = not os.path.lexists(path)
    try:
        yield
    except REFUSED as cause:
        why, where = refusal(cause)
        gone = isinstance(cause, FileNotFoundError)
        if gone and new and Path(where or path).parent in path.parents:
            gone, why = False, "cannot be made there"  # as /proc says that it holds no such thing
        raise RunError(
            found=f"{printable(str(where or path))}: {why}",
            wanted="files that stay where they are during a run"
            if gone
            else "a folder that can be written, on a disk with room",
            hint="give the same command again" if gone else hint,
        ) from cause
